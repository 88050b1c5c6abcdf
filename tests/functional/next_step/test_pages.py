"""The path through a study's pages: what advances it and what does not."""

import json

import pytest

from tests.support.study_world import (
    CONSENT,
    CSS,
    GAME_URL,
    OTHER_USER,
    PROJECT,
    QUIZ,
    SURVEY,
    THANKS,
    USER,
    StudyWorld,
)


def test_first_get_creates_the_participant_and_returns_step_1(world: StudyWorld) -> None:
    """Given a newcomer, a GET returns the complete step 1 and creates their record."""
    answer = world.get()

    assert answer.status == 200
    assert answer.content == {
        "page": CONSENT,
        "css": CSS,
        "step": 1,
        "steps": 4,
        "userId": USER,
        "projectId": PROJECT,
        "title": "Mountain Car",
        "language": "en",
    }
    assert world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{USER}"]


def test_post_answers_the_current_step_and_returns_the_next(world: StudyWorld) -> None:
    """Given a participant at step 1, a POST returns step 2 and stores the answer in requests[1]."""
    world.get()

    answer = world.post({"agree": "yes"})

    assert (answer.page, answer.step) == (QUIZ, 2)
    assert json.loads(world.record()["requests"][1]["body"]) == {"agree": "yes"}


def test_only_the_page_before_a_game_says_that_it_is_next(world: StudyWorld) -> None:
    """Given a study whose third step is a game, the response for its second step says so, again when it is
    reloaded."""
    assert "gameIsNext" not in world.get().content

    assert world.post({}).content["gameIsNext"] is True
    assert world.get().content["gameIsNext"] is True


def test_the_width_of_the_pages_is_the_configs(world: StudyWorld) -> None:
    """Given a study with `width`, its responses have the number; without it they do not have the key."""
    assert "width" not in world.get().content
    world.publish(width="1200")

    assert world.get(user=OTHER_USER).content["width"] == 1200
    assert "width" not in world.get().content


def test_get_does_not_advance_a_page(world: StudyWorld) -> None:
    """Given a page that waits for an answer, it comes again when it is reloaded much later."""
    world.get()
    before = world.record()
    world.clock.advance(3600)

    assert [world.get().page, world.get().page] == [CONSENT, CONSENT]
    assert world.record() == before


def test_record_holds_what_researchers_scripts_read(world: StudyWorld) -> None:
    """Given an answered page, the record has the names, types and order of the data contract."""
    world.get()
    world.post({"agree": "yes"}, step=1)

    record = world.record()

    assert record["created"] == "2030-01-01T12:00:11.000+00:00"
    assert record["nextStep"] == 3
    assert record["requests"][1] == {
        "httpMethod": "POST",
        "headers": record["requests"][1]["headers"],
        "queryStringParameters": {"projectId": PROJECT, "userId": USER, "step": "1"},
        "body": '{"agree": "yes"}',
        "time": "2030-01-01T12:00:11.000+00:00",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    }


def test_after_the_last_step_the_final_step_comes_for_ever(world: StudyWorld) -> None:
    """Given a participant past the last step, each request returns finalStep as steps + 1."""
    answers = [world.reach_final(), world.get(), world.post({"more": "1"}), world.post({"more": "2"})]
    world.clock.advance(86_400)
    answers.append(world.get())

    assert {(a.page, a.step, a.content["steps"]) for a in answers} == {(THANKS, 5, 4)}


def test_answers_to_the_final_page_are_kept(world: StudyWorld) -> None:
    """Given the final page with a form, the first POST is its answer, the second a repeat, and an
    identical one adds nothing."""
    world.reach_final()

    for text in ("first", "second", "second"):
        world.post({"comment": text})

    record = world.record()
    assert json.loads(record["requests"][5]["body"]) == {"comment": "first"}
    assert [(r["step"], json.loads(r["body"])) for r in record["repeats"]] == [(5, {"comment": "second"})]


def test_a_whole_study_stores_the_answer_to_page_k_at_k(world: StudyWorld) -> None:
    """Given all pages answered, requests[0] is the first GET and requests[k] belongs to step k."""
    world.reach_final()

    requests = world.record()["requests"]

    assert [r["httpMethod"] for r in requests] == ["GET", "POST", "POST", "GET", "POST"]
    assert [r["body"] for r in requests[1:]] == [
        '{"page": "consent"}',
        '{"page": "quiz"}',
        None,
        '{"page": "survey"}',
    ]


def test_post_that_comes_first_begins_the_study(world: StudyWorld) -> None:
    """Given a newcomer who POSTs, they are shown step 1 and what they sent is kept."""
    answer = world.post({"came": "from elsewhere"})

    assert (answer.page, answer.step) == (CONSENT, 1)
    assert world.bodies() == ['{"came": "from elsewhere"}']


def test_study_without_css_says_null(world: StudyWorld) -> None:
    """Given a config without css, the key is present and null."""
    world.publish(css=None)

    assert world.get().content["css"] is None


def test_study_that_ends_with_a_game_continues_to_the_final_step(world: StudyWorld) -> None:
    """Given a game as the last numbered step, finalStep follows when it is over."""
    events = {"startServerStep": 1, "stopServerStep": 2}
    world.publish(steps={"1": "game", "finalStep": "thanks.html"}, events=events)
    world.put_server()
    assert world.get().content["server"] == GAME_URL
    world.clock.advance(60)

    answer = world.get()

    assert (answer.page, answer.step, answer.content["steps"]) == (THANKS, 2, 1)
    assert [m["reason"] for m in world.messages("stop")] == ["step 2"]


@pytest.mark.parametrize("finished", ["1", None], ids=["with step", "without step"])
def test_empty_form_is_an_answer(world: StudyWorld, finished: str | None) -> None:
    """Given a page without fields, the study continues after a POST without body."""
    world.get()

    assert world.post(None, **({"step": finished} if finished else {})).page == QUIZ


def test_user_id_is_lower_cased(world: StudyWorld) -> None:
    """Given an id in capitals, it is the same participant, and the response has the id in lower case."""
    world.get(user=USER.upper())

    answer = world.post({"agree": "yes"})

    assert (answer.page, answer.content["userId"]) == (QUIZ, USER)
    assert world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{USER}"]


def test_survey_follows_the_game(world: StudyWorld) -> None:
    """Given a game played for a minute, a GET of the existing front end returns the next page."""
    answer = world.reach_survey()

    assert (answer.page, answer.step) == (SURVEY, 4)
