"""A participant's progress, and the effect of a request."""

from datetime import UTC, datetime, timedelta

import pytest

from hippo.errors import BadRequestError
from hippo.journey.progress import Move, Phase, Progress, decide, find_progress, parse_step, settle
from hippo.records.participant import Participant
from hippo.studies.study import Study

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
STUDY = Study(
    "p",
    {"steps": {"1": "a.html", "2": "game", "3": "b.html", "finalStep": "c.html"}},
    lambda _file: None,
    lambda _file: [],
)
PAGE, WAITING, PLAYING = Progress(Phase.PAGE, 1), Progress(Phase.WAITING, 2), Progress(Phase.PLAYING, 2)
NOWHERE, FINAL = Progress(Phase.NOWHERE, 0), Progress(Phase.FINAL, 4)


@pytest.mark.parametrize(
    ("next_step", "waiting", "expected"),
    [
        (1, False, NOWHERE),
        (2, False, PAGE),
        (2, True, WAITING),
        (3, False, PLAYING),
        (4, False, Progress(Phase.PAGE, 3)),
        (5, False, FINAL),
        (99, False, FINAL),
        (0, False, NOWHERE),
        (3, True, PLAYING),
    ],
)
def test_progress_of_a_record(next_step: int, waiting: bool, expected: Progress) -> None:
    """Given nextStep, and whether the participant waits at a game, the progress is found and never beyond
    the end."""
    participant = Participant(NOON, next_step, waiting_since=NOON if waiting else None)

    assert find_progress(participant, STUDY) == expected


def test_progress_without_record() -> None:
    """Given no record, the participant has no progress."""
    assert find_progress(None, STUDY) == NOWHERE


@pytest.mark.parametrize(
    ("progress", "method", "finished", "expected"),
    [
        (NOWHERE, "GET", None, Move.ADVANCE),
        (NOWHERE, "POST", None, Move.ADVANCE),
        (NOWHERE, "GET", 0, Move.ADVANCE),
        (PAGE, "GET", None, Move.SHOW),
        (PAGE, "GET", 0, Move.SHOW),
        (PAGE, "GET", 1, Move.SHOW),
        (PAGE, "POST", None, Move.ADVANCE),
        (PAGE, "POST", 1, Move.ADVANCE),
        (PAGE, "POST", 0, Move.REPEAT),
        (WAITING, "GET", None, Move.SHOW),
        (WAITING, "GET", 1, Move.SHOW),
        (WAITING, "GET", 2, Move.SHOW),
        (WAITING, "POST", None, Move.REPEAT),
        (WAITING, "POST", 1, Move.REPEAT),
        (WAITING, "POST", 2, Move.REPEAT),
        (PLAYING, "GET", 1, Move.SHOW),
        (PLAYING, "POST", 1, Move.REPEAT),
        (PLAYING, "GET", 2, Move.ADVANCE),
        (PLAYING, "POST", 2, Move.ADVANCE),
        (FINAL, "GET", None, Move.SHOW),
        (FINAL, "POST", None, Move.CLOSE),
        (FINAL, "POST", 4, Move.CLOSE),
        (FINAL, "POST", 3, Move.REPEAT),
        (FINAL, "GET", 4, Move.SHOW),
    ],
)
def test_what_a_request_does(progress: Progress, method: str, finished: int | None, expected: Move) -> None:
    """Given a progress, a method and `step`, with a game shown long ago, the move is as listed."""
    assert decide(progress, method, finished, NOON - timedelta(hours=1), NOON) is expected


@pytest.mark.parametrize(
    ("seconds", "get", "post"),
    [(0, Move.SHOW, Move.REPEAT), (24.9, Move.SHOW, Move.REPEAT), (25, Move.ADVANCE, Move.ADVANCE)],
)
def test_game_shown_a_moment_ago_is_not_ended_by_a_client_without_step(
    seconds: float, get: Move, post: Move
) -> None:
    """Given the time since a game was shown, a request without step ends it only from 25 s on."""
    shown = NOON - timedelta(seconds=seconds)

    assert decide(PLAYING, "GET", None, shown, NOON) is get
    assert decide(PLAYING, "POST", None, shown, NOON) is post


def test_game_shown_at_an_unknown_time_is_ended_by_a_get() -> None:
    """Given a record of an existing deployment, which has no time, a GET ends the game."""
    assert decide(PLAYING, "GET", None, None, NOON) is Move.ADVANCE


@pytest.mark.parametrize("progress", [NOWHERE, PAGE, WAITING, PLAYING, FINAL])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_step_ahead_is_refused(progress: Progress, method: str) -> None:
    """Given a step that was not reached, an error names it."""
    with pytest.raises(BadRequestError, match=f"step: {progress.step + 1} "):
        decide(progress, method, progress.step + 1, None, NOON)


@pytest.mark.parametrize("progress", [NOWHERE, PAGE, PLAYING])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("beyond", [1, 2])
def test_request_that_lost_the_race_does_not_advance(progress: Progress, method: str, beyond: int) -> None:
    """Given an advance that lost to a rival who advanced one or two steps, it refers to the step that it
    first read and advances no more."""
    finished = settle(progress, Move.ADVANCE, None)
    later = Progress(Phase.PAGE, progress.step + beyond)

    assert decide(later, method, finished, None, NOON) in (Move.SHOW, Move.REPEAT)


@pytest.mark.parametrize("finished", [None, 1, 2])
def test_poll_that_lost_the_race_does_not_end_the_game(finished: int | None) -> None:
    """Given a ready poll that lost to another, it shows the game, even if it named the game's step."""
    settled = settle(WAITING, Move.SHOW, finished)

    assert decide(PLAYING, "GET", settled, NOON, NOON) is Move.SHOW


def test_late_answer_that_lost_the_race_stays_late() -> None:
    """Given a repeat for an old step that lost to another write, it remains a repeat for that step."""
    assert settle(Progress(Phase.PAGE, 3), Move.REPEAT, 1) == 1


@pytest.mark.parametrize(
    ("text", "step"), [(None, None), ("0", 0), ("7", 7), ("007", 7), ("999999", 999_999)]
)
def test_steps_are_whole_numbers(text: str | None, step: int | None) -> None:
    """Given digits, or nothing, the number or None is returned."""
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "one", "²", "٢", " 1", "1\n", "1000000", "0x1"])
def test_other_steps_are_refused(text: str) -> None:
    """Given anything else, an error says what it must be."""
    with pytest.raises(BadRequestError, match="step: must be a whole number"):
        parse_step(text)
