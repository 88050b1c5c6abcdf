"""The exact calls that each option adds to a study, as docs/reference/config.md lists them."""

from typing import Any

import pytest

from hippo.studies.links import name_link_key, sign_link
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

KEY = b"0123456789abcdef0123456789abcdef"
ADMISSION = f"{PROJECT}/_admission.json"
NEWCOMER = {"GetObject": 1, "PutObject": 1, "Publish": 1}
PAGE = {"GetObject": 1, "PutObject": 1}
SIGNED = {user: sign_link(KEY, PROJECT, user) for user in (USER, OTHER_USER)}


def warm(world: StudyWorld, **options: Any) -> None:
    """Publish with these options and let another participant begin, so that all caches are filled."""
    world.s3.put_object(Bucket=BUCKET, Key=name_link_key(PROJECT), Body=KEY)
    world.publish(**options)
    world.get(user=OTHER_USER, PID="other", signature=SIGNED[OTHER_USER])
    world.aws.reset()


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, NEWCOMER),
        ({"completion": {"code": "C"}, "consentStep": 1, "language": "fr", "width": 1200}, NEWCOMER),
        ({"offerLeavingAfter": 300}, NEWCOMER),
        ({"closesAt": "2031-01-01T00:00:00Z"}, NEWCOMER),
        ({"linkOrigins": ["https://survey.example.org"]}, NEWCOMER),
        ({"screen": {"mobile": False, "minWidth": 800}}, NEWCOMER),
        ({"onePer": "PID"}, NEWCOMER),
        ({"signedLinks": True}, NEWCOMER),
        ({"maxParticipants": 5}, {"GetObject": 2, "PutObject": 2, "Publish": 1}),
        ({"groups": "hash", "groupsCutoff": 30}, NEWCOMER),
        ({"groups": "balanced"}, {"GetObject": 2, "PutObject": 2, "Publish": 1}),
        ({"groups": "balanced", "maxParticipants": 5}, {"GetObject": 3, "PutObject": 3, "Publish": 1}),
    ],
    ids=[
        "none",
        "pages",
        "offerLeavingAfter",
        "closesAt",
        "linkOrigins",
        "screen",
        "onePer",
        "signedLinks",
        "maxParticipants",
        "hash",
        "balanced",
        "balanced and maxParticipants",
    ],
)
def test_first_and_later_requests(world: StudyWorld, options: dict[str, Any], first: dict[str, int]) -> None:
    """Given an admitted newcomer, only a limit of participants and balanced groups add calls, two each,
    to the first request, and no option adds any to a later one before the final step."""
    if "groups" in options:
        world.upload({"survey-0.html": "<h1>Survey 0</h1>"})
    warm(world, **options)
    query = {"PID": "7", "screenWidth": 1000} if "signedLinks" not in options else {"signature": SIGNED[USER]}
    user_id = world.get(**query).content["userId"]
    counted = world.aws.count()
    world.aws.reset()
    world.post({"agree": "yes"}, user=user_id, **query)

    assert counted == first
    assert world.aws.count() == PAGE


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({"closesAt": "2030-01-01T12:00:00Z"}, {}),
        ({"screen": {"mobile": False}}, {"mobile": 1}),
        ({"screen": {"minWidth": 800}}, {"screenWidth": 1}),
        ({"maxParticipants": 1}, {}),
    ],
    ids=["closed", "mobile", "narrow", "full"],
)
def test_refusal_is_counted_by_two_calls_once(
    world: StudyWorld, options: dict[str, Any], query: dict[str, Any]
) -> None:
    """Given a refused participant, there are two calls after the read of their record, and one at each
    return."""
    warm(world, **options)
    world.get(**query)
    first = world.aws.count()
    world.aws.reset()
    world.get(**query)

    assert first == {"GetObject": 2, "PutObject": 1}
    assert world.aws.count() == {"GetObject": 2}
    assert world.aws.keys("GetObject") == [f"{PROJECT}/Users/{USER}", ADMISSION]


def test_refusals_without_an_id_cost_nothing(world: StudyWorld) -> None:
    """Given a bad signature, there is no call; without a recruiter's id only the record is read."""
    warm(world, signedLinks=True)
    world.get()
    invalid = world.aws.count()
    warm(world, onePer="PID")
    world.get()

    assert invalid == {}
    assert world.aws.count() == {"GetObject": 1}


def test_key_of_signed_links_is_read_as_often_as_the_list(world: StudyWorld) -> None:
    """Given reloads every second for half a minute, the key is read at most every ten seconds."""
    warm(world, signedLinks=True)
    world.get(signature=SIGNED[USER])
    world.aws.reset()
    for _ in range(30):
        world.clock.advance(1)
        world.get(signature=SIGNED[USER])

    assert world.aws.keys("GetObject").count(name_link_key(PROJECT)) == 3


@pytest.mark.parametrize("rivals", [1, 3])
def test_each_faster_arrival_adds_two_calls(world: StudyWorld, rivals: int) -> None:
    """Given arrivals that win in between, each costs the loser one more read and one more write."""
    warm(world, maxParticipants=100)

    def let_rival_in(left: int) -> None:
        before = list(world.aws.calls)
        world.get(user=f"rival-{left}")
        world.aws.calls[:] = before
        if left > 1:
            world.aws.before("PutObject", lambda: let_rival_in(left - 1), key="_admission.json")

    world.aws.before("PutObject", lambda: let_rival_in(rivals), key="_admission.json")
    world.get()

    own = world.aws.keys("GetObject") + world.aws.keys("PutObject")
    assert own.count(ADMISSION) == 2 + 2 * rivals


def test_balanced_groups_count_the_end_by_two_calls(world: StudyWorld) -> None:
    """Given the last answer, there are one read and one write more; at the final step one read each."""
    world.upload({"survey-0.html": "<h1>Survey 0</h1>"})
    warm(world, groups="balanced")
    world.reach_survey()
    world.aws.reset()
    world.post({"page": "survey"})
    last = world.aws.count()
    world.aws.reset()
    world.get()

    assert last == {"GetObject": 2, "PutObject": 2}
    assert world.aws.count() == {"GetObject": 2}


def test_retry_of_a_failed_start_is_one_message(world: StudyWorld) -> None:
    """Given a retry after a failure, there are two records read, one message and one write."""
    warm(world)
    world.reach_waiting()
    world.put_server("stopped", error="taken")
    world.aws.reset()

    world.get(retry=1)

    assert world.aws.count() == {"GetObject": 2, "PutObject": 1, "Publish": 1}
