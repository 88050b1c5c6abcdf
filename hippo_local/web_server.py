"""A loopback web server for the participant's page (web/), a generated /config.json and studies' media.

The page is read from disk, so that edits show at once. It has the headers that CloudFront adds (PageHeaders
in template.yaml), except Strict-Transport-Security, as there is no TLS here. Like CloudFront, it compresses
texts. frame.html contains frame.js, as on AWS. Media come from the deployed distribution itself, with its
headers.
"""

import io
import json
import socket
import threading
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from hippo.deployment.frame_page import FRAME, FramePageError, build_frame
from hippo.deployment.site import INDEX, choose_type
from hippo_local.compression import accepts_gzip, compress
from hippo_local.distribution import Distribution, is_media, list_headers
from hippo_local.local_requests import Audience, find_refusal
from hippo_local.ports import get_port

_CONFIG_PATH = "/config.json"
_FRAME_PATH = f"/{FRAME}"
_MEDIA_PATH = "/media/"
# As CloudFront does ("Serve compressed files" in its guide), for the types that the page has.
_COMPRESSED_TYPES = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_LEAST_COMPRESSED, _MOST_COMPRESSED = 1_000, 10_000_000  # bytes


class WebServer:
    """A threaded web server that serves `folder` on `listener`.

    `config` is the content of /config.json, `distribution` the source of media; both may change.
    """

    def __init__(
        self,
        listener: socket.socket,
        folder: Path,
        config: Mapping[str, Any],
        distribution: Distribution | None = None,
    ) -> None:
        self.config = config
        self.distribution = distribution
        headers = make_page_headers(get_port(listener))
        handler = partial(_PageHandler, folder=folder, site=self, headers=headers)
        self._server = ThreadingHTTPServer(listener.getsockname(), handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.server_name, self._server.server_port = "localhost", get_port(listener)
        # An idle keep-alive connection must not delay the shutdown.
        self._server.daemon_threads, self._server.block_on_close = True, False
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="web", daemon=True
        )

    def __enter__(self) -> "WebServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def make_page_headers(port: int) -> dict[str, str]:
    """Return the headers of everything but media. The page at localhost frames the one at 127.0.0.1."""
    origins = f"http://localhost:{port} http://127.0.0.1:{port}"
    return {
        # A researcher who edits a page reloads it and must see the edit.
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"frame-ancestors 'self' {origins}",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _find_audience(path: str) -> Audience:
    # The sandbox that shows a researcher's page may have an opaque origin, to which this is another site.
    is_for_sandbox = path.startswith(_MEDIA_PATH) or path.endswith(".css")
    return Audience.ANY_PAGE if is_for_sandbox else Audience.LOCAL_PAGES_AND_LINKS


class _PageHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "hippo-local"

    def __init__(self, *arguments: Any, folder: Path, site: WebServer, headers: Mapping[str, str]) -> None:
        self._site = site
        self._page_headers = headers
        super().__init__(*arguments, directory=str(folder))

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        path = self.path.partition("?")[0]
        if refusal := find_refusal(self.headers.items(), _find_audience(path)):
            self.send_error(HTTPStatus.FORBIDDEN, "Forbidden", refusal)
            return None
        if path.startswith(_MEDIA_PATH):
            return self._forward_media(path)
        if path == _CONFIG_PATH:
            return self._send_text(path, json.dumps(self._site.config).encode())
        if path == _FRAME_PATH:
            return self._send_frame()
        file = Path(self.translate_path(path + INDEX if path.endswith("/") else path))
        if path.startswith("/") and file.is_file():
            return self._send_text(str(file), file.read_bytes())
        return super().send_head()

    def _send_frame(self) -> io.BytesIO | None:
        try:
            return self._send_text(_FRAME_PATH, build_frame(Path(self.directory) / FRAME))
        except (OSError, FramePageError) as error:  # a file that is being edited
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "The frame cannot be built", str(error))
            return None

    def _send_text(self, name: str, body: bytes) -> io.BytesIO:
        """Send the headers of a file of the page, and return its body, compressed if that is accepted."""
        content_type = choose_type(name)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        if content_type.startswith(_COMPRESSED_TYPES) and _LEAST_COMPRESSED <= len(body) <= _MOST_COMPRESSED:
            self.send_header("Vary", "Accept-Encoding")
            if accepts_gzip(self.headers.get("Accept-Encoding", "")):
                self.send_header("Content-Encoding", "gzip")
                body = compress(body)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def _forward_media(self, path: str) -> BinaryIO | None:
        if self._site.distribution is None or not is_media(path):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        try:
            response = self._site.distribution.open(self.command, path, self.headers)
        except OSError as error:
            self.send_error(HTTPStatus.BAD_GATEWAY, str(error))
            return None
        self.send_response(response.status)
        for name, value in list_headers(response):
            self.send_header(name, value)
        super().end_headers()
        return response

    def copyfile(self, source: Any, outputfile: Any) -> None:
        # A browser drops the connection when the participant seeks in a film.
        try:
            super().copyfile(source, outputfile)
        except ConnectionError:
            self.close_connection = True

    def guess_type(self, path: Any) -> str:
        # Not from this machine's own table (the registry, /etc/mime.types), which may differ.
        return choose_type(str(path))

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND, "File not found")

    def end_headers(self) -> None:
        for name, value in self._page_headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Print nothing: the terminal is for the platform's own lines."""
