"""A game played on a participant's own server, with random actions sent as the page's buttons send them."""

import json
import random
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

_SILENCE_SECONDS = 30.0
_PRESS_SECONDS = (0.1, 0.6)  # between two actions
_SHORT_GAME_SECONDS = 3.0
_COMMANDS = ("start", "stop", "pause", "reset", "fpsUp", "fpsDown")
DONE = "done"


class GameError(Exception):
    """The game could not be played to its end."""


@dataclass(slots=True)
class Played:
    """A bot's record of one game."""

    frames: int = 0
    actions: int = 0
    seconds: float = 0.0


def play(url: str, hello: dict[str, str], chance: random.Random, *, fast: bool, seconds: float) -> Played:
    """Play until the server reports the game's end, or for `seconds`; `fast` presses the stop button early.

    Raises GameError.
    """
    address = urlsplit(url)
    played, begun = Played(), time.monotonic()
    try:
        # Only browsers resolve *.localhost by themselves: connect to this machine, with the name as Host.
        local = ("127.0.0.1", address.port) if (address.hostname or "").endswith(".localhost") else None
        more: dict[str, Any] = {"address": local} if local else {}
        with connect(url, proxy=None, open_timeout=_SILENCE_SECONDS, max_size=None, **more) as socket:
            socket.send(json.dumps(hello))
            _Game(socket, chance, played, begun + seconds, fast=fast).run()
    except ConnectionClosed as error:
        raise GameError(
            f"the game server closed the connection after {played.frames} frames: {error}"
        ) from None
    except TimeoutError:
        raise GameError(f"the game server has sent nothing for {_SILENCE_SECONDS:.0f} s") from None
    except (OSError, WebSocketException) as error:
        raise GameError(f"{url}: {error}") from None
    played.seconds = time.monotonic() - begun
    return played


class _Game:
    def __init__(
        self, socket: ClientConnection, chance: random.Random, played: Played, until: float, *, fast: bool
    ) -> None:
        self._socket = socket
        self._chance = chance
        self._played = played
        self._until = until
        self._fast = fast
        self._buttons: list[str] = []
        self._next_press = time.monotonic()
        self._stop_at: float | None = None

    def run(self) -> None:
        while (text := self._socket.recv(timeout=_SILENCE_SECONDS)) != DONE:
            message = _read(text)
            if "error" in message:
                raise GameError(f"the game server reported an error: {message['error']}")
            if isinstance(message.get("UI"), list):
                self._begin([str(button) for button in message["UI"]])
            elif "frame" in message:
                self._played.frames += 1
                self._press()
            if time.monotonic() > self._until:
                raise GameError(
                    f"the game is not over after {self._played.frames} frames, and the time is up"
                )

    def _begin(self, buttons: list[str]) -> None:
        self._buttons = [button for button in buttons if button not in _COMMANDS]
        if self._fast and "stop" in buttons:
            self._stop_at = time.monotonic() + _SHORT_GAME_SECONDS
        self._send({"command": "start"})

    def _press(self) -> None:
        now = time.monotonic()
        if self._stop_at is not None and now >= self._stop_at:
            self._stop_at = now + _SILENCE_SECONDS
            self._send({"command": "stop"})
        elif self._buttons and now >= self._next_press:
            self._next_press = now + self._chance.uniform(*_PRESS_SECONDS)
            self._played.actions += 1
            self._send({"actionType": "keydown", "action": self._chance.choice(self._buttons)})

    def _send(self, message: dict[str, str]) -> None:
        self._socket.send(json.dumps(message))


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
