"""Attacks on a game server that the platform has started for one participant, and who is still let in."""

import json
import logging
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.game_client import (
    KEY,
    PROJECT,
    START,
    USER,
    encode,
    greet,
    is_done,
    is_error,
    is_let_in,
    make_ticket,
    open_with,
    read_until,
)

SITE = "https://study.example.org"


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
