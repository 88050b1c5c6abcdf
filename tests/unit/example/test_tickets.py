"""Attacks on a game server that the platform has started for one participant, and who is still let in."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import socket as sockets
import time

import pytest
import server
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hippo_game import idle, strangers
from tests.support.game_client import START, USER, greet, is_done, is_error, is_frame, read_until

PROJECT, KEY = "mountain_car", "the-key-of-this-attempt"
HELLO = json.dumps({"userId": USER, "projectId": PROJECT})
SITE = "https://study.example.org"


def make_ticket(key=KEY, **changes):
    """Return a ticket as the platform writes it, with some values changed."""
    content = {"u": USER, "p": PROJECT, "g": 1, "s": "player", "r": "player", "a": 1, "e": time.time() + 600}
    payload = encode(json.dumps(content | changes).encode())
    return f"{payload}.{encode(hmac.digest(key.encode(), payload.encode(), hashlib.sha256))}"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def open_with(address, ticket, **options):
    """Connect with a ticket."""
    return connect(f"ws://{address}/?ticket={ticket}", **options)


async def is_let_in(address, **options):
    """Return whether the participant gets frames, with a ticket."""
    async with open_with(address, make_ticket(), **options) as socket:
        await greet(socket)
        await socket.send(START)
        # The first frame may be from before the first step.
        frames = [await read_until(socket, is_frame) for _ in range(3)]
        return all(map(is_frame, frames))


@pytest.fixture
def guard(make_settings):
    """Return a function that makes the settings of a server with a key."""

    def make(use="required", **environ):
        own = {
            "HIPPO_USER_ID": USER,
            "HIPPO_PROJECT_ID": PROJECT,
            "HIPPO_TICKETS": use,
            "HIPPO_TICKET_KEY": KEY,
        }
        return make_settings({"PROJECT_ID": "", **own, **environ})

    return make


def test_first_socket_of_a_stranger_does_not_get_the_game(play, guard, store):
    """Given a stranger who connects first, they are refused and the participant plays."""

    async def player(address):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://{address}")
        return refusal.value.response.status_code, await is_let_in(address)

    assert play(player, guard()) == (403, True)
    assert {line["userId"] for line in store.lines()} == {USER}


@pytest.mark.parametrize(
    "ticket",
    [
        make_ticket(key="the-key-of-another-attempt"),
        make_ticket(e=time.time() - 1),
        make_ticket(r="viewer"),
        make_ticket(u="stranger"),
        make_ticket(p="other"),
        make_ticket(e="soon"),
        make_ticket().partition(".")[0],
        make_ticket().partition(".")[0] + ".",
        encode(b'{"u":"stranger"}') + "." + make_ticket().partition(".")[2],
        "",
        ".",
        "%00",
        "x" * 5000,
    ],
    ids=range(13),
)
@pytest.mark.parametrize("use", ["required", "optional"])
def test_wrong_tickets_are_refused(play, guard, store, ticket, use):
    """Given a ticket that is forged, expired, of another attempt, of a viewer or of another participant, the
    connection does not open.
    """

    async def player(address):
        with pytest.raises(InvalidStatus) as refusal:
            await open_with(address, ticket)
        return refusal.value.response.status_code

    assert play(player, guard(use)) == 403
    assert store.files == {}


@pytest.mark.parametrize("use", ["required", "optional"])
def test_another_id_in_the_hello_changes_nothing(play, guard, store, use):
    """Given a ticket and a hello of another participant, the connection is closed and nothing is stored."""

    async def player(address):
        async with open_with(address, make_ticket()) as socket:
            await socket.send(json.dumps({"userId": "stranger", "projectId": PROJECT}))
            return (await read_until(socket, is_error))["error"]

    assert "another participant" in play(player, guard(use))
    assert store.files == {}


def test_identity_comes_from_the_ticket(play, guard, store):
    """Given a client that says nothing about itself, the data has the ticket's participant and group."""

    async def player(address):
        async with open_with(address, make_ticket()) as socket:
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 2)
            await socket.send("done")
            await read_until(socket, is_done)

    play(player, guard())

    assert {(line["userId"], line["projectId"], line["group"]) for line in store.lines()} == {
        (USER, PROJECT, 1)
    }


@pytest.mark.parametrize("use", ["required", "optional"])
def test_silent_sockets_do_not_keep_the_participant_out(play, guard, use):
    """Given more silent TCP connections than the server holds, the participant plays."""

    async def player(address):
        host, _, port = address.partition(":")
        silent = [sockets.create_connection((host, int(port))) for _ in range(3 * strangers.MOST_PER_ADDRESS)]
        result = await is_let_in(address)
        for socket in silent:
            socket.close()
        return result

    assert play(player, guard(use))


