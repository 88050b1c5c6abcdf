"""Tests of the game server as a participant's client sees it, over real WebSockets on a loopback port."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.game_client import HELLO, START, USER, greet, is_done, is_error, is_frame, read_until


def test_buttons_first_then_frames(play):
    """Given a hello, the response is the list of buttons and then a first frame, both as text."""

    async def player(address):
        async with connect(f"ws://{address}/") as socket:
            await socket.send(HELLO)
            return [await socket.recv(), await socket.recv()]

    buttons, frame = play(player)

    assert json.loads(buttons) == {"UI": ["left", "start"]}
    assert json.loads(frame)["frameId"] == 1


def test_frames_follow_while_playing(play):
    """Given a start, frames arrive with increasing ids."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            return [(await read_until(socket, is_frame))["frameId"] for _ in range(5)]

    ids = play(player)

    assert ids == sorted(set(ids))


def test_whole_trial_ends_with_done_and_is_recorded(play, make_settings, store):
    """Given a trial played to its end, the client gets done, the connection is closed, and every step is
    kept.
    """

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            await socket.send(json.dumps({"actionType": "rightArrow", "action": "right"}))
            await read_until(socket, is_done)
            kept = list(store.files)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            return kept, socket.close_code

    kept, code = play(player, make_settings(maxSteps=4))

    assert ([key.rsplit("_", 1)[1] for key in kept], code) == (["001.jsonl", "002.jsonl"], 1000)
    assert all(key.startswith(f"mountain_car/Trials/{USER}/") for key in kept)
    assert [line["truncated"] for line in store.lines()] == [False, False, False, True] * 2


def test_done_from_the_client_ends_the_game(play, store):
    """Given the bare text done from the client, the server sends done and keeps the steps so far."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            for _ in range(3):
                await read_until(socket, is_frame)
            await socket.send("done")
            await read_until(socket, is_done)
            return store.lines()

    assert play(player)


def test_reconnecting_client_continues_the_trial(play, store):
    """Given a lost connection, the same participant's next connection continues the same episode by
    itself.
    """

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            first = (await read_until(socket, lambda m: m.get("frameId", 0) > 3))["frameId"]
        async with connect(f"ws://{address}") as socket:
            assert "UI" in await greet(socket)
            await read_until(socket, lambda m: m.get("frameId", 0) > first + 3)
            await socket.send("done")
            await read_until(socket, is_done)

    play(player)

    steps = [(line["episode"], line["step"]) for line in store.lines()]
    assert steps == [(1, step) for step in range(1, len(steps) + 1)]


def test_client_that_returns_after_the_end_gets_done(play):
    """Given a trial that is over, a new connection gets done at once."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send("done")
            await read_until(socket, is_done)
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            return await socket.recv()

    assert play(player) == "done"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"userId": "../../x"}', START, '{"userId": "a", "projectId": 5}']
)
def test_bad_first_message_is_reported_and_can_be_corrected(play, text):
    """Given an invalid first message, the client gets an error and can still say hello."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send(text)
            error = json.loads(await socket.recv())
            return error, await greet(socket)

    error, buttons = play(player)

    assert error["error"]
    assert "UI" in buttons


def test_bad_messages_do_not_end_the_game(play):
    """Given invalid messages in the middle of a game, the client gets errors and the game continues."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            for text in ("{", b"\x00", '{"command": 5}', '{"action": 5}', '{"other": 1}'):
                await socket.send(text)
            errors = [await read_until(socket, is_error) for _ in range(4)]
            return errors, await read_until(socket, is_frame)

    errors, frame = play(player)

    assert len(errors) == 4
    assert frame


def test_huge_message_ends_its_connection_only(play):
    """Given a message above the limit, only its connection is closed and the server keeps running."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send("x" * 100_000)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        async with connect(f"ws://{address}") as socket:
            return await greet(socket)

    assert "UI" in play(player)
