"""Closing and opening a study: `live` in the master list, which is read again every ten seconds."""

import pytest

from tests.support.study_world import CONSENT, OTHER_USER, PROJECT, QUIZ, USER, StudyWorld

NOT_FOUND = (400, "Project ID Not Found")


def test_study_that_is_not_live_is_not_found(world: StudyWorld) -> None:
    """Given `live: false`, newcomers and participants get 400 and no newcomer is recorded."""
    world.get()
    world.publish(live=False)

    for answer in (world.get(), world.get(user=OTHER_USER), world.post({}, user=OTHER_USER)):
        assert (answer.status, answer.content) == NOT_FOUND
    assert world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{USER}"]


def test_answer_in_the_middle_of_a_study_switched_off_is_stored(world: StudyWorld) -> None:
    """Given a participant filling in a page of a study that closes, their POST gets 400 and the answer is
    stored in its position; it continues from there when the study opens again."""
    world.get()
    world.publish(live=False)

    answer = world.post({"agree": "yes"})

    assert (answer.status, answer.content) == NOT_FOUND
    assert world.bodies()[1] == '{"agree": "yes"}'
    world.publish(live=True)
    assert world.get().page == QUIZ


def test_late_answer_to_a_study_switched_off_is_stored(world: StudyWorld) -> None:
    """Given step 1 answered, another answer to it that arrives after the study closed is kept too."""
    world.get()
    world.post({"agree": "yes"}, step=1)
    world.publish(live=False)

    answer = world.post({"agree": "no"}, step=1)

    assert (answer.status, answer.content) == NOT_FOUND
    assert [r["body"] for r in world.record()["repeats"]] == ['{"agree": "no"}']


def test_study_switched_off_starts_no_server(world: StudyWorld) -> None:
    """Given a POST that would reach startServerStep, no server is requested."""
    world.publish(events={"startServerStep": 2, "stopServerStep": 4})
    world.get()
    world.publish(events={"startServerStep": 2, "stopServerStep": 4}, live=False)

    world.post({"agree": "yes"})

    assert world.messages("start") == []


def test_study_switched_off_still_stops_a_server(world: StudyWorld) -> None:
    """Given a participant who plays, the server stops when their last POST comes after the study closed."""
    world.reach_game()
    world.publish(live=False)

    world.post({}, step=3)

    assert [m["userId"] for m in world.messages("stop")] == [USER]


def test_list_is_read_again_after_ten_seconds(world: StudyWorld) -> None:
    """Given a closed study, a warm function serves it for less than ten seconds."""
    world.get()
    world.update(world.config | {"live": False})

    world.clock.advance(9.9)
    assert world.get().page == CONSENT
    world.clock.advance(0.1)
    assert world.get().status == 400


def test_cache_life_is_the_operators(world: StudyWorld) -> None:
    """Given no cache, closing takes effect at once."""
    world.set_environment(PROJECT_CACHE_SECONDS="0")
    world.get()
    world.update(world.config | {"live": False})

    assert world.get().status == 400


def test_new_project_is_found_within_a_second(world: StudyWorld) -> None:
    """Given a project that was missing a moment ago, its link works at once when it is published."""
    assert world.get(project="new").status == 400
    world.upload({"consent.html": "new"}, project="new")
    world.update(world.name("new"))

    world.clock.advance(1)

    assert world.get(project="new").page == "new"


def test_unknown_projects_do_not_read_the_list_each_time(world: StudyWorld) -> None:
    """Given a hundred requests for unknown projects in two seconds, the list is read twice."""
    world.aws.reset()

    for number in range(100):
        world.get(project=f"guess-{number}")
        world.clock.advance(0.02)

    assert world.aws.count() == {"GetObject": 2}


def test_missing_list_knows_no_project(empty_world: StudyWorld) -> None:
    """Given a deployment to which nothing was published, any project is unknown."""
    answer = empty_world.get()

    assert (answer.status, answer.content) == NOT_FOUND


@pytest.mark.parametrize("content", ["{", "[]", '{"projects": null}', '{"projects": {"a": {}}}', b"\xff"])
def test_broken_list_is_a_fault_of_the_service(world: StudyWorld, content: str | bytes) -> None:
    """Given an invalid list, the response is 503, not 400: the project may be there once it is fixed."""
    world.write_list(content)

    answer = world.get()

    assert answer.status == 503
    assert isinstance(answer.content, str)


def test_odd_entries_of_the_list_do_not_hide_the_others(world: StudyWorld) -> None:
    """Given some entries that are not projects, the others are served."""
    entry = world.read_list()[0]
    world.write_list([None, "text", {}, {"id": 5}, {"id": ["x"], "bucket": ["y"]}, entry])

    assert world.get().page == CONSENT


def test_game_of_a_closed_study_is_not_skipped(world: StudyWorld) -> None:
    """Given a ready server and a POST that reaches the game just after the study closed, the participant
    plays when it opens again: the game was not shown yet."""
    world.get()
    world.post({"agree": "yes"})
    world.put_server()
    world.publish(live=False)
    assert world.post({"q": "1"}).status == 400

    world.publish(live=True)
    world.clock.sleep(60)

    assert world.get().page == "show_game_page"


@pytest.mark.parametrize(("word", "status"), [("false", 400), ("no", 400), ("true", 200), (1, 200)])
def test_live_as_text_is_understood(world: StudyWorld, word: object, status: int) -> None:
    """Given a list edited by hand, `"false"` closes the study, although a text is true to Python."""
    world.write_list([{**world.read_list()[0], "live": word}])

    assert world.get().status == status
