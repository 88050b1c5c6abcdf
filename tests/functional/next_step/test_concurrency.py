"""Simultaneous requests: the rival's whole request runs between the reads and the write of the first."""

import json
from typing import Any

import pytest

from tests.support.study_world import CONSENT, PROJECT, QUIZ, SURVEY, USER, Answer, StudyWorld


def collide(world: StudyWorld, first: Any, rival: Any) -> tuple[Answer, Answer]:
    """Return the responses of two requests; `first` has read everything when `rival` begins and ends."""
    rivals_answers: list[Answer] = []
    world.aws.before("PutObject", lambda: rivals_answers.append(rival()), key="/Users/")
    answer = first()
    assert rivals_answers, "the first request has not written"
    return answer, rivals_answers[0]


@pytest.mark.parametrize("query", [{}, {"step": 1}], ids=["without step", "with step"])
def test_two_posts_keep_both_answers_and_advance_once(world: StudyWorld, query: dict[str, int]) -> None:
    """Given two different answers to step 1 at once, both are kept, as answers to step 1, and both
    participants' windows show step 2."""
    world.get()

    answers = collide(
        world, lambda: world.post({"tab": "a"}, **query), lambda: world.post({"tab": "b"}, **query)
    )

    record = world.record()
    assert [(a.page, a.step) for a in answers] == [(QUIZ, 2)] * 2
    assert record["nextStep"] == 3
    assert json.loads(record["requests"][1]["body"]) == {"tab": "b"}
    assert [(r["step"], json.loads(r["body"])) for r in record["repeats"]] == [(1, {"tab": "a"})]


def test_double_click_is_one_answer(world: StudyWorld) -> None:
    """Given the same answer twice at once, it is stored once and the study advances once."""
    world.get()

    collide(world, lambda: world.post({"a": "b"}), lambda: world.post({"a": "b"}))

    record = world.record()
    assert (record["nextStep"], len(record["requests"])) == (3, 2)
    assert "repeats" not in record


def test_two_first_gets_create_one_participant(world: StudyWorld) -> None:
    """Given a newcomer in two tabs at once, there is one record, and both see step 1."""
    answers = collide(world, world.get, world.get)

    assert [(a.page, a.step) for a in answers] == [(CONSENT, 1)] * 2
    assert (world.record()["nextStep"], len(world.record()["requests"])) == (2, 1)


def test_get_and_post_of_a_newcomer_at_once_keep_what_was_posted(world: StudyWorld) -> None:
    """Given a first POST that loses to a first GET, what it brought is kept and step 1 is shown."""
    answers = collide(world, lambda: world.post({"a": "b"}), world.get)

    assert [a.step for a in answers] == [1, 1]
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(0, '{"a": "b"}')]


def test_two_ready_polls_do_not_skip_the_game(world: StudyWorld) -> None:
    """Given two polls that find the server ready at once, both show the game and none ends it."""
    world.reach_waiting()
    world.put_server()

    answers = collide(world, world.get, world.get)

    assert [(a.page, a.step) for a in answers] == [("show_game_page", 3)] * 2
    assert world.record()["nextStep"] == 4


def test_ready_poll_and_second_click_do_not_skip_the_game(world: StudyWorld) -> None:
    """Given a POST, sent again while waiting, that loses to a poll that got the game, it is kept and the
    game is shown."""
    world.reach_waiting()
    world.put_server()

    answers = collide(world, lambda: world.post({"again": "1"}), world.get)

    assert [a.page for a in answers] == ["show_game_page"] * 2
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(2, '{"again": "1"}')]
    assert world.record()["nextStep"] == 4


def test_two_ends_of_a_game_advance_once(world: StudyWorld) -> None:
    """Given two GETs at once after the game, both show the survey and it is not skipped."""
    world.reach_game()
    world.clock.advance(60)

    answers = collide(world, world.get, world.get)

    assert [(a.page, a.step) for a in answers] == [(SURVEY, 4)] * 2
    assert world.record()["nextStep"] == 5


