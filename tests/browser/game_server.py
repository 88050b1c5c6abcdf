"""A scripted game server on a free loopback port, and the pictures that it sends."""

import base64
import contextlib
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

PATIENCE = 10.0
Matches = Callable[[dict[str, Any]], bool]


class GameServer:
    """A server that notes what clients send; tests send through it."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[dict[str, Any]] = []
        self.connections: list[ServerConnection] = []
        # Sent to each client after its first message.
        self.greeting: list[Any] = []
        self._changed = threading.Condition()
        self._server: Server | None = None
        self.port = port
        self.start()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Accept connections, on the same port as before."""
        self._server = serve(self._handle, "127.0.0.1", self.port)
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close all connections and accept no more."""
        if self._server:
            self._server.shutdown()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Cut all connections without a close, as a lost network does."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def say(self, *messages: Any) -> None:
        """Send messages to all clients; text is sent as it is, anything else as JSON."""
        for connection in list(self.connections):
            for message in messages:
                connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def wait_for_clients(self, number: int = 1) -> None:
        """Wait until as many clients have said hello since the beginning."""
        self.wait_for(lambda message: "userId" in message, number)

    def wait_for(self, matches: Matches, number: int = 1) -> dict[str, Any]:
        """Wait for a message, or for so many; return the last of them."""

        def has_come() -> bool:
            return len(self.find(matches)) >= number

        with self._changed:
            if not self._changed.wait_for(has_come, PATIENCE):
                raise AssertionError(f"That did not come within {PATIENCE} s; what came: {self.received}")
        return self.find(matches)[number - 1]

    def wait_for_key(self, key: str, number: int = 1) -> Any:
        """Wait for a message with this key; return its value."""
        return self.wait_for(lambda message: key in message, number)[key]

    def find(self, matches: Matches) -> list[dict[str, Any]]:
        """Return the messages of a kind that arrived so far."""
        return [message for message in list(self.received) if matches(message)]

    def values(self, key: str) -> list[Any]:
        """Return what arrived under a key so far, oldest first."""
        return [message[key] for message in self.find(lambda message: key in message)]

    def _handle(self, connection: ServerConnection) -> None:
        try:
            for text in connection:
                message = json.loads(text)
                if "userId" in message:
                    self.connections.append(connection)
                    for greeting in self.greeting:
                        connection.send(json.dumps(greeting))
                with self._changed:
                    self.received.append(message)
                    self._changed.notify_all()
        except (ConnectionClosed, OSError):
            pass
        finally:
            if connection in self.connections:
                self.connections.remove(connection)


@contextlib.contextmanager
def open_game_server() -> Iterator[GameServer]:
    """Yield a game server, which ends with the test."""
    server = GameServer()
    try:
        yield server
    finally:
        server.stop()


def draw(colour: str, size: tuple[int, int] = (600, 400), kind: str = "PNG") -> str:
    """Return a picture of one colour, as it is sent."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def make_panel(
    buttons: Sequence[dict[str, Any]] = (),
    sliders: Sequence[dict[str, Any]] = (),
    keys: bool | list[str] = False,
) -> dict[str, Any]:
    """Return a control panel as newer servers send it."""
    return {
        "ControlPanel": {
            "Buttons": [{"Button": button} for button in buttons],
            "Sliders": [{"Slider": slider} for slider in sliders],
            "Keys": keys,
        }
    }
