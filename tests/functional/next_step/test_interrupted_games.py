"""A server that fails during the game: the participant waits for another one, and the game is not skipped."""

import pytest

from hippo.records.codes import EndReason
from hippo.records.server import MAX_ATTEMPTS
from tests.support.study_world import GAME_URL, PROJECT, SURVEY, USER, StudyWorld


@pytest.fixture
def playing_world(world: StudyWorld) -> StudyWorld:
    """Return a participant who has played for a minute."""
    world.reach_game()
    world.clock.advance(60)
    return world


@pytest.mark.parametrize("reason", [EndReason.TASK_ENDED, EndReason.SPOT_TAKEN])
@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_poll_about_a_failed_server_waits(playing_world: StudyWorld, state: str, reason: str) -> None:
    """Given a failed server that is being removed, the response is `wait` at the game."""
    playing_world.put_server(state, reason=reason)

    answer = playing_world.get(step=2)

    assert (answer.page, answer.step) == ("wait", 3)
    assert "progress" in answer.content


def test_while_it_is_cleared_away_the_next_one_counts_as_starting(playing_world: StudyWorld) -> None:
    """Given a server that is being replaced, the response does not mention a queue."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)

    assert playing_world.get(step=2).content["progress"] == "starting"


def test_waiting_participant_gets_the_next_server(playing_world: StudyWorld) -> None:
    """Given the wait, the game comes again at the same step once the replacement is ready."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)
    playing_world.put_server("starting", attempt=2, lease_until=playing_world.minutes_later(5))
    waiting = playing_world.get(step=2)
    playing_world.put_server("ready", attempt=2)

    answer = playing_world.get(step=2)

    assert waiting.page == "wait"
    assert (answer.page, answer.step, answer.content["server"]) == ("show_game_page", 3, GAME_URL)
    assert playing_world.record()["nextStep"] == 4
    assert "interruptedAt" not in playing_world.record()


def test_next_step_never_goes_back(playing_world: StudyWorld) -> None:
    """Given the wait for another server, the record's nextStep stays that after the game."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)

    assert playing_world.record()["nextStep"] == 4
    assert playing_world.record()["interruptedAt"]


def test_waiting_for_another_server_is_written_once(playing_world: StudyWorld) -> None:
    """Given a waiting participant, each poll reads twice and writes nothing."""
    playing_world.put_server("starting", attempt=2, lease_until=playing_world.minutes_later(5))
    playing_world.get(step=2)
    playing_world.aws.reset()

    playing_world.get(step=2)

    assert playing_world.aws.count() == {"GetObject": 2}


def test_get_without_step_ends_the_game_as_ever(playing_world: StudyWorld) -> None:
    """Given a front end without step, the game is over when its socket closes and it asks, whatever the
    server's state."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)

    answer = playing_world.get()

    assert (answer.page, answer.step) == (SURVEY, 4)


def test_get_without_step_does_not_skip_a_game_that_is_awaited_again(playing_world: StudyWorld) -> None:
    """Given a waiting page, another tab without a step waits too."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)
    playing_world.clock.advance(60)

    answer = playing_world.get()

    assert (answer.page, answer.step) == ("wait", 3)


def test_reload_soon_after_the_game_was_shown_waits_as_well(world: StudyWorld) -> None:
    """Given a server that fails within 25 s, a front end without step waits after a reload, and its later
    polls do not skip the game."""
    world.reach_game()
    world.clock.advance(10)
    world.put_server("starting", attempt=2, lease_until=world.minutes_later(5))

    answers = [world.get()]
    world.clock.advance(30)
    answers.append(world.get())

    assert [(answer.page, answer.step) for answer in answers] == [("wait", 3)] * 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_game_that_was_over_after_all_advances(playing_world: StudyWorld, method: str) -> None:
    """Given the wait, the study continues when a page reports that it has finished this game."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)

    answer = playing_world.send(method, '{"score": "1"}', user=USER, project=PROJECT, step=3)

    assert (answer.page, answer.step) == (SURVEY, 4)
    assert playing_world.bodies()[3] == '{"score": "1"}'
    assert not {"interruptedAt", "waitingSince"} & playing_world.record().keys()


