"""Tests of the web server: the page, its configuration and media, with CloudFront's headers and the right
types.
"""

import gzip
import http.client
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hippo.deployment.frame_page import build_frame
from hippo.deployment.site import OTHER_TYPE, PAGE_TYPES
from hippo_local.distribution import Distribution
from hippo_local.ports import get_port, open_listener
from hippo_local.web_server import WebServer


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Run a web server whose folder holds a page and a script in a folder, next to a file outside; yield its
    port.
    """
    folder = tmp_path / "web"
    (folder / "scripts").mkdir(parents=True)
    (folder / "index.html").write_text("<p>study</p>")
    (folder / "scripts" / "page.js").write_text("export {}")
    (folder / "style.css").write_text("p {}")
    (tmp_path / "secret.txt").write_text("secret")
    with (
        open_listener(0, "page", "-") as listener,
        WebServer(listener, folder, {"nextUrl": "http://api/next"}),
    ):
        yield get_port(listener)


def _get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): headers[name] for name in headers})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def test_the_study_link_returns_the_page(port: int) -> None:
    """Given the link with its query, the response is index.html."""
    status, headers, body = _get(port, "/?projectId=my_study")

    assert (status, body) == (200, b"<p>study</p>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_configuration_is_generated(port: int) -> None:
    """Given /config.json, which is not a file, the response is the configuration."""
    status, headers, body = _get(port, "/config.json?x=1")

    assert (status, body) == (200, b'{"nextUrl": "http://api/next"}')
    assert headers["Content-Type"] == "application/json"


def test_the_frame_has_its_script_inside(port: int, tmp_path: Path) -> None:
    """Given frame.html, it is served with frame.js in it, and an edit of either shows at the next request."""
    folder = tmp_path / "web"
    page = '<meta content="script-src \'self\';"><script src="frame.js"></script>'
    (folder / "frame.html").write_text(page)
    for script in ("show()", "hide()"):
        (folder / "frame.js").write_text(script)

        status, headers, body = _get(port, "/frame.html?x=1")

        assert (status, body) == (200, build_frame(folder / "frame.html"))
        assert f"<script>{script}</script>".encode() in body
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "frame-ancestors" in headers["Content-Security-Policy"]


def test_a_frame_that_is_being_edited_is_an_error(port: int, tmp_path: Path) -> None:
    """Given a frame.html without its script, the response says what is missing, and the server continues."""
    (tmp_path / "web" / "frame.js").write_text("")
    (tmp_path / "web" / "frame.html").write_text("<p>")

    status, _, body = _get(port, "/frame.html")

    assert status == 500
    assert b"script-src" in body
    assert _get(port, "/")[0] == 200


@pytest.mark.parametrize("path", ["/", "/config.json", "/scripts/page.js", "/frame.html", "/missing"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_pages_from_elsewhere_get_nothing(port: int, path: str, headers: dict[str, str]) -> None:
    """Given a name or a page of another owner, each path is refused, also for HEAD."""
    status, _, body = _get(port, path, **headers)

    assert (status, _get(port, path, "HEAD", **headers)[0]) == (403, 403)
    assert b"nextUrl" not in body


def test_links_and_the_sandbox_get_the_page(port: int) -> None:
    """Given a link from elsewhere, the page opens; its sandbox, which has an origin of its own, gets its
    styles.
    """
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    styles = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}

    assert _get(port, "/?projectId=p", **link)[0] == 200
    assert _get(port, "/style.css", **styles)[0] == 200
    assert _get(port, "/style.css", Host="evil.example")[0] == 403


def test_a_head_request_has_no_body(port: int) -> None:
    """Given HEAD, the response has the length and no body."""
    status, headers, body = _get(port, "/config.json", "HEAD")

    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/scripts/page.js", "text/javascript; charset=utf-8"), ("/style.css", "text/css; charset=utf-8")],
)
def test_files_have_the_type_that_browsers_require(port: int, path: str, expected: str) -> None:
    """Given a module or a style sheet, its type does not depend on the machine's table."""
    status, headers, _ = _get(port, path)

    assert status == 200
    assert headers["Content-Type"] == expected


