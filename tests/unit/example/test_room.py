"""Tests of who may connect to the game server, and of failures during a game."""

import asyncio
import json

import pytest
from environment import Environment
from room import Outbox
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.game_client import HELLO, START, USER, greet, is_done, is_error, is_frame, read_until


@pytest.mark.parametrize(
    ("hello", "environ"),
    [
        ({"userId": "someone-else", "projectId": "mountain_car"}, {"USER_ID": USER}),
        ({"userId": USER, "projectId": "other"}, {}),
        ({"userId": USER}, {"PROJECT_ID": ""}),
    ],
)
def test_hello_of_the_wrong_participant_or_project_is_rejected(play, make_settings, store, hello, environ):
    """Given another participant or project than the server's, the client gets an error and nothing is
    played.
    """

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send(json.dumps(hello))
            error = json.loads(await socket.recv())
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            return error, socket.close_code

    error, code = play(player, make_settings(environ))

    assert "error" in error
    assert (code, store.files) == (1008, {})


def test_server_belongs_to_the_first_who_says_hello(play):
    """Given a participant who plays, another one is rejected."""

    async def player(address):
        async with connect(f"ws://{address}") as socket, connect(f"ws://{address}") as stranger:
            await greet(socket)
            await stranger.send(json.dumps({"userId": "stranger", "projectId": "mountain_car"}))
            return json.loads(await stranger.recv())

    assert "another participant" in play(player)["error"]


def test_client_without_a_project_plays_the_servers(play, store):
    """Given a hello with an empty projectId, the server's own project is used."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send(json.dumps({"userId": USER.upper(), "projectId": ""}))
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 2)
            await socket.send("done")
            await read_until(socket, is_done)

    play(player)

    assert {(line["projectId"], line["userId"]) for line in store.lines()} == {("mountain_car", USER)}


@pytest.mark.parametrize(("group", "stored"), [("", None), ("0", 0)])
def test_group_is_written_into_each_line(play, make_settings, store, group, stored):
    """Given a group from the platform, each line of the data has it; without one no line has the key."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send(HELLO)
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 2)
            await socket.send("done")
            await read_until(socket, is_done)

    play(player, make_settings({"HIPPO_GROUP": group}))

    assert store.lines()
    assert {line.get("group") for line in store.lines()} == {stored}


def test_slow_client_does_not_stall_others(play):
    """Given a client that does not read at all, another client of the same participant gets its frames."""

    async def player(address):
        async with connect(f"ws://{address}", max_queue=1) as slow, connect(f"ws://{address}") as quick:
            await slow.send(HELLO)
            await greet(quick)
            await quick.send(START)
            frames = [await read_until(quick, is_frame) for _ in range(90)]
            slow.transport.abort()
            return len(frames)

    assert play(player) == 90


def test_waiting_frame_is_replaced_by_a_newer_one():
    """Given frames that arrive while one is being sent, only the newest follows, and messages keep their
    order.
    """

    class StuckSocket:
        def __init__(self):
            self.sent, self.free = [], asyncio.Event()

        async def send(self, text):
            self.sent.append(text)
            await self.free.wait()

        async def close(self, code, reason):
            self.sent.append(code)

    async def deliver():
        socket, outbox = StuckSocket(), Outbox()
        sender = asyncio.create_task(outbox.deliver(socket))
        outbox.put_frame("frame 1")
        await asyncio.sleep(0)
        outbox.put_frame("frame 2")
        outbox.put("error")
        outbox.put_frame("frame 3")
        outbox.put("done")
        outbox.close()
        socket.free.set()
        await sender
        return socket.sent

    assert asyncio.run(deliver()) == ["frame 1", "error", "frame 3", "done", 1000]


def test_too_many_connections_are_rejected(play):
    """Given eight connections, the ninth gets an error."""

    async def player(address):
        sockets_ = [await connect(f"ws://{address}") for _ in range(9)]
        error = json.loads(await sockets_[-1].recv())
        for socket in sockets_:
            await socket.close()
        return error

    assert "too many" in play(player)["error"]


def test_error_in_the_game_lets_the_participant_continue(play, store, monkeypatch):
    """Given a game that fails, the steps so far are kept and the client gets an error, then done."""
    real_step, calls = Environment.step, []

    def step(self, code):
        calls.append(code)
        if len(calls) > 3:
            raise RuntimeError("broken")
        return real_step(self, code)

    monkeypatch.setattr(Environment, "step", step)

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            return await read_until(socket, is_error), await read_until(socket, is_done)

    error, _ = play(player)

    assert "ended because of an error" in error["error"]
    assert len(store.lines()) == 3


def test_stopping_keeps_the_current_episode(play, store):
    """Given a server that is stopped in the middle of an episode, the steps so far are kept."""

    async def player(address):
        socket = await connect(f"ws://{address}")
        await greet(socket)
        await socket.send(START)
        await read_until(socket, lambda m: m.get("frameId", 0) > 3)

    play(player)

    assert store.lines()


def test_failing_store_does_not_delay_the_end_for_long(play, make_store, monkeypatch):
    """Given a bucket that does not respond, the participant gets done after the set time all the same."""
    monkeypatch.setattr("room.STORED_BEFORE_DONE_SECONDS", 0.05)
    monkeypatch.setattr("server.WRITE_SECONDS", 0.05)

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await greet(socket)
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 2)
            await socket.send("done")
            return await read_until(socket, is_done)

    assert play(player, into=make_store(failures=10**9)) == "done"
