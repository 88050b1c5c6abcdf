"""Serves the participant's page (web/) and a generated /config.json on the loopback interface."""

import io
import json
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from hippo_local.ports import get_port

# Written out: the table of the machine that serves (the registry, /etc/mime.types) may say otherwise.
_TYPES = {
    "": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_CONFIG_PATH = "/config.json"


class WebServer:
    """Serves `folder` on `listener` in threads; `config`, which may change, is what /config.json answers."""

    def __init__(self, listener: socket.socket, folder: Path, config: Mapping[str, Any]) -> None:
        self.config = config
        handler = partial(_PageHandler, folder=folder, form_config=lambda: json.dumps(self.config).encode())
        self._server = ThreadingHTTPServer(listener.getsockname(), handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.server_name, self._server.server_port = "localhost", get_port(listener)
        # An idle keep-alive connection must not hold up the end.
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


class _PageHandler(SimpleHTTPRequestHandler):
    extensions_map = _TYPES
    protocol_version = "HTTP/1.1"
    server_version = "hippo-local"

    def __init__(self, *arguments: Any, folder: Path, form_config: Callable[[], bytes]) -> None:
        self._form_config = form_config
        super().__init__(*arguments, directory=str(folder))

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        if self.path.partition("?")[0] != _CONFIG_PATH:
            return super().send_head()
        config = self._form_config()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _TYPES[".json"])
        self.send_header("Content-Length", str(len(config)))
        self.end_headers()
        return io.BytesIO(config)

    def guess_type(self, path: Any) -> str:
        return _TYPES.get(Path(path).suffix.lower(), _TYPES[""])

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND, "File not found")

    def end_headers(self) -> None:
        # A researcher who edits a page reloads it and must see the edit.
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keeps the terminal for the platform's own lines."""
