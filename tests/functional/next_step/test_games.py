"""The game step: wait for the participant's server, show the game, continue when it is over."""

import pytest

from hippo.records.codes import EndReason
from hippo.records.server import MAX_ATTEMPTS
from tests.support.study_world import GAME_URL, OTHER_USER, PROJECT, SURVEY, USER, StudyWorld


def test_post_that_reaches_the_game_without_server_waits(world: StudyWorld) -> None:
    """Given no server yet, the response at the game step is `wait`."""
    answer = world.reach_waiting()

    assert (answer.page, answer.step, answer.content["steps"]) == ("wait", 3, 4)
    assert world.record()["nextStep"] == 3


def test_post_that_reaches_a_ready_game_gets_it_at_once(world: StudyWorld) -> None:
    """Given a ready server, the response at the game step is the game with its URL."""
    answer = world.reach_game()

    assert (answer.page, answer.step, answer.content["server"]) == ("show_game_page", 3, GAME_URL)
    assert world.record()["nextStep"] == 4


def test_waiting_polls_are_not_stored(world: StudyWorld) -> None:
    """Given a waiting participant, a poll gets `wait` and leaves the record unchanged."""
    world.reach_waiting()
    world.put_server("starting", lease_until=world.minutes_later(5))
    before = world.record()

    pages = []
    for _ in range(4):
        world.clock.advance(5)
        pages.append(world.get().page)

    assert pages == ["wait"] * 4
    assert world.record() == before


def test_poll_gets_the_game_when_the_server_is_ready(world: StudyWorld) -> None:
    """Given a waiting participant, the next poll gets the game once the server is ready."""
    world.reach_waiting()
    world.put_server()

    answer = world.get()

    assert (answer.page, answer.step, answer.content["server"]) == ("show_game_page", 3, GAME_URL)


@pytest.mark.parametrize("state", ["starting", "stopping", "stopped"])
def test_server_that_is_not_ready_keeps_them_waiting(world: StudyWorld, state: str) -> None:
    """Given a record in any other state, the response is `wait`."""
    world.put_server(state)

    assert world.reach_waiting().page == "wait"
    assert world.get().page == "wait"


def test_server_of_another_study_is_not_shown(world: StudyWorld) -> None:
    """Given the participant's server of another study, this study's game is not on it."""
    world.put_server(project="mountain_car-2")

    assert world.reach_waiting().page == "wait"


def test_server_of_another_participant_is_not_shown(world: StudyWorld) -> None:
    """Given only another participant's server, the response is `wait`."""
    world.put_server(user=OTHER_USER)

    assert world.reach_waiting().page == "wait"


def test_server_past_its_deadline_is_not_shown(world: StudyWorld) -> None:
    """Given a server whose shutdown alarm is due, no participant is sent there."""
    world.put_server(deadline=world.minutes_later(-1))

    assert world.reach_waiting().page == "wait"


@pytest.mark.parametrize("seconds", [0, 24.9])
def test_get_soon_after_shows_the_game_again(world: StudyWorld, seconds: float) -> None:
    """Given a game shown less than 25 s ago, a GET is a reload or a retry after a lost response: the game
    comes again with its URL, and the step is not skipped."""
    world.reach_game()
    world.clock.advance(seconds)

    answer = world.get()

    assert (answer.page, answer.step, answer.content["server"]) == ("show_game_page", 3, GAME_URL)


@pytest.mark.parametrize("seconds", [25, 26, 3600])
def test_get_later_ends_the_game(world: StudyWorld, seconds: float) -> None:
    """Given a game shown 25 s ago or longer, a GET means that the game is over: the next page comes."""
    world.reach_game()
    world.clock.advance(seconds)

    answer = world.get()

    assert (answer.page, answer.step) == (SURVEY, 4)


def test_showing_the_game_again_does_not_restart_the_25_seconds(world: StudyWorld) -> None:
    """Given a reload at 20 s, the study continues when the game ends at 30 s."""
    world.reach_game()
    world.clock.advance(20)
    world.get()
    world.clock.advance(10)

    assert world.get().page == SURVEY


def test_post_soon_after_the_game_was_shown_is_kept_and_does_not_skip_it(world: StudyWorld) -> None:
    """Given a second click on the page before the game, the game comes again when its POST arrives after
    the game was shown, and the answer is kept for the page before."""
    world.reach_game()

    answer = world.post({"page": "quiz, second click"})

    assert (answer.page, answer.step) == ("show_game_page", 3)
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [
        (2, '{"page": "quiz, second click"}')
    ]


def test_post_while_waiting_is_kept_and_waits_on(world: StudyWorld) -> None:
    """Given a waiting participant, a changed answer to the page before is kept."""
    world.reach_waiting()

    answer = world.post({"page": "quiz, changed"})

    assert (answer.page, answer.step) == ("wait", 3)
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(2, '{"page": "quiz, changed"}')]


def test_answer_to_a_game_that_has_not_begun_is_kept_for_the_page_before(world: StudyWorld) -> None:
    """Given a waiting participant, they keep waiting when a client claims to have finished the game, and
    what it sent is kept for the last step that was answered."""
    world.reach_waiting()

    answer = world.post({"score": "100"}, step=3)

    assert (answer.page, answer.step) == ("wait", 3)
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(2, '{"score": "100"}')]


