"""The vocabularies of HIPPO Gym front ends: how to tell them apart, and how to write messages in each.

| vocabulary | its clients send | and read |
|---|---|---|
| V1 | `command`, `actionType` with `action`, `changeFrameRate` | `UI`, `frame`, the bare text `done` |
| V2 | `ButtonEvent`, `KeyboardEvent`, `SliderEvent` | `ControlPanel`, `GameWindow`, `{"done": true}` |
| V3 | the same in an envelope: `action` (a route), `userId`, `sendTo` | `UI`, `env.frame`, the text `done` |

The front ends of V1 and V2 say hello in the same words. Until a client tells more, it gets V1, as our own
study page does. If it reports the size of its window, it may be of V2, and gets what both read. The start
button then tells them apart.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

DONE = "done"
# The only button that tells: newer front ends of V1 wrap all others in a ButtonEvent as well.
_START = "start"
# The front end of V2 has no place for a button `stop`, but has one for `end`.
_V2_VALUES = {"stop": "end"}
_CONTENT = ("command", "ButtonEvent", "KeyboardEvent", "MouseEvent", "changeFrameRate", "action", "save")


class Vocabulary(StrEnum):
    """The words that a client uses: UNKNOWN is written like V1, and V1_OR_V2 like both."""

    UNKNOWN = "unknown"
    V1 = "v1"
    V2 = "v2"
    V1_OR_V2 = "v1 or v2"
    V3 = "v3"


def recognise(raw: Mapping[str, Any], current: Vocabulary) -> Vocabulary:
    """Return a client's vocabulary, judged by this message and by what was known before."""
    if "sendTo" in raw or ("userId" in raw and any(key in raw for key in _CONTENT)):
        return Vocabulary.V3
    if current not in (Vocabulary.UNKNOWN, Vocabulary.V1_OR_V2):
        return current
    if raw.get("command") or raw.get("action") or raw.get("changeFrameRate"):
        return Vocabulary.V1
    if current is Vocabulary.UNKNOWN:
        return Vocabulary.V1_OR_V2 if "WindowEvent" in raw else current
    button = raw.get("ButtonEvent")
    pressed = button.get("BUTTONPRESSED") if isinstance(button, dict) else None
    return Vocabulary.V2 if pressed == _START or "SliderEvent" in raw else current


def write_interface(
    vocabulary: Vocabulary, buttons: Sequence[str], instructions: Sequence[str]
) -> dict[str, Any]:
    """Return the server's first message: the buttons to show and the instructions, if there are any."""
    if vocabulary is Vocabulary.V2:
        return write_panels(buttons, instructions)
    return {"UI": list(buttons), **({"Instructions": list(instructions)} if instructions else {})}


def write_panels(buttons: Sequence[str], instructions: Sequence[str]) -> dict[str, Any]:
    """Return buttons and instructions in V2, with the request to report keys."""
    panel = {"Buttons": [{"Button": _write_button(name)} for name in buttons], "Sliders": [], "Keys": True}
    info = {"InfoPanel": {"text": "", "items": list(instructions), "kv": []}} if instructions else {}
    return {"ControlPanel": panel, **info}


def write_frame(vocabulary: Vocabulary, frame: Mapping[str, Any]) -> dict[str, Any]:
    """Return a frame: `frame` (a JPEG in base64), `frameId` (from 1), and whatever else goes with it."""
    picture = {key: frame[key] for key in ("frame", "frameId")}
    others = {key: value for key, value in frame.items() if key not in picture}
    match vocabulary:
        case Vocabulary.UNKNOWN | Vocabulary.V1:
            return dict(frame)
        case Vocabulary.V2:
            return {"GameWindow": picture, **others}
        case Vocabulary.V1_OR_V2:
            return {**frame, "GameWindow": picture}
        case Vocabulary.V3:
            return {"env": picture, **others}


def write_end(vocabulary: Vocabulary) -> list[str | dict[str, Any]]:
    """Return the messages after the last frame: the bare text that V1 and V3 read, and the object of V2."""
    text: list[str | dict[str, Any]] = [] if vocabulary is Vocabulary.V2 else [DONE]
    objects = [{"done": True}] if vocabulary in (Vocabulary.V2, Vocabulary.V1_OR_V2) else []
    return [*text, *objects]


def address(vocabulary: Vocabulary, user_id: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return a message in the envelope of V3, whose clients read `env` in each; others need none."""
    if vocabulary is not Vocabulary.V3:
        return message
    return {"action": "UI", "userId": user_id, "sendTo": "frontend", "env": {}, **message}


def _write_button(name: str) -> dict[str, Any]:
    value = _V2_VALUES.get(name, name)
    return {"text": name, "value": value, "icon": True, "confirm": value == "end"}
