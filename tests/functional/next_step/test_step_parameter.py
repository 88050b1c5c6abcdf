"""`step=N`: the client names the step that it has finished, so that nothing sent twice can skip a page."""

import json

import pytest

from tests.support.study_world import CONSENT, PROJECT, QUIZ, SURVEY, StudyWorld


def test_current_step_advances(world: StudyWorld) -> None:
    """Given step 1, a POST that has finished 1 returns step 2."""
    world.get(step=0)

    assert world.post({"agree": "yes"}, step=1).page == QUIZ


def test_step_0_begins_the_study(world: StudyWorld) -> None:
    """Given a newcomer who has finished nothing, step 1 comes."""
    assert world.get(step=0).page == CONSENT


@pytest.mark.parametrize("finished", [0, 1])
def test_older_step_shows_the_current_page_again(world: StudyWorld, finished: int) -> None:
    """Given step 2, a GET that has finished less returns step 2 and writes nothing."""
    world.get()
    world.post({"page": "consent"})
    before = world.record()

    answer = world.get(step=finished)

    assert (answer.page, answer.step) == (QUIZ, 2)
    assert world.record() == before


def test_get_with_the_current_step_does_not_advance_a_page(world: StudyWorld) -> None:
    """Given a page that waits for an answer, no GET skips it, whatever step it names."""
    world.get()

    assert world.get(step=1).page == CONSENT


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("finished", ["2", "99", "-1", "one", "1.0", "1 ", "", "٢", "9999999"])
def test_newer_step_or_not_a_number_is_refused(world: StudyWorld, method: str, finished: str) -> None:
    """Given step 1, a later step or text that is not a number gets 400 and writes nothing."""
    world.get()
    before = world.record()

    answer = world.get(step=finished) if method == "GET" else world.post({"a": "b"}, step=finished)

    assert answer.status == 400
    assert answer.content.startswith("step: ")
    assert world.record() == before


def test_newcomer_who_has_finished_a_step_is_refused(world: StudyWorld) -> None:
    """Given an unknown id, the response is 400 without a record if step 1 is said to be finished."""
    assert world.get(step=1).status == 400
    assert world.list_keys(f"{PROJECT}/Users/") == []


def test_retry_after_a_lost_response_is_harmless(world: StudyWorld) -> None:
    """Given a stored answer, an identical POST returns the page after it and leaves the record unchanged."""
    world.get()
    world.post({"agree": "yes"}, step=1)
    before = world.record()

    answer = world.post({"agree": "yes"}, step=1)

    assert (answer.page, answer.step) == (QUIZ, 2)
    assert world.record() == before


def test_second_answer_to_the_same_step_is_kept_as_a_repeat(world: StudyWorld) -> None:
    """Given step 1 answered in one tab, another answer from a second tab is kept under `repeats` with its
    step and does not advance; a second time it adds nothing."""
    world.get()
    world.post({"agree": "yes"}, step=1)

    answers = [world.post({"agree": "no"}, step=1), world.post({"agree": "no"}, step=1)]

    assert [a.page for a in answers] == [QUIZ, QUIZ]
    record = world.record()
    assert [(r["step"], json.loads(r["body"])) for r in record["repeats"]] == [(1, {"agree": "no"})]
    assert len(record["requests"]) == 2


def test_late_answer_to_a_step_long_past_is_kept(world: StudyWorld) -> None:
    """Given a participant at the survey, a changed answer to step 2 is kept for step 2."""
    world.reach_survey()

    answer = world.post({"page": "quiz again"}, step=2)

    assert answer.page == SURVEY
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(2, '{"page": "quiz again"}')]


def test_answer_to_another_step_with_the_same_text_is_kept(world: StudyWorld) -> None:
    """Given the same text as an answer to step 1 and late to step 0, both are kept: they are different
    answers."""
    world.get()
    world.post({"a": "b"}, step=1)

    world.post({"a": "b"}, step=0)

    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(0, '{"a": "b"}')]


def test_step_ends_a_game_at_once(world: StudyWorld) -> None:
    """Given a game shown a moment ago, a client that has finished that step advances."""
    world.reach_game()
    world.clock.advance(1)

    assert world.get(step=3).page == SURVEY


def test_step_before_the_game_shows_the_game_again(world: StudyWorld) -> None:
    """Given a game shown long ago, it comes again when a client that sends its step reloads the page."""
    world.reach_game()
    world.clock.advance(600)

    answer = world.get(step=2)

    assert (answer.page, answer.step) == ("show_game_page", 3)
