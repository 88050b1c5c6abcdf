"""Balanced groups from a participant's link to the end: claimed, stored, shown, sent to the game, counted."""

import json
import logging
from typing import Any

import pytest

from tests.support.study_world import (
    BUCKET,
    CONSENT,
    EXTRA_BUCKET,
    OTHER_USER,
    PAGES,
    PROJECT,
    USER,
    Answer,
    StudyWorld,
)

KEY = f"{PROJECT}/_groups.json"
VARIANTS: dict[str, str | bytes] = {
    **{name: text for name, text in PAGES.items() if name not in ("quiz.html", "survey.html")},
    **{f"quiz-{group}.html": f"<h1>Quiz {group}</h1>" for group in range(2)},
    **{f"survey-{group}.html": f"<h1>Survey {group}</h1>" for group in range(2)},
}


def publish(world: StudyWorld, **changes: Any) -> None:
    """Return the sample study with two variants of two pages instead of the plain ones."""
    remove_plain_pages(world)
    world.publish(VARIANTS, **{"groups": "balanced", **changes})


def remove_plain_pages(world: StudyWorld) -> None:
    """Remove the plain pages, which would count as one more variant."""
    for name in ("quiz.html", "survey.html"):
        world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/{name}")


def read_groups(world: StudyWorld, bucket: str = BUCKET) -> Any:
    """Return the object without the times."""
    content = json.loads(world.read_object(KEY, bucket))
    return {**content, "running": {user: group for user, (group, _) in content["running"].items()}}


def go_through(world: StudyWorld, user: str) -> Answer:
    """Go from the link to the final page."""
    world.put_server(user=user)
    world.get(user=user)
    world.post({"page": "consent"}, user=user)
    world.post({"page": "quiz"}, user=user)
    world.get(user=user, step=3)
    return world.post({"page": "survey"}, user=user)


def test_newcomers_fill_groups_evenly(world: StudyWorld) -> None:
    """Given six newcomers one after another, three are in each group by their records."""
    publish(world)
    users = [f"player-{number}" for number in range(6)]
    for user in users:
        world.get(user=user)

    groups = {user: world.record(user)["group"] for user in users}
    assert sorted(groups.values()) == [0, 0, 0, 1, 1, 1]
    assert read_groups(world) == {"finished": [], "running": groups}


def test_pages_and_start_message_have_the_same_group(world: StudyWorld) -> None:
    """Given two participants, each sees the variants of their record's group on every page, and the
    message that starts their server, sent before the record exists, has it too."""
    publish(world)
    for user in (USER, OTHER_USER):
        world.put_server(user=user)
        world.get(user=user)
        group = world.record(user)["group"]
        assert world.messages("start")[-1]["group"] == group
        assert world.post({"page": "consent"}, user=user).page == f"<h1>Quiz {group}</h1>"
        world.post({"page": "quiz"}, user=user)
        assert world.get(user=user, step=3).page == f"<h1>Survey {group}</h1>"

    assert {world.record(user)["group"] for user in (USER, OTHER_USER)} == {0, 1}


def test_group_outlives_the_option(world: StudyWorld) -> None:
    """Given a participant, they keep their group when the study is published without the option, and a
    newcomer has none."""
    publish(world)
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b'{"finished": [1, 0], "running": {}}')
    world.get()  # the rule for ids would return 0
    publish(world, groups="hash")
    world.get(user=OTHER_USER)

    assert world.post({"page": "consent"}).page == "<h1>Quiz 1</h1>"
    assert "group" not in world.record(OTHER_USER)
    assert "group" not in world.messages("start")[-1]
    assert read_groups(world)["running"] == {USER: 1}


def test_participants_from_before_the_option_are_grouped_by_id(world: StudyWorld) -> None:
    """Given a participant without a group, their id still decides when the study begins to balance."""
    publish(world, groups=None)
    world.get(user=OTHER_USER)
    publish(world)
    go_through(world, OTHER_USER)

    assert "group" not in world.record(OTHER_USER)
    assert world.list_keys(KEY) == []