@pytest.mark.parametrize("path", ["/", "/config.json", "/style.css", "/missing"])
def test_nothing_is_cached_by_the_browser(port: int, path: str) -> None:
    """Given any response, the browser does not store it."""
    assert _get(port, path)[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/scripts/", "/missing.html", "/../secret.txt", "/%2e%2e/secret.txt"])
def test_neither_listings_nor_other_files_are_served(port: int, path: str) -> None:
    """Given a folder, a missing file or a path out of the folder, the response is 404."""
    status, _, body = _get(port, path)

    assert status == 404
    assert b"page.js" not in body
    assert b"secret" not in body


def test_the_page_has_the_headers_of_cloudfront(port: int) -> None:
    """Given the page, its configuration or an error, only the page's own two origins may frame it."""
    for path in ("/", "/config.json", "/missing"):
        headers = _get(port, path)[1]
        assert headers["Content-Security-Policy"] == (
            f"frame-ancestors 'self' http://localhost:{port} http://127.0.0.1:{port}"
        )
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_types_are_those_of_the_site_on_aws(port: int, tmp_path: Path) -> None:
    """Given a suffix that publish_site knows, and one that it does not, the type is the same here."""
    expected = {**PAGE_TYPES, ".odd": OTHER_TYPE}
    for suffix in expected:
        (tmp_path / "web" / f"file{suffix}").write_text("x")

    assert {suffix: _get(port, f"/file{suffix}")[1]["Content-Type"] for suffix in expected} == expected


@pytest.mark.parametrize(
    ("path", "accepted", "coding"),
    [
        ("/scripts/long.js", "gzip, deflate, br", "gzip"),
        ("/scripts/long.js", "*", "gzip"),
        ("/scripts/long.js", "GZIP;q=0.5", "gzip"),
        ("/scripts/long.js", "gzip;q=0, *", None),
        ("/scripts/long.js", "br", None),
        ("/scripts/long.js", None, None),
        ("/scripts/page.js", "gzip", None),
        ("/picture.png", "gzip", None),
    ],
)
def test_texts_are_compressed_as_by_cloudfront(
    port: int, tmp_path: Path, path: str, accepted: str | None, coding: str | None
) -> None:
    """Given a text of 1,000 bytes or more and a browser that accepts gzip, only that is compressed."""
    text = b"// the same again\n" * 100
    for name in ("scripts/long.js", "picture.png"):
        (tmp_path / "web" / name).write_bytes(text)
    status, headers, body = _get(port, path, **({"Accept_Encoding": accepted} if accepted else {}))

    assert status == 200
    assert headers.get("Content-Encoding") == coding
    assert int(headers["Content-Length"]) == len(body)
    if "page.js" not in path:
        assert (gzip.decompress(body) if coding else body) == text
        assert headers.get("Vary") == ("Accept-Encoding" if path.endswith("long.js") else None)


# ---- media ---------------------------------------------------------------------------------------------

PICTURE = "/media/p/0123456789abcdef0123.png"
BODY = bytes(range(200)) * 50_000


class _Emulator(BaseHTTPRequestHandler):
    """A handler that responds to every path with BODY or the requested range, and records the requests."""

    requests: list[tuple[str, str, dict[str, str]]]

    def do_GET(self) -> None:
        self.requests.append((self.command, self.path, dict(self.headers)))
        part, status = BODY, 200
        if wanted := self.headers["Range"]:
            first, last = wanted.removeprefix("bytes=").split("-")
            part, status = BODY[int(first) : int(last) + 1], 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(BODY)}")
        self.send_header("Content-Type", "image/png")
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.send_header("Content-Security-Policy", "sandbox")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(part)

    do_HEAD = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Print nothing."""


@pytest.fixture
def emulator() -> Iterator[ThreadingHTTPServer]:
    """Run a server in place of the emulator."""
    _Emulator.requests = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Emulator)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # only the web server matters
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site_port(emulator: ThreadingHTTPServer, tmp_path: Path) -> Iterator[int]:
    """Run a web server with a distribution behind it; yield its port."""
    distribution = Distribution(f"http://127.0.0.1:{emulator.server_port}", "d1.cloudfront.net")
    with open_listener(0, "page", "-") as listener, WebServer(listener, tmp_path, {}, distribution):
        yield get_port(listener)


def test_media_come_from_the_distribution_with_its_headers(site_port: int) -> None:
    """Given a picture, it is requested from the distribution by its domain name and returned with its
    headers.
    """
    status, headers, body = _get(site_port, PICTURE)

    assert (status, body) == (200, BODY)
    assert headers["Content-Type"] == "image/png"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Security-Policy"] == "sandbox"
    ((_, path, headers),) = _Emulator.requests
    assert (path, headers["Host"]) == (PICTURE, "d1.cloudfront.net")


def test_a_range_of_a_film_can_be_requested(site_port: int) -> None:
    """Given a range, the response is 206 with that range, which Safari needs to play a film."""
    status, headers, body = _get(site_port, PICTURE, Range="bytes=100-104")

    assert (status, body) == (206, BODY[100:105])
    assert headers["Content-Range"] == f"bytes 100-104/{len(BODY)}"
    assert headers["Content-Length"] == "5"


def test_a_head_request_for_media_has_no_body(site_port: int) -> None:
    """Given HEAD, it is forwarded as HEAD."""
    status, headers, body = _get(site_port, PICTURE, "HEAD")

    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(BODY)))
    assert _Emulator.requests[0][0] == "HEAD"


def test_only_headers_about_the_object_are_forwarded(site_port: int) -> None:
    """Given cookies of other pages at localhost, they are not forwarded, but the headers for CORS and
    caching are.
    """
    _get(site_port, PICTURE, Cookie="secret=1", Origin="null", If_None_Match='"e"')

    headers = _Emulator.requests[0][2]
    assert "Cookie" not in headers
    assert (headers["Origin"], headers["If-None-Match"]) == ("null", '"e"')


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/p/",
        "/media/p/0123.png/../../../config.json",
        "/media/%2e%2e/index.html",
        "/media/p/name.png",
        "/media/p/0123456789abcdef0123",
        "/media//0123456789abcdef0123.png",
    ],
)
def test_other_paths_are_not_forwarded(site_port: int, path: str) -> None:
    """Given a path that cannot be a picture's, the response is 404 and the distribution gets no request."""
    assert _get(site_port, path)[0] == 404
    assert _Emulator.requests == []


