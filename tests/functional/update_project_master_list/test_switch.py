"""Closing and opening a project without publishing it: nothing else of it changes."""

import pytest

from tests.support.study_world import CONSENT, OTHER_USER, PROJECT, StudyWorld


def switch(world: StudyWorld, live: bool, project: str = PROJECT) -> dict[str, object]:
    """Switch the project, and let caches expire."""
    answer = world.update({"projectId": project, "live": live})
    world.clock.advance(11)
    return answer


def test_closed_and_opened_again(world: StudyWorld) -> None:
    """Given a listed project and a page uploaded since, closing and opening it changes only `live`."""
    world.publish(id="another")
    before = world.read_list()
    world.upload({"consent.html": "<h1>Draft</h1>"})

    closed = switch(world, False)
    refused, listed = world.get(), world.read_list()
    opened = switch(world, True)

    assert (closed, opened) == ({"statusCode": 200, "body": ""},) * 2
    assert refused.status == 400
    assert listed == [{**entry, "live": entry["id"] != PROJECT} for entry in before]
    assert world.read_list() == before
    assert world.get().page == CONSENT


def test_what_is_so_already_is_not_written(world: StudyWorld) -> None:
    """Given an open project, opening it returns 200 and writes nothing."""
    world.aws.reset()

    assert switch(world, True)["statusCode"] == 200
    assert "PutObject" not in world.aws.count()


def test_two_at_once(world: StudyWorld) -> None:
    """Given another publication while a project is being closed, both have effect."""
    world.publish(id="another")
    world.aws.before("PutObject", lambda: world.publish(id="third"), key="project_master_list")

    assert switch(world, False)["statusCode"] == 200

    assert {entry["id"]: entry["live"] for entry in world.read_list()} == {
        PROJECT: False,
        "another": True,
        "third": True,
    }


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"projectId": "unknown", "live": False}, "unknown is not in the list"),
        ({"projectId": PROJECT, "live": "no"}, "true or false"),
        ({"projectId": PROJECT}, "true or false"),
        ({"projectId": PROJECT, "live": False, "name": "x"}, "exactly"),
        ({"projectId": 7, "live": False}, "a text"),
    ],
)
def test_refused(world: StudyWorld, event: dict[str, object], what: str) -> None:
    """Given an event that is not exactly that, the response is 400 with the reason, and the list is
    unchanged."""
    before = world.read_list()

    answer = world.update(event)

    assert answer["statusCode"] == 400
    assert what in answer["body"]
    assert world.read_list() == before


def test_a_list_that_is_broken_stays(world: StudyWorld) -> None:
    """Given an invalid master list, nothing is written, and the response says so."""
    world.write_list("[")

    answer = world.update({"projectId": PROJECT, "live": False})

    assert answer["statusCode"] == 400
    assert "not changed" in answer["body"]
    assert world.read_object("project_master_list.json") == "["


def test_a_participant_in_the_middle_is_stored(world: StudyWorld) -> None:
    """Given a participant in the middle of a project that closes, their answer is stored, with 400."""
    world.get(OTHER_USER)
    switch(world, False)

    assert world.post({"page": "consent"}, OTHER_USER).status == 400
    assert world.bodies(OTHER_USER)[-1] == '{"page": "consent"}'
