"""Publications: participants finish with the version that they began with."""

import json

import pytest

from tests.support.study_world import CSS, OTHER_USER, PROJECT, QUIZ, USER, StudyWorld

NEW_STEPS = {"1": "quiz.html", "2": "survey.html", "finalStep": "thanks.html"}


def test_participant_finishes_with_the_version_they_began_with(world: StudyWorld) -> None:
    """Given a study published again meanwhile, earlier participants keep its old pages, steps and style,
    and a newcomer gets the new ones, in a warm function and in a cold one."""
    world.get()
    world.publish({"quiz.html": "new quiz", "style.css": "new style"}, steps=NEW_STEPS)

    for _ in range(2):
        old = world.post({}, step=1)
        new = world.get(user=OTHER_USER)
        assert (old.page, old.content["css"], old.content["steps"]) == (QUIZ, CSS, 4)
        assert (new.page, new.content["css"], new.content["steps"]) == ("new quiz", "new style", 2)
        world.start_cold()


def test_participants_events_are_those_of_their_version(world: StudyWorld) -> None:
    """Given a study whose stop step moves while a participant plays, their server stops at the old step."""
    world.reach_game()
    world.publish(events={"startServerStep": 1, "stopServerStep": 5})
    world.clock.advance(60)

    world.get()

    assert len(world.messages("stop")) == 1


def test_record_names_its_version(world: StudyWorld) -> None:
    """Given a newcomer, their record has the version that the list names."""
    world.get()

    assert world.record()["version"] == world.read_list()[0]["version"]


def test_pages_changed_without_publishing_are_not_shown(world: StudyWorld) -> None:
    """Given a page uploaded again but not published, newcomers get the published one."""
    world.upload({"quiz.html": "not published"})
    world.start_cold()
    world.get()

    assert world.post({}).page == QUIZ


def test_entry_without_version_is_served_from_the_bucket(empty_world: StudyWorld) -> None:
    """Given a list copied from an existing deployment, its pages are read from the bucket."""
    empty_world.upload({"consent.html": "as it is", "style.css": "style"})
    empty_world.write_list([empty_world.config])

    answer = empty_world.get()

    assert (answer.page, answer.content["css"], answer.content["steps"]) == ("as it is", "style", 4)
    assert "version" not in empty_world.record()


def test_byte_order_mark_of_such_a_page_is_left_out(empty_world: StudyWorld) -> None:
    """Given such a project with a file saved by a Windows editor, its byte order mark is not in the page."""
    empty_world.upload({"consent.html": b"\xef\xbb\xbf<h1>Hi</h1>"})
    empty_world.write_list([empty_world.config])

    assert empty_world.get().page == "<h1>Hi</h1>"


def test_page_of_an_entry_without_version_may_change(empty_world: StudyWorld) -> None:
    """Given such a project, a page uploaded again is shown after the cache life."""
    empty_world.upload({"consent.html": "first"})
    empty_world.write_list([empty_world.config])
    empty_world.get()
    empty_world.upload({"consent.html": "second"})
    empty_world.clock.advance(10)

    assert empty_world.get().page == "second"


def test_variants_of_an_entry_without_version_are_found(empty_world: StudyWorld) -> None:
    """Given numbered files and no version, each participant sees their group's."""
    empty_world.upload({"consent-0.html": "group 0", "consent-1.html": "group 1"})
    empty_world.write_list([empty_world.config])

    assert [empty_world.get(user=user).page for user in (USER, OTHER_USER)] == ["group 0", "group 1"]


def test_variants_and_plain_file_of_an_entry_without_version_are_three_groups(
    empty_world: StudyWorld,
) -> None:
    """Given the plain file next to two numbered ones, it is the last of three groups."""
    pages = {"consent-0.html": "group 0", "consent-1.html": "group 1", "consent.html": "group 2"}
    empty_world.upload(pages)
    empty_world.write_list([empty_world.config])

    assert [empty_world.get(user=f"a-{digit}").page for digit in "012"] == ["group 0", "group 1", "group 2"]


@pytest.mark.parametrize("published", [True, False])
def test_participant_of_an_existing_deployment_continues(world: StudyWorld, published: bool) -> None:
    """Given a record with whole events in `requests`, as existing deployments wrote it, its participant
    continues with the current project, and none of the record is lost."""
    if not published:
        world.write_list([world.config])
    old_request = {"resource": "/next", "httpMethod": "GET", "headers": None, "body": None}
    old = {"created": "2029-12-31 23:59:59.123456+00:00", "nextStep": 2, "requests": [old_request], "x": 1}
    world.put_record(old)

    shown = world.get()
    answer = world.post({"agree": "yes"})

    record = world.record()
    assert (shown.step, answer.page) == (1, QUIZ)
    assert (record["requests"][0], record["x"], record["nextStep"]) == (old_request, 1, 3)
    assert record["created"] == "2029-12-31T23:59:59.123+00:00"
    assert json.loads(record["requests"][1]["body"]) == {"agree": "yes"}


def test_game_of_an_existing_deployments_record_ends_by_get(world: StudyWorld) -> None:
    """Given a record whose game was shown by an existing deployment, a GET means that it is over."""
    world.put_record({"created": "2029-12-31 23:59:59+00:00", "nextStep": 4, "requests": [{}, {}, {}]})

    assert world.get().step == 4


def test_no_participants_record_is_shared_between_projects(world: StudyWorld) -> None:
    """Given the same user id in two studies, each has its own step."""
    world.publish(id="second")
    world.get()
    world.post({})

    assert world.get(project="second").step == 1
    assert world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{USER}"]
