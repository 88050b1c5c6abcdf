"""The messages of each upstream front end, replayed against the example's game server over a WebSocket.

The messages are written down from the sources and the documentation of the front ends: what they send for a
hello, a press of Start, an arrow key and a press of the button that ends the game, and where they look for
buttons, pictures and the end. The front ends themselves are not run.
"""

import json
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import connect

from tests.support.game_client import USER, is_error, read_until

SEEN = {"frameCount": 1, "frameId": 1}
RESIZED = {"WindowEvent": {"WINDOWRESIZED": [640, 549]}, **SEEN}
ADDRESS = {"userId": USER, "sendTo": "backend"}


@dataclass(frozen=True)
class FrontEnd:
    """One front end: what it sends, and where it reads buttons, frame and end; `path` leads to the frame."""

    hello: dict
    ready: dict | None  # what it sends by itself while it waits for Start
    start: dict
    right: dict
    released: dict
    stop: dict
    buttons: str
    path: tuple[str, ...]
    end: object

    def find_frame(self, message):
        """Return the frame's id if the front end would show a picture for this message."""
        for key in self.path:
            message = message.get(key, {}) if isinstance(message, dict) else {}
        return message.get("frameId") if message.get("frame") else None


FIRST = FrontEnd(
    hello={"userId": USER, "projectId": "mountain_car", "frameCount": 0, "frameId": 0},
    ready=None,
    start={"command": "start", "system": "Linux", "systemVersion": "1", "browser": "Firefox", **SEEN},
    right={"actionType": "rightArrow", "action": "right", **SEEN},
    released={"actionType": "rightArrow", "action": "noop", **SEEN},
    stop={"command": "stop", **SEEN},
    buttons="UI",
    path=(),
    end="done",
)
FRONT_ENDS = {
    "1.1": FIRST,
    "1.x, which wraps buttons": FrontEnd(
        **{**vars(FIRST), "ready": RESIZED, "stop": {"ButtonEvent": {"BUTTONPRESSED": "stop"}, **SEEN}}
    ),
    "2": FrontEnd(
        hello=FIRST.hello,
        ready=RESIZED,
        start={"ButtonEvent": {"BUTTONPRESSED": "start"}, **SEEN},
        right={"KeyboardEvent": {"KEYDOWN": ["ArrowRight", 65]}, **SEEN},
        released={"KeyboardEvent": {"KEYUP": ["ArrowRight"]}, **SEEN},
        stop={"ButtonEvent": {"BUTTONPRESSED": "end"}, **SEEN},
        buttons="ControlPanel",
        path=("GameWindow",),
        end={"done": True},
    ),
    "newest": FrontEnd(
        hello={"action": "start", **ADDRESS, "projectId": "mountain_car"},
        ready=None,
        start={"action": "command", **ADDRESS, "command": "start"},
        right={"action": "command", **ADDRESS, "KeyboardEvent": {"KEYDOWN": ["ArrowRight", 65]}},
        released={"action": "command", **ADDRESS, "KeyboardEvent": {"KEYUP": ["ArrowRight"]}},
        stop={"action": "command", **ADDRESS, "command": "stop"},
        buttons="UI",
        path=("env",),
        end="done",
    ),
}
REACT = pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)


@pytest.fixture
def settings(make_settings):
    """Return settings with the buttons that the replays press."""
    return make_settings(ui={"left": True, "right": True, "start": True, "stop": True}, maxSteps=5000)


async def send(socket, *messages):
    """Send messages as a front end does."""
    for message in messages:
        await socket.send(json.dumps(message))


@REACT
def test_messages_of_a_front_end_play_a_game(play, settings, store, front_end):
    """Given the messages of a front end, it finds buttons and pictures, steers, and reads the end."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await send(socket, front_end.hello, *([front_end.ready] if front_end.ready else []))
            await read_until(socket, lambda message: front_end.buttons in message)
            first = await read_until(socket, front_end.find_frame)
            await send(socket, front_end.start, front_end.right)
            last = front_end.find_frame(first)
            for _ in range(5):
                frame = await read_until(socket, front_end.find_frame)
                assert front_end.find_frame(frame) > last
                last = front_end.find_frame(frame)
            await send(socket, front_end.released)
            for _ in range(5):
                await read_until(socket, front_end.find_frame)
            await send(socket, front_end.stop)
            await read_until(socket, lambda message: message == front_end.end)

    play(player, settings)

    actions = [line["action"] for line in store.lines()]
    assert {"right", "noop"} >= set(actions) >= {"right"}
    assert actions[-1] == "noop"
    assert {line["userId"] for line in store.lines()} == {USER}


@REACT
@pytest.mark.parametrize(
    ("strange", "reason"),
    [
        ("{", "not valid JSON"),
        (b"\x00\x01", "Binary messages"),
        (" " * 20_000, "larger than 16 KiB"),
        ({"strange": {"a": 1}}, "strange has no effect"),
        ({"command": "good"}, "no command 'good'"),
        ({"ButtonEvent": {"BUTTONPRESSED": "trainOnline"}}, "no command 'trainonline'"),
        ({"actionType": "upArrow", "action": "up"}, "no action 'up'"),
        ({"changeFrameRate": "faster"}, "cannot be changed"),
        ({"MouseEvent": {"MOUSEMOTION": [{"x": 1}]}}, "MouseEvent has no effect"),
    ],
)
def test_what_is_not_understood_gets_an_error(play, settings, front_end, strange, reason):
    """Given something strange from a front end in the middle of a game, it gets an error and plays on."""
    envelope = ADDRESS if "sendTo" in front_end.hello else {}

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await send(socket, front_end.hello, *([front_end.ready] if front_end.ready else []))
            await send(socket, front_end.start)
            await read_until(socket, front_end.find_frame)
            await socket.send(json.dumps({**envelope, **strange}) if isinstance(strange, dict) else strange)
            error = await read_until(socket, is_error)
            return error["error"], await read_until(socket, front_end.find_frame)

    error, frame = play(player, settings)

    assert reason in error
    assert frame


def test_command_with_the_first_hello_counts(play, settings, store):
    """Given a connection whose first message is hello and start at once, the game runs."""
    newest = FRONT_ENDS["newest"]

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await send(socket, newest.start)
            frames = [await read_until(socket, newest.find_frame) for _ in range(4)]
            await send(socket, newest.stop)
            await read_until(socket, lambda message: message == "done")
            return frames

    assert play(player, settings)
    assert store.lines()


def test_message_of_another_participant_in_a_connection_is_refused(play, settings):
    """Given a user id other than the connection's, the client gets an error and nothing else happens."""
    newest = FRONT_ENDS["newest"]

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await send(socket, newest.hello, newest.start)
            await read_until(socket, newest.find_frame)
            await send(socket, {**newest.stop, "userId": "someone-else"})
            error = await read_until(socket, is_error)
            return error["error"], await read_until(socket, newest.find_frame)

    error, frame = play(player, settings)

    assert "another participant" in error
    assert frame["playing"]
