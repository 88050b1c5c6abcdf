"""Tickets, as the platform writes them and the game server reads them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hippo.records.server import ServerRecord, read_record, write_record
from hippo.records.tickets import add_ticket, make_ticket_key, write_ticket
from hippo_game.tickets import Ticket, read_ticket

DEADLINE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECORD = ServerRecord("ada", "maze", "ready", attempt=2, group=1, ticket_key="secret", deadline=DEADLINE)


def test_game_server_reads_what_the_platform_writes() -> None:
    """Given a server's key, its participant's ticket names participant, project, group, seat and attempt."""
    ticket = read_ticket(write_ticket(RECORD), "secret", now=DEADLINE.timestamp() - 1)

    assert ticket == Ticket("ada", "maze", 1, "player", "player", 2, DEADLINE.timestamp())


def test_ticket_of_a_participant_stays_the_same() -> None:
    """Given an unchanged record, a page that is loaded again gets the address that it had."""
    assert write_ticket(RECORD) == write_ticket(read_record(json.loads(write_record(RECORD))))


def test_new_attempt_has_another_ticket() -> None:
    """Given another attempt, whose key differs, the ticket differs."""
    assert write_ticket(RECORD) != write_ticket(replace(RECORD, attempt=3, ticket_key="another"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://ada.example.org:5000", "wss://ada.example.org:5000/?ticket="),
        ("wss://ada.example.org:5000/", "wss://ada.example.org:5000/?ticket="),
        ("wss://example.org/ada", "wss://example.org/ada?ticket="),
        ("wss://example.org/?host=ada", "wss://example.org/?host=ada&ticket="),
    ],
)
def test_address_carries_the_ticket(url: str, expected: str) -> None:
    """Given any address of a game server, the ticket is a parameter of its query."""
    assert add_ticket(url, RECORD) == expected + write_ticket(RECORD)


def test_server_without_a_key_has_a_plain_address() -> None:
    """Given a record of an earlier release, or a server without tickets, the address is as before."""
    record = replace(RECORD, ticket_key="")

    assert (write_ticket(record), add_ticket("wss://ada:5000", record)) == ("", "wss://ada:5000")


def test_keys_are_random_and_not_shown() -> None:
    """Given a record, its representation in an error or a log does not show the key."""
    keys = {make_ticket_key() for _ in range(100)}

    assert (len(keys), min(map(len, keys))) == (100, 43)
    assert "secret" not in repr(RECORD)