def test_eight_silent_clients_do_not_keep_the_participant_out(play, guard):
    """Given eight open clients that never say hello where hellos are admitted, the participant plays."""

    async def player(address):
        silent = [await connect(f"ws://{address}") for _ in range(8)]
        result = await is_let_in(address)
        async with connect(f"ws://{address}") as socket:
            await greet(socket)  # the existing front end's way
        for socket in silent:
            await socket.close()
        return result

    assert play(player, guard("optional"))


def test_oldest_stranger_goes_when_there_are_too_many(play, guard):
    """Given one more silent client than an address may have, the oldest one is closed."""

    async def player(address):
        silent = [await connect(f"ws://{address}") for _ in range(strangers.MOST_PER_ADDRESS + 1)]
        with pytest.raises(ConnectionClosed):
            await silent[0].recv()
        open_ones = [socket for socket in silent if socket.close_code is None]
        for socket in silent:
            await socket.close()
        return len(open_ones)

    assert play(player, guard("optional")) == strangers.MOST_PER_ADDRESS


def test_strangers_who_come_too_fast_are_refused(play, guard, monkeypatch):
    """Given more requests without a ticket within a second than an address may send, the rest are refused,
    and a ticket still opens the game.
    """
    monkeypatch.setattr("hippo_game.strangers.MOST_PER_SECOND", 0)

    async def player(address):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://{address}")
        return refusal.value.response.status_code, await is_let_in(address)

    assert play(player, guard("optional")) == (429, True)


def test_ninth_window_of_the_participant_is_refused(play, guard):
    """Given eight connections with a ticket, another one with a ticket gets an error."""

    async def player(address):
        windows = [await open_with(address, make_ticket()) for _ in range(9)]
        error = json.loads(await windows[-1].recv())
        for window in windows:
            await window.close()
        return error

    assert "too many" in play(player, guard())["error"]


@pytest.mark.parametrize(
    ("use", "origin", "status"),
    [
        ("required", SITE, None),
        ("required", "https://elsewhere.example.net", 403),
        ("required", "null", 403),
        ("required", None, None),
        ("optional", "https://elsewhere.example.net", None),
    ],
)
def test_origin_must_be_the_sites(play, guard, use, origin, status):
    """Given the page of another site, a server that requires tickets refuses it; programs send no origin."""
    settings = guard(use, HIPPO_ORIGINS=f"https://d1.example.net,{SITE}")

    async def player(address):
        try:
            return await is_let_in(address, origin=origin)
        except InvalidStatus as refusal:
            return refusal.response.status_code

    assert play(player, settings) == (True if status is None else status)


def test_origin_is_not_checked_unless_the_site_is_known(play, guard):
    """Given a stack that names no site, a page of any origin may use its ticket."""

    async def player(address):
        return await is_let_in(address, origin="https://elsewhere.example.net")

    assert play(player, guard())


@pytest.mark.parametrize(("user", "is_admitted"), [(USER, True), (USER.upper(), True), ("stranger", False)])
def test_existing_front_ends_say_hello(play, guard, user, is_admitted):
    """Given a client that never sends `step`, a hello with the right id opens the game, and no other does."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            await socket.send(json.dumps({"userId": user, "projectId": PROJECT}))
            return "UI" in json.loads(await socket.recv())

    assert play(player, guard("optional")) is is_admitted


def test_tickets_and_keys_are_not_logged(play, guard, caplog):
    """Given valid and refused tickets, the log has neither them nor the key, and each reason once."""
    expired = make_ticket(e=0)
    valid = make_ticket()

    async def player(address):
        for _ in range(3):
            with pytest.raises(InvalidStatus):
                await open_with(address, expired)
        async with open_with(address, valid) as socket:
            await greet(socket)

    with caplog.at_level(logging.INFO):
        logging.getLogger("websockets").setLevel(logging.CRITICAL)  # as the program does
        play(player, guard())

    ours = [entry for entry in caplog.records if not entry.name.startswith(("websockets", "asyncio"))]
    text = "\n".join(str(vars(entry)) for entry in ours)
    assert ["has expired" in entry.getMessage() for entry in ours].count(True) == 1
    assert not [secret for secret in (KEY, expired, valid) if secret in text]
    assert KEY not in repr(guard())


@pytest.mark.parametrize("use", ["required", "optional"])
def test_strangers_do_not_keep_a_server_running(guard, make_recorder, store, use):
    """Given strangers who hold connections open, a server without its player ends as idle."""

    async def run():
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        settings = guard(use, HIPPO_IDLE_MINUTES="0.01")
        on_ready = lambda s: port.set_result(s.sockets[0].getsockname()[1])  # noqa: E731
        running = asyncio.create_task(server.run_server(settings, make_recorder(store), stop, on_ready))
        address = await port
        strangers = [await asyncio.open_connection("127.0.0.1", address) for _ in range(3)]
        code = await asyncio.wait_for(running, 30)
        for _, writer in strangers:
            writer.close()
        return code

    assert asyncio.run(run()) == idle.EXIT_CODE