def test_finishing_is_counted_once(world: StudyWorld) -> None:
    """Given a participant at the end who reloads and answers the final page, one has finished and none is
    running."""
    publish(world)
    final = go_through(world, USER)
    group = world.record()["group"]
    again = [world.get(), world.post({"late": "answer"}), world.get(step=5)]

    assert [answer.step for answer in (final, *again)] == [5] * 4
    assert read_groups(world) == {"finished": [0] * group + [1], "running": {}}


def test_drop_outs_make_room(world: StudyWorld) -> None:
    """Given a participant who began before the cut-off, the next one gets their group; if they finish
    after all they count, and the object says so."""
    publish(world, groupsCutoff=30)
    world.get(user="gone")
    group = world.record("gone")["group"]
    world.get(user="second")
    world.post({"page": "consent"}, user="second")
    world.clock.advance(29 * 60)
    world.get(user="third")
    world.clock.advance(60)
    # "gone" and "second" no longer count, "third" does
    world.get(user="fourth")
    assert world.record("fourth")["group"] != world.record("third")["group"]

    go_through(world, "gone")
    assert read_groups(world)["finished"] == [0] * group + [1]


def test_simultaneous_arrivals_are_counted_for_each_other(world: StudyWorld) -> None:
    """Given four participants who read the object before any writes it, two are in each group."""
    publish(world)
    users = [f"player-{number}" for number in range(4)]

    def arrive(waiting: list[str]) -> None:
        if waiting:
            # The next participant's whole request runs between this claim's read and write.
            world.aws.before("PutObject", lambda: arrive(waiting[1:]), key="_groups.json")
            world.get(user=waiting[0])

    arrive(users)

    groups = {user: world.record(user)["group"] for user in users}
    assert sorted(groups.values()) == [0, 0, 1, 1]
    assert read_groups(world)["running"] == groups


def test_two_windows_of_one_person_have_one_group(world: StudyWorld) -> None:
    """Given a newcomer in two windows at once, there are one entry and one record, with the same group."""
    publish(world)
    rivals: list[Answer] = []
    world.aws.before("PutObject", lambda: rivals.append(world.get()), key="_groups.json")

    answers = [world.get(), *rivals]

    assert [(a.page, a.step) for a in answers] == [(CONSENT, 1)] * 2
    assert read_groups(world)["running"] == {USER: world.record()["group"]}
    assert {message["group"] for message in world.messages("start")} == {world.record()["group"]}