def test_answer_of_the_page_before_is_kept_as_a_repeat(playing_world: StudyWorld) -> None:
    """Given the wait, an answer without a step is kept and the wait continues."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)

    answer = playing_world.post({"page": "quiz, again"})

    assert (answer.page, answer.step) == ("wait", 3)
    assert [(r["step"], r["body"]) for r in playing_world.record()["repeats"]] == [
        (2, '{"page": "quiz, again"}')
    ]


def test_missing_replacement_is_requested_after_a_minute(playing_world: StudyWorld) -> None:
    """Given a lost message, a poll after 60 s of waiting requests the next attempt."""
    playing_world.put_server("stopped", reason=EndReason.TASK_ENDED, attempt=1)
    playing_world.get(step=2)
    sent = len(playing_world.messages("start"))
    playing_world.clock.advance(61)

    playing_world.get(step=2)

    assert [m["requestId"] for m in playing_world.messages("start")[sent:]] == [f"{PROJECT}/{USER}/1/2"]


def test_replacement_without_a_free_slot_is_awaited(playing_world: StudyWorld) -> None:
    """Given a new attempt that failed for lack of a slot, the participant waits in the queue."""
    playing_world.put_server("stopped", reason=EndReason.NO_SLOT, attempt=2)

    answer = playing_world.get(step=2)

    assert (answer.page, answer.content["progress"]) == ("wait", "queued")


def test_server_that_was_stopped_regularly_has_ended_the_game(playing_world: StudyWorld) -> None:
    """Given a stop for any other reason, the page says that the game has ended, as always."""
    playing_world.put_server("stopped", reason="maxRuntime")

    assert playing_world.get(step=2).content["error"] == "server_stopped"


def test_stop_while_the_next_one_is_awaited_ends_the_game(playing_world: StudyWorld) -> None:
    """Given the wait, the game ends when an operator stops the server permanently, and no poll starts
    another one."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)
    playing_world.put_server("stopped", reason="requested")
    playing_world.clock.advance(61)
    sent = len(playing_world.messages("start"))

    answer = playing_world.get(step=2)

    assert answer.content["error"] == "server_stopped"
    assert len(playing_world.messages("start")) == sent


def test_last_failed_attempt_is_reported(playing_world: StudyWorld) -> None:
    """Given a game that failed in every attempt, a page says so instead of an endless wait."""
    playing_world.put_server("failed", error="five attempts", reason=EndReason.TASK_ENDED, tries=MAX_ATTEMPTS)

    assert playing_world.get(step=2).content["error"] == "server_failed"


def test_two_games_in_a_row_are_not_mixed_up(world: StudyWorld) -> None:
    """Given two game steps and a server that fails in the first, that game is awaited and shown again."""
    steps = {"1": "consent.html", "2": "game", "3": "game", "4": "survey.html", "finalStep": "thanks.html"}
    world.publish(steps=steps, events={"startServerStep": 1, "stopServerStep": 4})
    world.put_server()
    world.get()
    world.post({"page": "consent"})
    world.clock.advance(60)
    world.put_server("stopping", reason=EndReason.TASK_ENDED)

    waiting = world.get(step=1)
    world.put_server("ready", attempt=2)
    again = world.get(step=1)

    assert (waiting.page, waiting.step) == ("wait", 2)
    assert (again.page, again.step) == ("show_game_page", 2)


def test_game_whose_server_does_not_come_back_can_be_left(playing_world: StudyWorld) -> None:
    """Given the wait, the page says so when the server is stopped permanently, and a front end without
    step continues by submitting it."""
    playing_world.put_server("stopping", reason=EndReason.TASK_ENDED)
    playing_world.get(step=2)
    playing_world.put_server("stopped", reason="requested")

    told, answer = playing_world.get(), playing_world.post({})

    assert told.content["error"] == "server_stopped"
    assert (answer.page, answer.step) == (SURVEY, 4)
