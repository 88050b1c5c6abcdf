"""The web server gives the page and its configuration, typed rightly, fresh each time, and no listing."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from hippo_local.ports import get_port, open_listener
from hippo_local.web_server import WebServer


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a web server whose folder holds a page, a script in a folder, and a neighbour outside."""
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


def _get(port: int, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def test_the_study_link_gives_the_page(port: int) -> None:
    """Given the link with its query, the answer is index.html."""
    status, headers, body = _get(port, "/?projectId=my_study")

    assert (status, body) == (200, b"<p>study</p>")
    assert headers["Content-type"] == "text/html; charset=utf-8"


def test_the_configuration_is_generated(port: int) -> None:
    """Given /config.json, which is no file, the answer is the configuration."""
    status, headers, body = _get(port, "/config.json?x=1")

    assert (status, body) == (200, b'{"nextUrl": "http://api/next"}')
    assert headers["Content-Type"] == "application/json"


def test_a_head_request_has_no_body(port: int) -> None:
    """Given HEAD, the length is told and nothing is sent."""
    status, headers, body = _get(port, "/config.json", "HEAD")

    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/scripts/page.js", "text/javascript; charset=utf-8"), ("/style.css", "text/css; charset=utf-8")],
)
def test_files_have_the_type_that_browsers_insist_on(port: int, path: str, expected: str) -> None:
    """Given a module or a style sheet, its type does not depend on the machine's table."""
    status, headers, _ = _get(port, path)

    assert status == 200
    assert headers["Content-type"] == expected


@pytest.mark.parametrize("path", ["/", "/config.json", "/style.css", "/missing"])
def test_nothing_is_kept_by_the_browser(port: int, path: str) -> None:
    """Given any answer, a reload asks again."""
    assert _get(port, path)[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/scripts/", "/missing.html", "/../secret.txt", "/%2e%2e/secret.txt"])
def test_neither_listings_nor_other_files_are_served(port: int, path: str) -> None:
    """Given a folder, a missing file or a way out of the folder, the answer is 404."""
    status, _, body = _get(port, path)

    assert status == 404
    assert b"page.js" not in body
    assert b"secret" not in body
