"""The messages from clients to a game server, in one form for all vocabularies."""

import re
from dataclasses import dataclass

PROJECT_ID = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,127}")
USER_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,46}[A-Za-z0-9])?")
NOOP = "noop"


class ProtocolError(ValueError):
    """A message, or a part of one, that is not valid; the text is sent to the client."""


@dataclass(frozen=True)
class Hello:
    """The participant, in lower case, and the project (None if the client sent none)."""

    user_id: str
    project_id: str | None


@dataclass(frozen=True)
class Command:
    """A control of the trial in lower case, such as start, pause, stop or reset."""

    name: str


@dataclass(frozen=True)
class Action:
    """A control of the game in lower case, held until the next action: left, right or noop."""

    name: str


@dataclass(frozen=True)
class ChangeFrameRate:
    """A new frame rate: `faster`, `slower` or a number of frames per second, as text."""

    change: str


Message = Hello | Command | Action | ChangeFrameRate


@dataclass(frozen=True)
class Reading:
    """The content of one text: messages in the order in which they take effect, and errors for the rest."""

    messages: tuple[Message, ...] = ()
    errors: tuple[str, ...] = ()


def read_hello(user_id: object, project_id: object) -> Hello:
    """Return the hello with these ids. Raises ProtocolError if one could leave the participant's folder."""
    if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
        raise ProtocolError("userId must be 1 to 48 letters, digits and inner hyphens.")
    if project_id is None or project_id == "":
        return Hello(user_id.lower(), None)
    if not isinstance(project_id, str) or not PROJECT_ID.fullmatch(project_id):
        raise ProtocolError("projectId must be letters, digits, '-' and '_', and must not begin with '_'.")
    return Hello(user_id.lower(), project_id)


def read_word(value: object, key: str) -> str:
    """Return a word in lower case. Raises ProtocolError, which names the key, for anything else."""
    if not isinstance(value, str) or not value.strip():
        raise ProtocolError(f"{key} must be a word.")
    return value.strip().lower()