def test_two_posts_that_reach_the_game_show_it_once(world: StudyWorld) -> None:
    """Given two answers at once to the page before a game that is ready, both show it, none skips it."""
    world.get()
    world.post({"page": "consent"})
    world.put_server()

    answers = collide(world, lambda: world.post({"tab": "a"}), lambda: world.post({"tab": "b"}))

    assert [a.page for a in answers] == ["show_game_page"] * 2
    assert world.record()["nextStep"] == 4
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(2, '{"tab": "a"}')]


def test_two_answers_to_the_final_page_are_both_kept(world: StudyWorld) -> None:
    """Given two answers at once to the final page, one is its answer and one a repeat."""
    world.reach_final()

    collide(world, lambda: world.post({"tab": "a"}), lambda: world.post({"tab": "b"}))

    record = world.record()
    assert record["requests"][5]["body"] == '{"tab": "b"}'
    assert [(r["step"], r["body"]) for r in record["repeats"]] == [(5, '{"tab": "a"}')]


def test_loser_of_several_rounds_still_answers_the_step_it_first_read(world: StudyWorld) -> None:
    """Given a rival who reaches the game before the first request has written, the first answer is kept
    for the step that it answers."""
    world.get()

    def go_on_to_the_game() -> Answer:
        world.post({"rival": "consent"})
        return world.post({"rival": "quiz"})

    answer, _ = collide(world, lambda: world.post({"slow": "consent"}), go_on_to_the_game)

    assert (answer.page, answer.step) == ("wait", 3)
    assert [(r["step"], r["body"]) for r in world.record()["repeats"]] == [(1, '{"slow": "consent"}')]


def test_write_that_succeeded_and_was_retried_is_not_stored_twice(world: StudyWorld) -> None:
    """Given a write whose response was lost, so that botocore's retry gets 412, the participant sees the
    next step and the answer is stored once."""
    world.get()
    world.aws.before("PutObject", lambda: repeat_write(world), key="/Users/")

    answer = world.post({"agree": "yes"})

    record = world.record()
    assert (answer.page, answer.step) == (QUIZ, 2)
    assert [r["body"] for r in record["requests"]] == [None, '{"agree": "yes"}']
    assert "repeats" not in record


def test_creation_that_succeeded_and_was_retried_creates_one_participant(world: StudyWorld) -> None:
    """Given the same with the first page, the participant sees step 1 and there is one record of one
    request."""
    world.aws.before("PutObject", lambda: repeat_write(world), key="/Users/")

    assert world.get().page == CONSENT
    assert len(world.record()["requests"]) == 1


def repeat_write(world: StudyWorld) -> None:
    """Perform the write that is under way: the original then finds it done."""
    world.s3.put_object(**world.aws.calls[-1].parameters)


def test_conflict_of_writes_under_way_is_tried_again(world: StudyWorld) -> None:
    """Given S3's 409 for a write while another is under way, the request is repeated once."""
    world.get()
    world.aws.fail("PutObject", "ConditionalRequestConflict", 409)

    assert world.post({"agree": "yes"}).page == QUIZ
    assert world.bodies() == [None, '{"agree": "yes"}']


def test_endless_conflicts_end_in_503(world: StudyWorld) -> None:
    """Given writes that always lose, the response is 503 within the time limit, and the record is as it
    was."""
    world.get()
    began = world.clock.now()
    world.aws.fail("PutObject", "PreconditionFailed", 412, times=10_000)

    answer = world.post({"agree": "yes"})

    assert answer.status == 503
    assert (world.clock.now() - began).total_seconds() < 20
    assert world.bodies() == [None]


def test_stop_step_reached_twice_at_once_is_left_to_the_message(world: StudyWorld) -> None:
    """Given two GETs at once that reach stopServerStep, both messages are the same, so it stops once."""
    world.reach_game()
    world.clock.advance(60)

    collide(world, world.get, world.get)

    ids = {"userId": USER, "projectId": PROJECT, "requestId": f"{PROJECT}/{USER}/4"}
    assert world.messages("stop") == [{**ids, "reason": "step 4"}] * 2
