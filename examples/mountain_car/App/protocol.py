"""The messages between clients and the server over the WebSocket, in the protocol of HIPPO Gym front ends."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from settings import PROJECT_ID, USER_ID

DONE = "done"
MAX_MESSAGE_BYTES = 16 * 1024


class ProtocolError(ValueError):
    """A message that is not valid; the text is sent to the client."""


@dataclass(frozen=True)
class Hello:
    """The first message: the participant, and the project (None if the client sent none)."""

    user_id: str
    project_id: str | None


@dataclass(frozen=True)
class Command:
    """A control of the trial: start, pause, stop or reset."""

    name: str


@dataclass(frozen=True)
class Action:
    """A control of the game, held until the next action: left, right or noop."""

    name: str


@dataclass(frozen=True)
class ChangeFrameRate:
    """A new frame rate: `faster`, `slower` or a number of frames per second."""

    change: str


Message = Hello | Command | Action | ChangeFrameRate


def parse_message(text: str | bytes) -> Message | None:
    """Parse a message; return None for kinds that have no effect, such as mouse moves.

    A bare `done` is the command to stop. Raises ProtocolError for an invalid message.
    """
    if isinstance(text, bytes):
        raise ProtocolError("Binary messages are not supported. Send text messages.")
    if text.strip() == DONE:
        return Command("stop")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The message is not valid JSON.") from error
    if not isinstance(message, dict):
        raise ProtocolError("The message must be a JSON object.")
    return _parse_object(message)


def format_interface(buttons: Iterable[str], instructions: Iterable[str] = ()) -> str:
    """Return the server's first message: the buttons to show and the instructions, if there are any."""
    message: dict[str, Any] = {"UI": list(buttons)}
    if lines := list(instructions):
        message["Instructions"] = lines
    return json.dumps(message)


def format_error(message: str) -> str:
    """Return the message that reports an error; clients that do not know its key ignore it."""
    return json.dumps({"error": message})


def _parse_object(message: dict[str, Any]) -> Message | None:
    if "userId" in message:
        return Hello(_parse_user_id(message["userId"]), _parse_project_id(message.get("projectId")))
    if "ButtonEvent" in message:
        # The newer React front end wraps every button but `start` like this.
        button = message["ButtonEvent"]
        return Command(_read_word(button, "BUTTONPRESSED")) if isinstance(button, dict) else None
    if message.get("command"):
        return Command(_read_word(message, "command"))
    if message.get("changeFrameRate"):
        return ChangeFrameRate(str(message["changeFrameRate"]).strip().lower())
    if message.get("action"):
        return Action(_read_word(message, "action"))
    return None


def _parse_user_id(value: Any) -> str:
    if not isinstance(value, str) or not USER_ID.fullmatch(value):
        raise ProtocolError("userId must be 1 to 48 letters, digits and inner hyphens.")
    return value.lower()


def _parse_project_id(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not PROJECT_ID.fullmatch(value):
        raise ProtocolError("projectId must be letters, digits, '-' and '_', and must not begin with '_'.")
    return value


def _read_word(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProtocolError(f"{key} must be a word.")
    return value.strip().lower()
