"""Web pages from elsewhere, in Chromium, while the local platform runs: they reach nothing of it."""

import base64
import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.site import serve
from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform
from tests.support.chromium import open_chromium

pytestmark = pytest.mark.e2e

# A name that its owner lets resolve to this machine.
EVIL = "evil.example"
_OWN_CHECKS = "LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"
CLAIM = (
    "AWS4-HMAC-SHA256 Credential=test/20261130/ca-central-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
# Sends each request in every way that a page has, and returns what it could read: status and text by name.
ATTACK = """
async (attacks) => {
  const read = {};
  for (const {name, url, method, headers, body} of attacks) {
    for (const mode of ["cors", "no-cors"]) {
      const options = mode === "cors" ? {mode, method, headers, body} : {mode, method, body};
      try {
        const answer = await fetch(url, options);
        read[`${name} ${mode}`] = [answer.status, await answer.text()];
      } catch (error) {
        read[`${name} ${mode}`] = [0, error.name];
      }
    }
  }
  return read;
}
"""
SOCKET = """
(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})
"""


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for this module; in it, the attacker's name leads to this machine.

    Its own check of pages that call this machine is off: other browsers have none.
    """
    flags = (f"--host-resolver-rules=MAP {EVIL} 127.0.0.1", f"--disable-features={_OWN_CHECKS}")
    with open_chromium(*flags) as browser:
        yield browser


class Blank(BaseHTTPRequestHandler):
    """A page of another program on this machine, or of the attacker."""

    def do_GET(self) -> None:  # noqa: N802
        """Serve an empty page."""
        body = b"<!doctype html><title>Elsewhere</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output readable."""


@contextmanager
def open_elsewhere(browser: Browser, host: str) -> Iterator[Page]:
    """Open a page on `host` that another program serves."""
    context = browser.new_context()
    with serve(Blank) as port:
        page = context.new_page()
        page.goto(f"http://{host}:{port}/")
        yield page
        context.close()


@contextmanager
def open_rebound(browser: Browser, port: int) -> Iterator[Page]:
    """Open a page whose own origin leads to a port of this machine since it was loaded (DNS rebinding)."""
    context = browser.new_context()
    page = context.new_page()
    address = f"http://{EVIL}:{port}/lure"
    page.route(address, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(address)
    yield page
    context.close()


def pack() -> str:
    """Return a function's code that leaves a trace where the function runs, as CreateFunction takes it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "def handler(event, context): return 'hostile'")
    return base64.b64encode(archive.getvalue()).decode()


def list_attacks(account: AccountView, base: str) -> list[dict[str, Any]]:
    """Return requests to AWS below the address `base`, each also without headers that need a preflight."""
    outputs = account.outputs
    role = f"arn:aws:iam::000000000000:role/{account.client('iam').list_roles()['Roles'][0]['RoleName']}"
    code = {"FunctionName": "hostile", "Runtime": "python3.13", "Handler": "index.handler", "Role": role}
    update = outputs["stackOutputs"]["UpdateFunctionName"]
    functions = "/2015-03-31/functions"
    user = urlencode({"Action": "CreateUser", "UserName": "hostile", "Version": "2010-05-08"})
    # MiniStack once took this for root.
    root = "X-Amz-Credential=test%2F20261130%2Fca-central-1%2F{}%2Faws4_request"
    requests: list[tuple[str, str, str, str, str | None]] = [
        ("list buckets", "s3", "GET", "/", None),
        ("read answers", "s3", "GET", f"/{outputs['bucket']}?list-type=2", None),
        ("write an object", "s3", "POST", f"/{outputs['bucket']}/hostile?uploads", ""),
        ("list functions", "lambda", "GET", f"{functions}/", None),
        ("create a function", "lambda", "POST", functions, json.dumps({**code, "Code": {"ZipFile": pack()}})),
        ("invoke a function", "lambda", "POST", f"{functions}/{update}/invocations", '{"id": "hostile"}'),
        ("create a user", "iam", "POST", "/", user),
        ("delete everything", "s3", "POST", "/_ministack/reset", ""),
    ]
    return [
        {
            "name": name,
            "url": f"{base}{path}{'&' if '?' in path else '?'}{root.format(service)}",
            "method": method,
            "headers": {"Authorization": CLAIM.format(service)},
            "body": body,
        }
        for name, service, method, path, body in requests
    ]


def describe_state(account: AccountView) -> dict[str, Any]:
    """Return all that the attacks would change."""
    client = account.client
    function = client("lambda").get_function_configuration(
        FunctionName=account.outputs["stackOutputs"]["UpdateFunctionName"]
    )
    group = function["LoggingConfig"]["LogGroup"]
    return {
        "buckets": [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]],
        "uploads": client("s3").list_multipart_uploads(Bucket=account.outputs["bucket"]).get("Uploads"),
        # Another test's participant gets a server meanwhile, which no attack here asks for.
        "keys": [key for key in account.list_keys("") if not key.startswith(("_servers/", "_slots/"))],
        "functions": sorted(f["FunctionName"] for f in client("lambda").list_functions()["Functions"]),
        "users": [user["UserName"] for user in client("iam").list_users()["Users"]],
        "log": len(client("logs").filter_log_events(logGroupName=group)["events"]),
    }


def check_refused(read: dict[str, list[Any]], statuses: set[int]) -> None:
    """Check that every attack was made, and that the page has read no more than a refusal."""
    assert len(read) == 16
    assert {status for status, _ in read.values()} <= statuses, read


def test_a_page_elsewhere_reaches_no_service(browser: Browser, account: AccountView) -> None:
    """Given a page from elsewhere, it reads nothing of AWS on this machine and changes nothing."""
    before = describe_state(account)
    with open_elsewhere(browser, EVIL) as page:
        refused: list[Request] = []
        page.on("response", lambda answer: refused.append(answer.request) if answer.status == 403 else None)
        for base in (account.outputs["endpointUrl"], f"http://localhost:{_port_of(account)}"):
            # 0: the browser kept the answer from the page.
            check_refused(page.evaluate(ATTACK, list_attacks(account, base)), {0})

    assert describe_state(account) == before
    assert len(refused) >= 16  # the requests did reach the emulator


def test_a_rebound_page_reaches_no_service(browser: Browser, account: AccountView) -> None:
    """Given a page whose name leads to this machine since it was loaded, the emulator refuses it all."""
    before = describe_state(account)
    port = _port_of(account)
    with open_rebound(browser, port) as page:
        read = page.evaluate(ATTACK, list_attacks(account, f"http://{EVIL}:{port}"))

    check_refused(read, {403})
    assert all("localhost" in text for _, text in read.values()), read
    assert describe_state(account) == before


def test_another_page_of_this_machine_reaches_no_service(browser: Browser, account: AccountView) -> None:
    """Given a page of this machine, such as a development server's, it does not reach AWS either."""
    before = describe_state(account)
    with open_elsewhere(browser, "localhost") as page:
        read = page.evaluate(ATTACK, list_attacks(account, f"http://localhost:{_port_of(account)}"))

    check_refused(read, {0})
    assert describe_state(account) == before


def test_a_development_server_calls_the_api(browser: Browser, account: AccountView) -> None:
    """Given a front end on another port of this machine, it takes part in the study, as one that is being
    developed does.
    """
    url = f"{account.outputs['nextUrl']}?projectId={account.outputs['projectId']}&userId=developed"
    for host in ("localhost", "127.0.0.1"):
        with open_elsewhere(browser, host) as page:
            answers = {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}}
            first = page.evaluate("async (url) => (await fetch(url)).json()", url)
            second = page.evaluate("async ([url, o]) => (await fetch(url, o)).json()", [url, answers])

        assert first["userId"] == second["userId"] == "developed"


@pytest.mark.parametrize("kind", ["elsewhere", "rebound"])
def test_a_page_elsewhere_takes_no_part(browser: Browser, account: AccountView, kind: str) -> None:
    """Given a page from elsewhere, the study's API creates no participant for it."""
    host = "localhost" if kind == "elsewhere" else EVIL
    url = account.outputs["nextUrl"].replace("localhost", host)
    url += f"?projectId={account.outputs['projectId']}&userId=hostile"
    attack = {"name": "begin", "url": url, "method": "POST", "headers": {}, "body": "{}"}
    opened = (
        open_elsewhere(browser, EVIL) if kind == "elsewhere" else open_rebound(browser, _port_of(account))
    )
    with opened as page:
        read = page.evaluate(ATTACK, [attack, {**attack, "method": "GET", "body": None}])

    assert {status for status, _ in read.values()} == ({0} if kind == "elsewhere" else {403})
    assert account.list_keys(f"{account.outputs['projectId']}/Users/hostile") == []


def test_a_page_elsewhere_reads_nothing_of_the_study_page(browser: Browser, account: AccountView) -> None:
    """Given a page whose name leads to the web server, it reads neither the page nor its configuration."""
    port = account.outputs["webPort"]
    with open_rebound(browser, port) as page:
        paths = ["/", "/config.json", "/outputs.json", "/../outputs.json", "/main.js", "/style.css"]
        read = page.evaluate(
            "async (paths) => Promise.all(paths.map(async (path) => (await fetch(path)).status))", paths
        )

    assert read == [403] * len(paths)


def test_a_link_from_elsewhere_opens_the_study(browser: Browser, account: AccountView) -> None:
    """Given a link to the study on a page from elsewhere, it opens the study as a participant's would."""
    with open_elsewhere(browser, EVIL) as page:
        page.evaluate("(url) => { location.href = url; }", account.outputs["studyUrl"] + "&userId=linked")
        expect(page.locator("iframe.researcher-page")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("kind", ["elsewhere", "rebound"])
def test_a_page_elsewhere_reaches_no_game_server(browser: Browser, account: AccountView, kind: str) -> None:
    """Given a page from elsewhere, the name proxy refuses its socket before it looks for a server."""
    port = account.outputs["gamePort"]
    if kind == "elsewhere":
        with open_elsewhere(browser, EVIL) as page:
            assert page.evaluate(SOCKET, f"ws://localhost:{port}/u1.localhost/") == "refused"
    else:
        with open_rebound(browser, port) as page:
            assert page.evaluate(SOCKET, f"ws://{EVIL}:{port}/u1.localhost/") == "refused"
            assert page.evaluate("async () => (await fetch('/u1.localhost/')).status") == 403


def test_keys_answers_and_logs_are_private(running_platform: RunningPlatform) -> None:
    """Given a running platform, no other user of the machine may read or list any of its files."""
    urllib.request.urlopen(
        f"{running_platform.outputs['nextUrl']}?projectId=mountain_car&userId=private", timeout=20
    ).close()
    directory = running_platform.directory
    written = [directory / name for name in ("outputs.json", "aws.env", "images.json", "logs", "data")]
    below = [path for folder in written[-2:] for path in folder.rglob("*")]

    assert any(path.name == "private" for path in below)
    assert {path.stat().st_mode & 0o077 for path in [directory, *written, *below]} == {0}


def _port_of(account: AccountView) -> int:
    return urlsplit(account.outputs["endpointUrl"]).port or 0
