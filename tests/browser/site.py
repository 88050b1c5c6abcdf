"""The study page and the API for a browser: `web/` on one port, the real `next_step` over AWS in memory
on another."""

import io
import json
import ssl
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hippo.deployment.frame_page import build_frame
from hippo.deployment.site import choose_type
from tests.support.paths import ROOT
from tests.support.study_world import FakeContext, StudyWorld

WEB = ROOT / "web"


def _make_silence() -> bytes:
    """Return a second of silence, which every browser can play."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x80" * 8000)
    return buffer.getvalue()


# Copies of a study's media with their types, by the path that publishing gives them.
FILM = "/media/mountain_car/0123456789abcdef0123.wav"
CAPTIONS = "/media/mountain_car/456789abcdef01234567.vtt"
MEDIA = {
    FILM: ("audio/wav", _make_silence()),
    CAPTIONS: ("text/vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nA word\n"),
}
LoadEvent = Callable[[str], dict[str, Any]]


@dataclass
class Fault:
    """A fault of the next request of a method, after so many seconds.

    `refuse` it before it has an effect, `lose` its response after it, or respond with a `status` of 500 or
    more.
    """

    kind: str
    method: str = "POST"
    status: int = 503
    seconds: float = 0


@dataclass
class FrontDoor:
    """API Gateway in front of `next_step`; `requests` are those received, with their query and body."""

    world: StudyWorld
    load_event: LoadEvent
    requests: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    url: str = ""
    is_closed: bool = False

    def __post_init__(self) -> None:
        # A Lambda function handles one request at a time.
        self._lock = threading.Lock()

    def queries(self, method: str = "GET") -> list[dict[str, str]]:
        """Return the query parameters of all requests of a method."""
        return [request["query"] for request in self.requests if request["method"] == method]

    def forms(self) -> list[Any]:
        """Return the bodies of all POSTs."""
        return [json.loads(request["body"]) for request in self.requests if request["method"] == "POST"]

    def answer(
        self, method: str, query: dict[str, str], body: str | None, agent: str
    ) -> tuple[int, str, bool]:
        """Return status and body of a response, and whether it is lost on the way."""
        self.requests.append({"method": method, "query": query, "body": body})
        fault = next((fault for fault in self.faults if fault.method == method), None)
        if fault:
            self.faults.remove(fault)
            time.sleep(fault.seconds)
            if fault.kind == "refuse":
                return 0, "", True
            if fault.kind == "status":
                return fault.status, json.dumps("The service is busy."), False
        event = self.load_event("next_get" if method == "GET" else "next_post")
        event |= {"httpMethod": method, "body": body, "queryStringParameters": query}
        event["headers"] = event["headers"] | {"User-Agent": agent}
        with self._lock:
            if self.is_closed:
                return 0, "", True
            answer = self.world.next_step.lambda_handler(event, FakeContext())
        return answer["statusCode"], answer["body"], bool(fault and fault.kind == "lose")

    def close(self) -> None:
        """Let the current request end, and no other begin: the modules are needed by the next test."""
        with self._lock:
            self.is_closed = True


class _DoorHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, door: FrontDoor) -> None:
        self._door = door
        super().__init__(*arguments)

    def do_OPTIONS(self) -> None:  # noqa: N802 - the base class looks for this name
        self._send(200, "")

    def do_GET(self) -> None:  # noqa: N802
        self._serve("GET", None)

    def do_POST(self) -> None:  # noqa: N802
        self._serve("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _serve(self, method: str, body: str | None) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        status, text, lost = self._door.answer(method, query, body, self.headers["User-Agent"])
        # If nothing were sent on a kept connection, Chromium itself would retry.
        self._send(status or 200, "{" if lost else text, missing=100 if lost else 0)
        if lost:
            self.close_connection = True

    def _send(self, status: int, text: str, missing: int = 0) -> None:
        self.send_response(status)
        for name, value in {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Allow-Methods": "OPTIONS,GET,POST",
            "Content-Type": "application/json",
            "Content-Length": str(len(text.encode()) + missing),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output readable."""


class _SiteHandler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def __init__(self, *arguments: Any, config: dict[str, Any]) -> None:
        self._config = config
        super().__init__(*arguments, directory=str(WEB))

    def do_GET(self) -> None:  # noqa: N802
        path = urlsplit(self.path).path
        body = self._build(path)
        if body is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", choose_type(path) if path not in MEDIA else MEDIA[path][0])
        self.send_header("Content-Length", str(len(body)))
        if path in MEDIA:
            self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _build(self, path: str) -> bytes | None:
        """Return a file that is not in web/ as it is served, or None."""
        if path == "/config.json":
            return json.dumps(self._config).encode()
        if path == "/frame.html":
            return build_frame(WEB / "frame.html")
        return MEDIA[path][1] if path in MEDIA else None

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output readable."""


@contextmanager
def serve(
    make_handler: Callable[..., BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a server on a free loopback port, and yield the port; with `tls` for https."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler)
    if tls:
        # Each connection's own thread does the handshake: a slow client does not delay others.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def open_front_door(world: StudyWorld, load_event: LoadEvent) -> Iterator[FrontDoor]:
    """Run the API of a study."""
    door = FrontDoor(world, load_event)
    with serve(partial(_DoorHandler, door=door)) as port:
        door.url = f"http://127.0.0.1:{port}/next"
        try:
            yield door
        finally:
            door.close()


@contextmanager
def open_site(config: dict[str, Any], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Run `web/` as a site, with this config.json, which may still change; yield its port."""
    with serve(partial(_SiteHandler, config=config), tls) as port:
        yield port
