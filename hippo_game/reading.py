"""Reads what a client says, in any vocabulary; the rest becomes an error."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hippo_game.messages import (
    NOOP,
    Action,
    ChangeFrameRate,
    Command,
    Hello,
    Message,
    ProtocolError,
    Reading,
    read_hello,
    read_word,
)
from hippo_game.vocabulary import DONE, Vocabulary

MAX_MESSAGE_BYTES = 16 * 1024
DIRECTIONS = {"left", "right", "up", "down", "leftup", "rightup", "leftdown", "rightdown", "fire"}
# Keys as in KeyboardEvent.key, with the actions that front ends of V1 send for them.
KEYS = {
    "arrowleft": "left",
    "arrowright": "right",
    "arrowup": "up",
    "arrowdown": "down",
    "a": "left",
    "d": "right",
    "w": "up",
    "s": "down",
    " ": "fire",
}
# Keys that say who sends, what is on the screen, or which browser it is.
_ENVELOPE = frozenset(
    ("userId", "projectId", "sendTo", "routeKey", "actionType", "frameCount", "frameId")
    + ("system", "systemVersion", "browser", "browserVersion")
)
# The words that V3 writes into `action` to address a message.
_HELLO_ROUTE = "start"
_ROUTES = {_HELLO_ROUTE, "command", "save", "ui", "done"}
_FRAME_RATE_BUTTONS = {"fpsup": "faster", "fpsdown": "slower"}
# Reports that come many times a second: one error for each kind is enough.
_FREQUENT = {"MouseEvent", "KeyboardEvent", "WindowEvent", "SliderEvent"}
_SAYS_NOTHING = "The message says nothing that this server understands."

Part = tuple[str, Callable[[], list[Message]]]


class Reader:
    """A reader of one client's messages; it knows the keys that are held and the kinds already reported."""

    def __init__(self, buttons: Iterable[str]) -> None:
        """Read for a client that shows these buttons; keys of others have no effect."""
        self._buttons = {name.lower() for name in buttons}
        self._held: list[str] = []
        self._reported: set[str] = set()

    def read(self, raw: Mapping[str, Any], vocabulary: Vocabulary) -> Reading:
        """Return what an object says; it may be hello and command at once."""
        messages: list[Message] = []
        errors: list[str] = []
        route = vocabulary is Vocabulary.V3 and _is_route(raw)
        used = {*_ENVELOPE, *(["action"] if route else [])}
        for key, parse in self._list_parts(raw, vocabulary, route):
            try:
                found = parse()
            except ProtocolError as error:
                if key == "userId":
                    return Reading(errors=(str(error),))
                errors.append(str(error))
                found = None
            messages += found or ()
            if found is None or found:
                used.add(key)
        unused = [key for key, value in raw.items() if value and key not in used]
        errors += self._explain(unused)
        if not (errors or unused or _is_enough(raw, messages)):
            errors.append(_SAYS_NOTHING)
        return Reading(tuple(messages), tuple(errors))

    def _list_parts(self, raw: Mapping[str, Any], vocabulary: Vocabulary, route: bool) -> Iterator[Part]:
        if "userId" in raw:
            yield "userId", lambda: [read_hello(raw["userId"], raw.get("projectId"))]
        if raw.get("ButtonEvent"):
            yield "ButtonEvent", lambda: [_read_button(raw["ButtonEvent"])]
        if raw.get("command"):
            yield "command", lambda: [_name_command(read_word(raw["command"], "command"))]
        if raw.get("changeFrameRate"):
            yield "changeFrameRate", lambda: [_read_frame_rate(raw["changeFrameRate"])]
        if raw.get("action") and not route:
            yield "action", lambda: [Action(read_word(raw["action"], "action"))]
        if raw.get("KeyboardEvent") and vocabulary in (Vocabulary.V2, Vocabulary.V3):
            yield "KeyboardEvent", lambda: self._read_key(raw["KeyboardEvent"])

    def _read_key(self, event: object) -> list[Message]:
        """Return the action that is held from now on; nothing for a key without one."""
        kind, values = next(iter(event.items()), (None, None)) if isinstance(event, dict) else (None, None)
        if kind not in ("KEYDOWN", "KEYUP") or not (isinstance(values, list) and values):
            raise ProtocolError("KeyboardEvent must hold KEYDOWN or KEYUP with a list: the key first.")
        action = KEYS.get(str(values[0]).lower())
        if action is None or action not in self._buttons:
            return []
        self._held = [name for name in self._held if name != action]
        if kind == "KEYDOWN":
            self._held.append(action)
        return [Action(self._held[-1] if self._held else NOOP)]

    def _explain(self, unused: Iterable[str]) -> Iterator[str]:
        for key in unused:
            if key in self._reported:
                continue
            if key in _FREQUENT:  # anything else would let a client fill the memory with its keys
                self._reported.add(key)
            yield f"{key[:40]} has no effect in this game."


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Return the object in a text; the bare `done` is the command to stop. Raises ProtocolError."""
    if isinstance(text, bytes):
        raise ProtocolError("Binary messages are not supported. Send text messages.")
    if len(text.encode(errors="surrogatepass")) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"The message is larger than {MAX_MESSAGE_BYTES // 1024} KiB. Send less.")
    if text.strip() == DONE:
        return {"command": "stop"}
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The message is not valid JSON.") from error
    if not isinstance(raw, dict):
        raise ProtocolError("The message must be a JSON object.")
    return raw


def _is_route(raw: Mapping[str, Any]) -> bool:
    """Return whether `action` only addresses the message, as opposed to an action of the game."""
    if "actionType" in raw or not raw.get("action"):
        return False
    content = {key for key, value in raw.items() if value} - _ENVELOPE - {"action"}
    return bool(content) or str(raw["action"]).lower() in _ROUTES


def _is_enough(raw: Mapping[str, Any], messages: Iterable[Message]) -> bool:
    """Return whether something was said: a hello alone is enough unless its route announces more."""
    if any(not isinstance(message, Hello) for message in messages):
        return True
    return "userId" in raw and str(raw.get("action") or _HELLO_ROUTE).lower() == _HELLO_ROUTE


def _read_button(event: object) -> Message:
    word = read_word(event.get("BUTTONPRESSED") if isinstance(event, dict) else None, "BUTTONPRESSED")
    if word in DIRECTIONS:
        return Action(word)
    if word in _FRAME_RATE_BUTTONS:
        return ChangeFrameRate(_FRAME_RATE_BUTTONS[word])
    return _name_command(word)


def _name_command(word: str) -> Message:
    # Front ends have a button of either name.
    return Command("stop" if word == "end" else word)


def _read_frame_rate(value: object) -> Message:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ProtocolError("changeFrameRate must be faster, slower or a number.")
    return ChangeFrameRate(str(value).strip().lower())
