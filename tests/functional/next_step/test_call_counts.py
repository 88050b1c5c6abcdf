"""The exact AWS calls: they determine what a page costs and how long it takes."""

import json

import pytest

from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

READ, WRITE, PUBLISH = {"GetObject": 1}, {"PutObject": 1}, {"Publish": 1}


@pytest.fixture
def warm_world(world: StudyWorld) -> StudyWorld:
    """Return the sample study in a function that has just served another participant."""
    world.get(user=OTHER_USER)
    world.aws.reset()
    return world


def test_first_page_that_starts_a_server(warm_world: StudyWorld) -> None:
    """Given a newcomer where step 1 starts the server, the calls are read, create and publish."""
    warm_world.get()

    assert warm_world.aws.count() == READ | WRITE | PUBLISH


def test_first_page_that_starts_no_server(warm_world: StudyWorld) -> None:
    """Given a newcomer where step 1 starts nothing, the calls are read and create."""
    warm_world.publish(events={"startServerStep": 2, "stopServerStep": 4})
    warm_world.get(user="reads-the-new-version")
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == READ | WRITE


def test_page_step(warm_world: StudyWorld) -> None:
    """Given an answered page, the participant's record is read and written in two calls."""
    warm_world.get()
    warm_world.aws.reset()

    warm_world.post({"agree": "yes"})

    assert warm_world.aws.count() == READ | WRITE
    assert warm_world.aws.keys("GetObject") == [f"{PROJECT}/Users/{USER}"]


def test_reload_of_a_page(warm_world: StudyWorld) -> None:
    """Given a page shown again, the record is read and nothing is written."""
    warm_world.get()
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == READ


@pytest.mark.parametrize("ready", [True, False])
def test_post_that_reaches_a_game(warm_world: StudyWorld, ready: bool) -> None:
    """Given a POST that reaches a game step, there are three calls: two records read, one written."""
    if ready:
        warm_world.put_server()
    warm_world.get()
    warm_world.post({"page": "consent"})
    warm_world.aws.reset()

    warm_world.post({"page": "quiz"})

    assert warm_world.aws.count() == {"GetObject": 2, "PutObject": 1}


def test_waiting_poll(warm_world: StudyWorld) -> None:
    """Given a waiting participant, a poll reads two records in two calls."""
    warm_world.reach_waiting()
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == {"GetObject": 2}


def test_ready_poll(warm_world: StudyWorld) -> None:
    """Given a server that has become ready, the poll also writes: three calls."""
    warm_world.reach_waiting()
    warm_world.put_server()
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == {"GetObject": 2, "PutObject": 1}


def test_page_after_the_game_that_stops_the_server(warm_world: StudyWorld) -> None:
    """Given the end of a game at stopServerStep, the calls are read, write and publish."""
    warm_world.reach_game()
    warm_world.clock.advance(30)
    warm_world.get(user=OTHER_USER)
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == READ | WRITE | PUBLISH


def test_poll_that_asks_route_53_and_publishes_again(warm_world: StudyWorld) -> None:
    """Given a minute of waiting without a record, there are three more calls once a minute."""
    warm_world.reach_waiting()
    warm_world.clock.advance(60)
    warm_world.get(user=OTHER_USER)
    warm_world.aws.reset()

    warm_world.get()

    assert warm_world.aws.count() == {"GetObject": 2, "ListResourceRecordSets": 1} | PUBLISH | WRITE


def test_second_click_that_finds_the_game_ready(warm_world: StudyWorld) -> None:
    """Given a POST that is kept as a repeat and gets the game at once, it writes twice, and neither write
    gets in the other's way."""
    warm_world.reach_waiting()
    warm_world.put_server()
    warm_world.aws.reset()

    warm_world.post({"again": "1"})

    assert warm_world.aws.count() == {"GetObject": 2, "PutObject": 2}


def test_second_click_after_a_minute_publishes_once(warm_world: StudyWorld) -> None:
    """Given a POST that is kept as a repeat and requests the server again, there are one message and two
    writes."""
    warm_world.reach_waiting()
    warm_world.clock.advance(60)
    warm_world.get(user=OTHER_USER)
    warm_world.aws.reset()

    warm_world.post({"again": "1"})

    assert warm_world.aws.count() == {
        "GetObject": 2,
        "PutObject": 2,
        "ListResourceRecordSets": 1,
        "Publish": 1,
    }


def test_list_is_read_once_in_each_cache_life(warm_world: StudyWorld) -> None:
    """Given reloads every second for half a minute, the list is read at most every ten seconds."""
    warm_world.get()
    warm_world.aws.reset()

    for _ in range(30):
        warm_world.clock.advance(1)
        warm_world.get()

    assert warm_world.aws.keys("GetObject").count("project_master_list.json") == 3
    assert warm_world.aws.count() == {"GetObject": 33}


def test_cold_start_adds_list_and_version(world: StudyWorld) -> None:
    """Given a new execution environment, the list and the frozen version are read besides."""
    world.get()
    world.start_cold()
    world.aws.reset()

    world.post({"agree": "yes"})

    keys = world.aws.keys("GetObject")
    assert [key.split("/")[1] if "/" in key else key for key in keys] == [
        "project_master_list.json",
        "Users",
        "_versions",
    ]
    assert world.aws.count() == {"GetObject": 3, "PutObject": 1}


def test_cost_does_not_grow_with_the_number_of_participants(warm_world: StudyWorld) -> None:
    """Given five hundred other participants in the bucket, a whole study needs the same calls."""

    def count_whole_study() -> dict[str, int]:
        warm_world.get(user=OTHER_USER)
        warm_world.aws.reset()
        warm_world.reach_final()
        return warm_world.aws.count()

    alone = count_whole_study()
    body = json.dumps(warm_world.record()).encode()
    for number in range(500):
        warm_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/someone-{number}", Body=body)
    warm_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/{USER}")
    warm_world.clock.advance(11)

    assert count_whole_study() == alone


@pytest.mark.parametrize("frozen", [True, False], ids=["version", "no version"])
def test_nothing_is_ever_listed(world: StudyWorld, frozen: bool) -> None:
    """Given a whole study, with a version or without, no call lists objects."""
    if not frozen:
        world.write_list([world.config])
    world.reach_final()

    assert not [name for name in world.aws.count() if name.startswith(("ListObject", "HeadObject"))]
