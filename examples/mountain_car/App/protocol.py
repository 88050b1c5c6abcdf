"""What clients and the server say to each other over the WebSocket, as HIPPO Gym front ends speak it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from settings import PROJECT_ID, USER_ID

DONE = "done"
MAX_MESSAGE_BYTES = 16 * 1024


class ProtocolError(ValueError):
    """A message that cannot be understood; its text is what the client is told."""


@dataclass(frozen=True)
class Hello:
    """The first message: who plays, and in which project (None where the client did not say)."""

    user_id: str
    project_id: str | None


@dataclass(frozen=True)
class Command:
    """A control of the trial: start, pause, stop, reset."""

    name: str


@dataclass(frozen=True)
class Action:
    """A control of the game, held until the next action: left, right, noop."""

    name: str


@dataclass(frozen=True)
class ChangeFrameRate:
    """`faster`, `slower` or a number of frames per second."""

    change: str


Message = Hello | Command | Action | ChangeFrameRate


def parse_message(text: str | bytes) -> Message | None:
    """Turn one message into what it asks for; None for kinds that need no answer, as mouse moves.

    A bare `done` is the command to stop. Raises ProtocolError where the message is not one at all.
    """
    if isinstance(text, bytes):
        raise ProtocolError("Send text messages: binary ones are not understood.")
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
    """The server's first message: the buttons to show and, where there are any, instructions."""
    message: dict[str, Any] = {"UI": list(buttons)}
    if lines := list(instructions):
        message["Instructions"] = lines
    return json.dumps(message)


def format_error(message: str) -> str:
    """What a client is told when something is wrong; clients that do not know the key pass over it."""
    return json.dumps({"error": message})


def _parse_object(message: dict[str, Any]) -> Message | None:
    if "userId" in message:
        return Hello(_parse_user_id(message["userId"]), _parse_project_id(message.get("projectId")))
    if "ButtonEvent" in message:
        # The newer React front end wraps every button but `start` like this.
        button = message["ButtonEvent"]
        return Command(_word(button, "BUTTONPRESSED")) if isinstance(button, dict) else None
    if message.get("command"):
        return Command(_word(message, "command"))
    if message.get("changeFrameRate"):
        return ChangeFrameRate(str(message["changeFrameRate"]).strip().lower())
    if message.get("action"):
        return Action(_word(message, "action"))
    return None


def _parse_user_id(value: Any) -> str:
    if not isinstance(value, str) or not USER_ID.fullmatch(value):
        raise ProtocolError("userId must be 1 to 48 letters, digits and inner hyphens.")
    return value.lower()


def _parse_project_id(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not PROJECT_ID.fullmatch(value):
        raise ProtocolError("projectId must be letters, digits, '-' and '_', and not begin with '_'.")
    return value


def _word(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProtocolError(f"{key} must be a word.")
    return value.strip().lower()
