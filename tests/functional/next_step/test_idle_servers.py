"""Participants who come back after their server has ended for lack of a player."""

import pytest

from hippo.records.codes import IDLE_ENDS, EndReason
from tests.support.study_world import PROJECT, USER, StudyWorld


@pytest.fixture
def away_world(world: StudyWorld) -> StudyWorld:
    """Return a participant who has left their game for a quarter of an hour, and whose server has ended."""
    world.reach_game()
    world.clock.advance(900)
    world.put_server("stopped", reason=EndReason.IDLE)
    return world


def test_next_server_is_requested_at_once(away_world: StudyWorld) -> None:
    """Given a page that asks about its game, the response is `wait` and says why, and one start is sent."""
    before = len(away_world.messages("start"))

    answer = away_world.get(step=2)
    away_world.clock.advance(5)
    again = away_world.get(step=2)

    assert (answer.page, answer.step, answer.content["closed"]) == ("wait", 3, "idle")
    assert again.page == "wait"
    [start] = away_world.messages("start")[before:]
    assert (start["projectId"], start["userId"]) == (PROJECT, USER)
    assert start["requestId"].endswith("/2")


def test_game_is_shown_again_on_the_next_server(away_world: StudyWorld) -> None:
    """Given the next server, the same page gets the game again, and the record names the attempt."""
    away_world.get(step=2)
    away_world.put_server("ready", attempt=2)

    answer = away_world.get(step=2)

    assert (answer.page, answer.step, "closed" in answer.content) == ("show_game_page", 3, False)
    record = away_world.record()
    assert (record["nextStep"], record["shownAttempt"]) == (4, 2)


def test_server_that_is_still_being_stopped_is_requested_afterwards(away_world: StudyWorld) -> None:
    """Given a server that is just being removed, the start is sent by the first poll after that."""
    away_world.put_server("stopping", reason=EndReason.IDLE, lease_until=away_world.minutes_later(5))
    before = len(away_world.messages("start"))
    answer = away_world.get(step=2)
    assert (answer.page, answer.content["closed"]) == ("wait", "idle")
    assert len(away_world.messages("start")) == before
    away_world.put_server("stopped", reason=EndReason.IDLE)
    away_world.clock.advance(5)

    away_world.get(step=2)

    assert len(away_world.messages("start")) == before + 1


def test_existing_front_end_continues_the_study(away_world: StudyWorld) -> None:
    """Given a client that never sends `step`, its GET reports the end of the game as always."""
    answer = away_world.get()

    assert (answer.status, answer.step) == (200, 4)


def test_study_that_starts_no_servers_says_that_the_game_has_ended(world: StudyWorld) -> None:
    """Given a server that an operator had started, nothing could start another one, so the page says so."""
    world.publish(events={"startServerStep": "", "stopServerStep": 4})
    world.reach_game()
    world.clock.advance(900)
    world.put_server("stopped", reason=EndReason.IDLE)

    answer = world.get(step=2)

    assert (answer.content["error"], answer.step) == ("server_stopped", 3)


@pytest.mark.parametrize("reason", IDLE_ENDS)
def test_participant_before_the_game_gets_another_server(world: StudyWorld, reason: str) -> None:
    """Given a server that ended while its participant read a page, reaching the game requests another."""
    world.get()
    world.post({"page": "consent"}, step=1)
    world.put_server("stopped", reason=reason)
    before = len(world.messages("start"))

    answer = world.post({"page": "quiz"}, step=2)

    assert (answer.page, "closed" in answer.content) == ("wait", False)
    assert len(world.messages("start")) == before + 1


def test_game_is_not_shown_while_its_server_may_be_stopped(world: StudyWorld) -> None:
    """Given a server that stop_server has leased to find out whether it is unused, the participant waits."""
    world.get()
    world.post({"page": "consent"}, step=1)
    world.put_server("ready", owner="stop", lease_until=world.minutes_later(5))

    reached = world.post({"page": "quiz"}, step=2)
    polled = world.get(step=2)
    world.put_server("ready")

    assert (reached.page, polled.page) == ("wait", "wait")
    assert world.get(step=2).page == "show_game_page"


def test_game_that_was_shown_stays_while_its_server_is_leased(world: StudyWorld) -> None:
    """Given a reload of a game that was shown before the lease, it is shown again."""
    world.reach_game()
    world.put_server("ready", owner="stop", lease_until=world.minutes_later(5))

    assert world.get(step=2).page == "show_game_page"
