"""The game as on AWS: a page on https, and the example's game server with its own certificate."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from playwright.sync_api import Browser

from tests.browser.game_page import USER, GamePage, new_context, open_game
from tests.browser.site import open_site
from tests.support.certificates import Certificate, make_certificate
from tests.support.chromium import open_chromium
from tests.support.paths import EXAMPLE

pytestmark = pytest.mark.chromium_only("its browser trusts certificates by their keys")
ROOT_DOMAIN = "hippo.test"
HOST = f"{USER}.{ROOT_DOMAIN}"
SERVER = EXAMPLE / "App" / "server.py"
PATIENCE = 20.0


@dataclass
class Server:
    """The example's game server as a separate program, which reads its certificate from a bucket."""

    port: int
    put: Callable[[Certificate], None]

    @property
    def url(self) -> str:
        """The address for participants."""
        return f"wss://{HOST}:{self.port}"

    def renew(self, certificate: Certificate) -> None:
        """Store another certificate in the bucket, and wait until new connections get it."""
        self.put(certificate)
        wait_until(lambda: self.serves(certificate), lambda: "the renewed certificate is not served")

    def serves(self, certificate: Certificate) -> bool:
        """Return whether a new connection gets this certificate, trusted and for this name."""
        trust = ssl.create_default_context(cadata=certificate.chain.decode())
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain,
                trust.wrap_socket(plain, server_hostname=HOST) as secured,
            ):
                peer: Any = secured.getpeercert()
                return int(peer["serialNumber"], 16) == certificate.serial
        except (ssl.SSLError, OSError):
            return False


@pytest.fixture(scope="module")
def certificates() -> list[Certificate]:
    """Create the certificate of the game servers, its renewed successor, and one that no browser here
    trusts."""
    return [make_certificate(f"*.{ROOT_DOMAIN}", days=days) for days in (7, 70, 7)]


@pytest.fixture(scope="module")
def server(certificates: list[Certificate], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a game server that checks for a renewed certificate every second."""
    aws = ThreadedMotoServer("127.0.0.1", port=0)
    aws.start()
    host, aws_port = aws.get_host_and_port()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=f"http://{host}:{aws_port}", **keys)
    s3.create_bucket(Bucket="studies")

    def put(certificate: Certificate) -> None:
        s3.put_object(Bucket="studies", Key="SSL/fullchain.pem", Body=certificate.chain)
        s3.put_object(Bucket="studies", Key="SSL/privkey.pem", Body=certificate.key)

    put(certificates[0])
    port = find_free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PROJECT_ID": "mountain_car",
        "ROOT_DOMAIN": ROOT_DOMAIN,
        "TLS_CERTIFICATE": "s3://studies/SSL",
        "TLS_CHECK_SECONDS": "1",
        "AWS_ENDPOINT_URL": f"http://{host}:{aws_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    folder = tmp_path_factory.mktemp("server")
    with (folder / "log").open("w") as log, run(environ, folder, log):
        running = Server(port, put)
        wait_until(lambda: running.serves(certificates[0]), (folder / "log").read_text)
        yield running
    aws.stop()


@contextmanager
def run(environ: dict[str, str], folder: Path, log: Any) -> Iterator[None]:
    """Run the program until it is no longer needed."""
    program = subprocess.Popen(
        [sys.executable, str(SERVER)], env=environ, cwd=folder, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield
    finally:
        program.terminate()
        try:
            program.wait(PATIENCE)
        finally:
            program.kill()


def find_free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(holds: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Poll until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, explain()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Certificate]]:
    """Yield the address of the study page, on https, and its certificate."""
    certificate = make_certificate(f"study.{ROOT_DOMAIN}")
    files = certificate.write(tmp_path_factory.mktemp("site"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files["TLS_CERT_FILE"], files["TLS_KEY_FILE"])
    with open_site({}, tls) as port:
        yield f"https://study.{ROOT_DOMAIN}:{port}", certificate


@pytest.fixture(scope="module")
def browser(site: tuple[str, Certificate], certificates: list[Certificate]) -> Iterator[Browser]:
    """Yield a Chromium that trusts only these three keys, and resolves the names of the domain to this
    machine."""
    trusted = ",".join(certificate.spki for certificate in (site[1], *certificates[:2]))
    with open_chromium(
        f"--ignore-certificate-errors-spki-list={trusted}",
        f"--host-resolver-rules=MAP *.{ROOT_DOMAIN} 127.0.0.1",
    ) as browser:
        yield browser


@pytest.fixture
def open_tab(browser: Browser, site: tuple[str, Certificate]) -> Iterator[Callable[..., GamePage]]:
    """Yield a function that opens the game in a separate browser, on a server."""
    contexts = []

    def open_one(url: str, **options: Any) -> GamePage:
        contexts.append(new_context(browser))
        return open_game(contexts[-1], site[0], url, **options)

    yield open_one
    for context in contexts:
        context.close()


def frame_id(game: GamePage) -> int:
    """Return the number of the picture that is shown; 0 before the first."""
    return int(game.page.evaluate("Number(document.querySelector('canvas.frame')?.dataset.frameId ?? 0)"))


def wait_for_frames(game: GamePage, number: int = 3) -> None:
    """Wait until so many more pictures have been shown."""
    before = frame_id(game)
    game.wait_until(lambda: frame_id(game) >= before + number, PATIENCE)


def test_game_over_wss_continues_while_its_certificate_is_renewed(
    open_tab: Callable[..., GamePage], server: Server, certificates: list[Certificate], browser: Browser
) -> None:
    """Given a game over wss, a renewed certificate reaches new connections, and the current one continues."""
    old, new, _ = certificates
    server.renew(old)
    first = open_tab(server.url)
    first.button("Start").click()
    wait_for_frames(first)
    assert first.page.evaluate("location.protocol") == "https:"
    assert first.page.evaluate("isSecureContext")

    server.renew(new)
    assert not server.serves(old)
    second = open_tab(server.url)
    wait_for_frames(second)
    wait_for_frames(first)

    # Still the same connection as at the beginning.
    sockets = "document.test.sockets.map(socket => [socket.url, socket.readyState])"
    assert first.page.evaluate(sockets) == [[f"{server.url}/", 1]]
    assert second.page.evaluate(sockets) == [[f"{server.url}/", 1]]
    # The certificate that Chromium itself received on a new connection.
    with new_context(browser) as context:
        answer = context.new_page().goto(server.url.replace("wss:", "https:"))
        details = answer.security_details()
    assert details["validTo"] == int(new.parsed.not_valid_after_utc.timestamp())


def test_plain_game_server_is_out_of_reach_of_a_page_on_https(open_tab: Callable[..., GamePage]) -> None:
    """Given a page on https, the browser does not even try to open ws."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        url = f"ws://{HOST}:{listener.getsockname()[1]}"
        game = open_tab(url)
        error = game.page.evaluate(
            "url => { try { new WebSocket(url); return null; } catch (error) { return error.name; } }", url
        )
        with pytest.raises(TimeoutError):
            listener.accept()

    assert error == "SecurityError"


def test_certificate_that_the_browser_does_not_trust_is_refused(
    open_tab: Callable[..., GamePage], server: Server, certificates: list[Certificate]
) -> None:
    """Given a certificate of an unknown key, there is no game: not every certificate is accepted."""
    server.renew(certificates[2])
    game = open_tab(server.url)
    game.wait_until(lambda: game.page.evaluate("document.test.sockets[0]?.readyState") == 3)

    assert game.page.evaluate("document.test.received") == 0