def test_record_after_the_game_holds_nothing_of_the_waiting(world: StudyWorld) -> None:
    """Given a game that was awaited, shown and ended, the record no longer holds the times."""
    world.reach_waiting()
    world.clock.advance(70)
    world.get()
    world.put_server()
    world.get()
    waited = world.record().keys()
    world.clock.advance(70)
    world.get()

    assert {"gameShownAt", "startRequestedAt"} <= waited
    assert not {"gameShownAt", "startRequestedAt", "waitingSince"} & world.record().keys()


def test_failed_start_shows_a_page_that_says_so(world: StudyWorld) -> None:
    """Given a permanently failed start, the page names a person to contact instead of an endless wait."""
    world.put_server("failed", error="no such task definition")

    answers = [world.reach_waiting(), world.get()]

    for answer in answers:
        assert "could not be started" in answer.page
        assert "ada@example.org" in answer.page
        assert (answer.step, answer.content["error"]) == (3, "server_failed")


def test_server_whose_task_ended_is_requested_again_after_a_minute(world: StudyWorld) -> None:
    """Given a task that ended before it was reachable, a new attempt is requested under its own id when
    the participant has waited 60 s, while the page still reports the failure."""
    world.put_server(
        "stopped", error="the task stopped: exit 1", reason=EndReason.TASK_ENDED, attempt=2, tries=2
    )
    world.reach_waiting()
    early = world.messages("start")
    world.clock.advance(61)

    answer = world.get()

    assert answer.content["error"] == "server_failed"
    new = [m["requestId"] for m in world.messages("start") if m not in early]
    assert new == [f"{PROJECT}/{USER}/1/3"]


@pytest.mark.parametrize(("reason", "tries"), [("failed", 1), (EndReason.TASK_ENDED, MAX_ATTEMPTS)])
def test_permanently_failed_server_is_not_requested_again(world: StudyWorld, reason: str, tries: int) -> None:
    """Given a failure that a retry cannot fix, or five attempts, longer waiting requests nothing more."""
    world.put_server("stopped", error="taken", reason=reason, tries=tries)
    world.reach_waiting()
    sent = len(world.messages("start"))
    for _ in range(3):
        world.clock.advance(61)
        world.get()

    assert len(world.messages("start")) == sent


def test_game_whose_server_is_gone_says_so_and_advances_by_post(world: StudyWorld) -> None:
    """Given a server that was stopped while the game was shown, a reload shows that the game has ended,
    and submitting that page continues the study."""
    world.reach_game()
    world.clock.advance(600)
    world.put_server("stopped")

    answer = world.get(step=2)

    assert (answer.step, answer.content["error"]) == (3, "server_stopped")
    assert world.post({}, step=3).page == SURVEY


def test_game_server_url_is_the_operators(world: StudyWorld) -> None:
    """Given another pattern for the URL, `server` follows it."""
    world.set_environment(GAME_SERVER_URL="ws://{host}:8765/play")

    assert world.reach_game().content["server"] == f"ws://{USER}.games.example.org:8765/play"


def test_server_made_by_other_means_is_shown_after_a_minute(world: StudyWorld) -> None:
    """Given a host name but no server record, the game is shown to a participant who has waited 60 s."""
    world.put_host_name()
    first = world.reach_waiting()
    world.clock.advance(60)

    answer = world.get()

    assert first.page == "wait"
    assert (answer.page, answer.content["server"]) == ("show_game_page", GAME_URL)


def test_reload_of_a_game_made_by_other_means_shows_it_again(world: StudyWorld) -> None:
    """Given such a game shown a moment ago, a GET shows it again, as with any other."""
    world.put_host_name()
    world.reach_waiting()
    world.clock.advance(60)
    world.get()
    world.clock.advance(5)

    assert world.get().page == "show_game_page"


def test_name_server_is_not_asked_before_a_minute(world: StudyWorld) -> None:
    """Given a participant who has waited less than 60 s, Route 53 is not called: its limit is per account."""
    world.put_host_name()
    world.reach_waiting()
    world.clock.advance(59.9)
    world.aws.reset()

    assert world.get().page == "wait"
    assert "ListResourceRecordSets" not in world.aws.count()


def test_name_is_not_looked_up_when_there_is_a_record(world: StudyWorld) -> None:
    """Given a server record, Route 53 is never called, however long the participant waits."""
    world.put_host_name()
    world.reach_waiting()
    world.put_server("starting", lease_until=world.minutes_later(60))
    world.clock.advance(600)
    world.aws.reset()

    assert world.get().page == "wait"
    assert "ListResourceRecordSets" not in world.aws.count()


def test_name_server_is_asked_again_only_after_another_minute(world: StudyWorld) -> None:
    """Given a missing name, polled every 5 s, Route 53 is called twice in two minutes."""
    world.reach_waiting()
    world.aws.reset()

    for _ in range(24):
        world.clock.advance(5)
        world.get()

    assert world.aws.count()["ListResourceRecordSets"] == 2


def test_name_of_another_participant_is_not_mistaken_for_ours(world: StudyWorld) -> None:
    """Given only a later name in the zone, which Route 53 then returns, the response is `wait`."""
    world.put_host_name(f"{USER}0")
    world.reach_waiting()
    world.clock.advance(60)

    assert world.get().page == "wait"
