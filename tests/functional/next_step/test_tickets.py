"""The address of a game server carries a ticket of its attempt, and starts say who has one."""

import json
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hippo_game.tickets import TicketError, read_ticket
from tests.support.study_world import GAME_URL, PROJECT, USER, StudyWorld

KEY, NEXT_KEY = "key-of-the-first-attempt", "key-of-the-second-attempt"


def put_server(world: StudyWorld, attempt: int = 1, key: str = KEY) -> None:
    """Put a ready server whose attempt has a ticket key."""
    deadline = world.minutes_later(30)
    world.put_server(attempt=attempt, ticket_key=key, tickets="required", group=2, deadline=deadline)


def find_ticket(address: str) -> str:
    """Return the ticket in an address."""
    return parse_qs(urlsplit(address).query)["ticket"][0]


def test_game_comes_with_a_ticket(world: StudyWorld) -> None:
    """Given a server with a key, the address names the participant, the project and the group."""
    put_server(world)

    address = world.reach_waiting().content["server"]

    ticket = read_ticket(find_ticket(address), KEY, world.clock.now().timestamp())
    assert address.startswith(f"{GAME_URL}/?ticket=")
    assert (ticket.user_id, ticket.project_id, ticket.group, ticket.role) == (USER, PROJECT, 2, "player")
    assert ticket.expires == int(world.minutes_later(30).timestamp())


def test_reload_of_the_game_comes_with_the_attempts_ticket(world: StudyWorld) -> None:
    """Given the same attempt, a reload gets the same address; given another, the old ticket is refused."""
    put_server(world)
    first = world.reach_waiting().content["server"]
    again = world.get().content["server"]

    put_server(world, attempt=2, key=NEXT_KEY)
    later = world.get().content["server"]

    assert first == again
    with pytest.raises(TicketError):
        read_ticket(find_ticket(first), NEXT_KEY, world.clock.now().timestamp())
    assert read_ticket(find_ticket(later), NEXT_KEY, world.clock.now().timestamp()).attempt == 2


def test_key_and_ticket_stay_out_of_records_and_logs(world: StudyWorld, caplog: Any) -> None:
    """Given a participant who plays, neither their record nor any log line has key or ticket."""
    put_server(world)
    with caplog.at_level(logging.DEBUG, logger="hippo"):
        ticket = find_ticket(world.reach_waiting().content["server"])
        world.get()

    ours = [entry for entry in caplog.records if entry.name.startswith("hippo")]
    texts = [json.dumps(world.record()), *(str(vars(entry)) for entry in ours)]
    assert ours
    assert not [text for text in texts if KEY in text or ticket in text]


def test_starts_of_a_client_without_step_leave_tickets_optional(world: StudyWorld) -> None:
    """Given an existing front end, which never sends `step`, its participant's server admits a hello."""
    world.get()

    assert [message["tickets"] for message in world.messages("start")] == ["optional"]
    assert "sendsStep" not in world.record()


def test_starts_of_a_client_with_step_require_tickets(world: StudyWorld) -> None:
    """Given our own page, which sends `step` with its first request, the server needs a ticket."""
    world.get(step=0)

    assert [message["tickets"] for message in world.messages("start")] == ["required"]
    assert world.record()["sendsStep"] is True


def test_tickets_stay_required(world: StudyWorld) -> None:
    """Given `step` in an earlier request only, later starts still require tickets."""
    world.publish(events={"startServerStep": 2, "stopServerStep": 4})
    world.get(step=0)
    world.post({"page": "consent"})

    assert [message["tickets"] for message in world.messages("start")] == ["required"]
    assert world.record()["sendsStep"] is True


def test_lost_race_does_not_count_as_step(world: StudyWorld) -> None:
    """Given a request without `step` that lost to another write, the participant has not sent `step`."""
    world.get()
    world.aws.before("PutObject", lambda: world.post({"page": "rival"}))

    world.post({"page": "consent"})

    assert "sendsStep" not in world.record()