def test_a_connection_serves_media_and_pages_in_turn(site_port: int) -> None:
    """Given one connection, no headers of a response appear in the next one."""
    connection = http.client.HTTPConnection("127.0.0.1", site_port, timeout=5)
    policies = []
    for path in (PICTURE, "/config.json", PICTURE):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        policies.append(answer.headers.get_all("Content-Security-Policy"))
    connection.close()

    assert policies[0] == policies[2] == ["sandbox"]
    assert policies[1] != ["sandbox"]


def test_a_missing_emulator_is_a_bad_gateway(emulator: ThreadingHTTPServer, site_port: int) -> None:
    """Given no emulator behind the web server, the response is 502."""
    emulator.server_close()

    assert _get(site_port, PICTURE)[0] == 502


def test_an_interrupted_film_prints_nothing(site_port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Given a browser that drops the connection to seek in a film, nothing is printed to the terminal."""
    with socket.create_connection(("127.0.0.1", site_port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(f"GET {PICTURE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.recv(100)
    assert _get(site_port, PICTURE)[0] == 200

    assert capfd.readouterr().err == ""


def test_without_a_distribution_there_are_no_media(port: int) -> None:
    """Given a stack that is not deployed yet, the response is 404."""
    assert _get(port, PICTURE)[0] == 404