def test_crash_between_claim_and_record_keeps_the_group(world: StudyWorld) -> None:
    """Given a claim whose participant could not be written, they get the same group when they return."""
    publish(world)
    world.aws.fail("PutObject", "AccessDenied", 403, key="/Users/")
    crashed = world.get()
    claimed = read_groups(world)["running"][USER]
    for number in range(3):
        world.get(user=f"player-{number}")

    world.get()

    assert crashed.status == 503
    assert world.record()["group"] == claimed
    assert list(read_groups(world)["running"]).count(USER) == 1


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [("GetObject", "SlowDown", 503), ("PutObject", "SlowDown", 503), ("PutObject", "OperationAborted", 409)],
)
def test_passing_fault_of_a_claim_is_retried(
    world: StudyWorld, operation: str, code: str, status: int
) -> None:
    """Given calls that fail and then work, the participant notices nothing and counts once."""
    publish(world)
    world.aws.fail(operation, code, status, times=3, key="_groups.json")

    assert world.get().page == CONSENT
    assert read_groups(world)["running"] == {USER: world.record()["group"]}


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("GetObject", "SlowDown", 503),
        ("PutObject", "AccessDenied", 403),
        ("PutObject", "PreconditionFailed", 412),
    ],
)
def test_end_that_is_not_counted_loses_no_answer(
    world: StudyWorld, operation: str, code: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Given an object that fails at the last answer, the answer is stored and the final page shown within
    half a second, a log line says so, and the next request counts it."""
    publish(world)
    world.put_server()
    world.get()
    world.post({"page": "consent"})
    world.post({"page": "quiz"})
    world.get(step=3)
    caplog.set_level(logging.WARNING)
    world.aws.fail(operation, code, status, times=10_000, key="_groups.json")
    began = world.clock.now()

    final = world.post({"page": "survey"})

    assert (final.step, world.bodies()[4]) == (5, '{"page": "survey"}')
    assert (world.clock.now() - began).total_seconds() < 0.5
    assert "end not counted" in caplog.text
    world.aws.reset()
    assert read_groups(world)["running"] == {USER: world.record()["group"]}
    world.get()
    assert sum(read_groups(world)["finished"]) == 1


def test_broken_object_stops_newcomers_only(world: StudyWorld) -> None:
    """Given a broken object, a newcomer gets 503, and earlier participants continue."""
    publish(world)
    world.get()
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"{")

    assert world.get(user=OTHER_USER).status == 503
    assert world.list_keys(f"{PROJECT}/Users/{OTHER_USER}") == []
    assert world.post({"page": "consent"}).step == 2
    assert world.read_object(KEY) == "{"


def test_object_is_in_the_projects_bucket(world: StudyWorld) -> None:
    """Given a project in another bucket, its count is there."""
    publish(world, bucket=EXTRA_BUCKET)
    world.get()

    assert list(read_groups(world, EXTRA_BUCKET)["running"]) == [USER]
    assert world.list_keys(KEY) == []


def test_refused_and_wrong_requests_claim_nothing(world: StudyWorld) -> None:
    """Given a newcomer who is refused, or whose request is invalid, they get no group."""
    publish(world, closesAt="2030-01-01T12:00:00Z")
    world.get()
    publish(world)
    world.get(step=3)
    publish(world, live=False)
    world.get()

    assert world.list_keys(KEY) == []


def test_list_edited_by_hand_may_have_fewer_variants_of_a_page(world: StudyWorld) -> None:
    """Given an entry without a version and pages with two and three variants, there are three groups,
    each of which sees a variant of both."""
    publish(world)
    world.upload({"survey-2.html": "<h1>Survey 2</h1>"})
    world.write_list([{**world.read_list()[0], "version": None}])
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b'{"finished": [1, 1, 0], "running": {}}')
    world.put_server()
    world.get()
    quiz = world.post({"page": "consent"})
    world.post({"page": "quiz"})

    assert (world.record()["group"], quiz.page) == (2, "<h1>Quiz 0</h1>")
    assert world.get(step=3).page == "<h1>Survey 2</h1>"


def test_list_edited_by_hand_without_variants_has_no_groups(world: StudyWorld) -> None:
    """Given an entry without a version or variants, nothing is counted."""
    world.publish()
    world.write_list([{**world.read_list()[0], "version": None, "groups": "balanced"}])
    world.get()

    assert "group" not in world.record()
    assert world.list_keys(KEY) == []


def test_pages_that_differ_in_variants_are_refused(world: StudyWorld) -> None:
    """Given three variants of one page and two of another, the response is 400 with both, and nothing is
    published."""
    remove_plain_pages(world)
    world.upload({**VARIANTS, "survey-2.html": "<h1>Survey 2</h1>"})
    known = world.list_keys()

    answer = world.update({**world.config, "groups": "balanced"})

    assert answer["statusCode"] == 400
    assert "groups: balanced needs the same number of variants" in answer["body"]
    assert "quiz.html has 2, survey.html has 3" in answer["body"]
    assert world.list_keys() == known
    assert "groups" not in world.read_list()[0]


@pytest.mark.parametrize(
    "pages", [PAGES, {**PAGES, "quiz-0.html": ""}], ids=["none", "one and the plain one"]
)
def test_option_wants_two_variants(world: StudyWorld, pages: dict[str, str | bytes]) -> None:
    """Given no variants, the response is 400; the plain file counts as one, as always."""
    world.upload(pages)

    answer = world.update({**world.config, "groups": "balanced"})

    assert answer["statusCode"] == (400 if pages == PAGES else 200)
    assert ("groups: balanced needs variants" in answer["body"]) == (pages == PAGES)
