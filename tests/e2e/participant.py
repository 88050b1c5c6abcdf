"""A scripted participant, who talks to the API and to a game server as the study's page does."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from websockets.sync.client import ClientConnection, connect

from hippo.host_labels import choose_host_label

T = TypeVar("T")
# Longer than Lambda takes to retry a failed handler: after one minute, and after two more.
_WAIT_SECONDS = 240
_POLL_SECONDS = 0.3


def wait_for(what: str, check: Callable[[], T | None], seconds: float = _WAIT_SECONDS) -> T:
    """Return the first truthy result of `check`; fail with `what` in the message after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(_POLL_SECONDS)
    return answer


class Participant:
    """One participant with one browser. `outputs` is the content of outputs.json."""

    def __init__(self, outputs: dict[str, Any], user_id: str, project_id: str | None = None) -> None:
        self.outputs = outputs
        self.user_id = user_id
        self.project_id = project_id or outputs["projectId"]
        self.answer: dict[str, Any] = {}

    def get(self, **query: object) -> dict[str, Any]:
        """Send GET /next; return the response and keep it."""
        return self._request(None, query)

    def post(self, form: dict[str, Any], **query: object) -> dict[str, Any]:
        """Send POST /next with a form; return the response and keep it."""
        return self._request(form, query)

    def begin(self) -> dict[str, Any]:
        """Open the study's link."""
        return self.get(step=0)

    def submit(self, form: dict[str, Any]) -> dict[str, Any]:
        """Submit the current page."""
        return self.post(form, step=self.answer["step"])

    def await_game(self) -> dict[str, Any]:
        """Poll as a waiting page does, until the game page may be shown."""

        def poll() -> dict[str, Any] | None:
            answer = self.get(step=self.answer["step"] - 1)
            assert answer["page"] in ("wait", "show_game_page"), answer
            return answer if answer["page"] == "show_game_page" else None

        return self.answer if self.answer["page"] == "show_game_page" else wait_for("the game", poll)

    def finish_game(self) -> dict[str, Any]:
        """Report that the game is over, as the page does when the server has sent `done`."""
        return self.get(step=self.answer["step"])

    @contextmanager
    def connect(self, host_label: str = "") -> Iterator[ClientConnection]:
        """Connect to this participant's server by its host name, and send the first message.

        Without `host_label`, the name must be that of an unsigned link.
        """
        url = urllib.parse.urlsplit(self.answer["server"])
        label = host_label or choose_host_label(self.user_id, is_trusted=False)
        assert url.hostname == f"{label}.{self.outputs['rootDomain']}"
        # Only browsers resolve *.localhost by themselves. Connect to its address, with the name as Host.
        with connect(self.answer["server"], address=("127.0.0.1", url.port), proxy=None) as socket:
            socket.send(json.dumps({"userId": self.user_id, "projectId": self.project_id}))
            yield socket

    def _request(self, form: dict[str, Any] | None, query: dict[str, object]) -> dict[str, Any]:
        ids = {"projectId": self.project_id, "userId": self.user_id}
        url = f"{self.outputs['nextUrl']}?{urllib.parse.urlencode({**ids, **query})}"
        body = None if form is None else json.dumps(form).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            self.answer = json.loads(response.read())
        return self.answer


def play(socket: ClientConnection, frames: int = 10) -> dict[str, Any]:
    """Start the game, drive to and fro for some frames and end it; return the server's first message."""
    first = play_some(socket, frames)
    socket.send(json.dumps({"command": "stop"}))
    deadline = time.monotonic() + 20
    while (text := socket.recv(timeout=20)) != "done":
        assert time.monotonic() < deadline, f"the server continued after stop: {text[:80]!r}"
    return first


def play_some(socket: ClientConnection, frames: int = 10) -> dict[str, Any]:
    """Start the game, and drive to and fro for some frames; return the server's first message."""
    first = json.loads(socket.recv(timeout=20))
    socket.send(json.dumps({"command": "start"}))
    for number in range(frames):
        frame = _receive_frame(socket)
        assert frame["frame"]
        action = "left" if number % 2 else "right"
        socket.send(json.dumps({"actionType": "keydown", "action": action}))
    return first


def _receive_frame(socket: ClientConnection) -> dict[str, Any]:
    while "frame" not in (message := json.loads(socket.recv(timeout=20))):
        assert "error" not in message, message
    return message
