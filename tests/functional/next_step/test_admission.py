"""Admission to a study: a limit of participants, a closing time, a screen. A refusal costs nothing."""

import json
import logging
from typing import Any

import pytest

from tests.support.study_world import (
    CONSENT,
    CSS,
    EXTRA_BUCKET,
    OTHER_USER,
    PROJECT,
    QUIZ,
    USER,
    Answer,
    StudyWorld,
)

KEY = f"{PROJECT}/_admission.json"
THIRD_USER = "123e4567-e89b-42d3-a456-426614174000"


def read_admissions(world: StudyWorld, bucket: str = "hippo-data") -> Any:
    """Return who was admitted and who was not, without the times of those who may not have begun."""
    content = json.loads(world.read_object(KEY, bucket))
    assert set(content.pop("since", {})) <= set(content["admitted"])
    return content


def reason_of(answer: Answer) -> str | None:
    """Return the reason of a refusal, None for other responses."""
    assert answer.status == 200
    return answer.content["reason"] if answer.content.get("error") == "refused" else None


def test_number_of_participants_is_limited(world: StudyWorld) -> None:
    """Given a limit of two and three participants, the third gets a page that the study is full."""
    world.publish(maxParticipants=2)

    answers = [world.get(user=user) for user in (USER, OTHER_USER, THIRD_USER)]

    assert [reason_of(answer) for answer in answers] == [None, None, "full"]
    assert read_admissions(world) == {"admitted": [USER, OTHER_USER], "refused": {"full": [THIRD_USER]}}


def test_refusal_is_a_page_with_all_that_an_answer_has(world: StudyWorld) -> None:
    """Given a refused participant, the response has a clear text, whom to ask, and the usual keys."""
    world.publish(closesAt="2030-01-01 12:00:00+00:00", language="fr")

    answer = world.get()

    page = answer.content.pop("page")
    assert "closed" in page
    assert "1 January 2030, 12:00 UTC" in page
    assert "Ada Example, ada@example.org" in page
    assert answer.content == {
        "error": "refused",
        "reason": "closed",
        "contact": "Ada Example, ada@example.org",
        "step": 0,
        "steps": 4,
        "css": CSS,
        "title": "Mountain Car",
        "language": "fr",
        "userId": USER,
        "projectId": PROJECT,
    }


REFUSALS = [
    ({"maxParticipants": 1}, {}, "full"),
    ({"closesAt": "2030-01-01T12:00:00Z"}, {}, "closed"),
    ({"screen": {"mobile": False}}, {"mobile": 1}, "mobile"),
    ({"screen": {"minWidth": 800}}, {"screenWidth": 799}, "narrow"),
]


@pytest.mark.parametrize(("options", "query", "reason"), REFUSALS, ids=[r for *_, r in REFUSALS])
def test_refused_leaves_nothing_but_its_count(
    world: StudyWorld,
    options: dict[str, Any],
    query: dict[str, Any],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Given a participant refused for each reason, who comes again and POSTs, there are no record and no
    message, one count, and a log line each time."""
    world.publish(**options)
    if reason == "full":
        world.get(user=OTHER_USER)
    started = len(world.messages("start"))
    caplog.set_level(logging.INFO)
    caplog.clear()

    answers = [world.get(**query), world.post({"a": "b"}, **query), world.get(**query)]

    assert [reason_of(answer) for answer in answers] == [reason] * 3
    assert read_admissions(world)["refused"] == {reason: [USER]}
    assert f"{PROJECT}/Users/{USER}" not in world.list_keys(f"{PROJECT}/Users/")
    assert len(world.messages("start")) == started
    lines = [vars(r) for r in caplog.records if r.getMessage() == "refused"]
    assert [(r["projectId"], r["userId"], r["reason"]) for r in lines] == [(PROJECT, USER, reason)] * 3


@pytest.mark.parametrize(("options", "query", "reason"), REFUSALS, ids=[r for *_, r in REFUSALS])
def test_participants_who_have_begun_are_never_refused(
    world: StudyWorld, options: dict[str, Any], query: dict[str, Any], reason: str
) -> None:
    """Given a participant, they continue when the study gets an option that would refuse them."""
    world.get()
    world.publish(**options)
    world.get(user=OTHER_USER)

    assert world.post({"agree": "yes"}, **query).page == QUIZ


def test_headers_tell_a_phone_from_a_computer(world: StudyWorld, load_event: Any) -> None:
    """Given an existing front end, which does not report the screen, the browser's headers decide."""
    world.publish(screen={"mobile": False})
    phone = load_event("next_get")
    phone["headers"]["User-Agent"] = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"

    assert reason_of(world.send_event(phone)) == "mobile"
    assert reason_of(world.get()) is None


def test_larger_window_is_admitted(world: StudyWorld) -> None:
    """Given a participant refused for a narrow window, they begin once it is wider."""
    world.publish(screen={"minWidth": 800})

    answers = [world.get(screenWidth=500, mobile=0, step=0), world.get(screenWidth=1200, mobile=0, step=0)]

    assert [reason_of(answer) for answer in answers] == ["narrow", None]
    assert answers[1].page == CONSENT


def test_closing_time_is_exact(world: StudyWorld) -> None:
    """Given a closing time, the last participant is admitted just before it."""
    closes_at = world.minutes_later(10)
    world.publish(closesAt=closes_at.isoformat())
    world.clock.moment = closes_at
    world.clock.advance(-0.001)
    early = world.get()
    world.clock.advance(0.001)

    assert [reason_of(early), reason_of(world.get(user=OTHER_USER))] == [None, "closed"]


def test_reasons_are_reported_in_order(world: StudyWorld) -> None:
    """Given several reasons, the one that the participant cannot change comes first, and the count is
    unchanged."""
    world.publish(maxParticipants=1, closesAt="2030-01-01T12:00:00Z", screen={"mobile": False})

    assert reason_of(world.get(mobile=1)) == "closed"
    assert read_admissions(world)["admitted"] == []


def test_option_takes_effect_on_newcomers_at_once(world: StudyWorld) -> None:
    """Given a limit that is raised, a refused participant is admitted, with the current version."""
    world.publish(maxParticipants=1)
    world.get()
    full = world.get(user=OTHER_USER)
    world.publish(maxParticipants=2)

    assert [reason_of(full), reason_of(world.get(user=OTHER_USER))] == ["full", None]


def test_unreadable_options_of_a_list_let_everybody_in(world: StudyWorld) -> None:
    """Given a list edited by hand, unreadable options are absent."""
    odd = {"maxParticipants": "few", "closesAt": ["x"], "screen": 5, "onePer": 7, "completion": "x"}
    world.write_list([{**world.read_list()[0], **odd, "version": None}])

    assert "completion" not in world.reach_final().content
    assert world.list_keys(KEY) == []


def test_list_is_in_the_projects_bucket(world: StudyWorld) -> None:
    """Given a project in another bucket, its count is there."""
    world.publish(maxParticipants=1, bucket=EXTRA_BUCKET)
    world.get()

    assert read_admissions(world, EXTRA_BUCKET)["admitted"] == [USER]
    assert world.list_keys(KEY) == []


def test_limit_holds_for_simultaneous_arrivals(world: StudyWorld) -> None:
    """Given a limit of two and five participants who read the list before any writes it, two begin."""
    world.publish(maxParticipants=2)
    users = [f"player-{number}" for number in range(5)]
    answers: list[Answer] = []

    def arrive(waiting: list[str]) -> None:
        if waiting:
            # The next participant's whole request runs between this claim's read and write.
            world.aws.before("PutObject", lambda: arrive(waiting[1:]), key="_admission.json")
            answers.append(world.get(user=waiting[0]))

    arrive(users)

    reasons = [reason_of(answer) for answer in answers]
    admissions = read_admissions(world)
    assert sorted(reasons, key=str) == [None, None, "full", "full", "full"]
    assert len(admissions["admitted"]) == 2
    assert sorted(admissions["admitted"] + admissions["refused"]["full"]) == users
    keys = world.list_keys(f"{PROJECT}/Users/")
    assert keys == sorted(f"{PROJECT}/Users/{user}" for user in admissions["admitted"])


def test_two_windows_of_one_participant_count_once(world: StudyWorld) -> None:
    """Given a newcomer in two windows at once, they count once and have one record, and both see step 1."""
    world.publish(maxParticipants=1)
    rivals: list[Answer] = []
    world.aws.before("PutObject", lambda: rivals.append(world.get()), key="_admission.json")

    answers = [world.get(), *rivals]

    assert [(a.page, a.step) for a in answers] == [(CONSENT, 1)] * 2
    assert read_admissions(world) == {"admitted": [USER], "refused": {}}


def test_crash_between_admission_and_record_keeps_the_admission(world: StudyWorld) -> None:
    """Given an admitted participant whose record could not be written, they are still admitted when they
    return, and no one else is in between."""
    world.publish(maxParticipants=1)
    world.aws.fail("PutObject", "AccessDenied", 403, key="/Users/")
    crashed = world.get()

    others, again = world.get(user=OTHER_USER), world.get()

    assert crashed.status == 503
    assert [reason_of(others), reason_of(again)] == ["full", None]
    assert read_admissions(world)["admitted"] == [USER]


def test_claim_that_succeeded_and_was_retried_counts_once(world: StudyWorld) -> None:
    """Given an admission whose response was lost, so that botocore's retry gets 412, it counts once."""
    world.publish(maxParticipants=1)
    world.aws.before(
        "PutObject",
        lambda: world.s3.put_object(**world.aws.calls[-1].parameters),
        key="_admission.json",
    )

    assert world.get().page == CONSENT
    assert read_admissions(world) == {"admitted": [USER], "refused": {}}


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [("GetObject", "SlowDown", 503), ("PutObject", "SlowDown", 503), ("PutObject", "OperationAborted", 409)],
)
def test_passing_fault_of_the_list_is_retried(
    world: StudyWorld, operation: str, code: str, status: int
) -> None:
    """Given calls that fail and then work, the participant notices nothing and counts once."""
    world.publish(maxParticipants=1)
    world.aws.fail(operation, code, status, times=3, key="_admission.json")

    assert world.get().page == CONSENT
    assert read_admissions(world)["admitted"] == [USER]


def test_crowd_that_never_ends_becomes_503_in_time(world: StudyWorld) -> None:
    """Given admissions that always lose, the response is 503 before Lambda would end the function, and no
    one is admitted."""
    world.publish(maxParticipants=1)
    began = world.clock.now()
    world.aws.fail("PutObject", "PreconditionFailed", 412, times=10_000, key="_admission.json")

    answer = world.get()

    assert answer.status == 503
    assert 12 < (world.clock.now() - began).total_seconds() < 20
    assert world.list_keys(f"{PROJECT}/Users/") == []


def test_unreadable_list_admits_no_one(world: StudyWorld) -> None:
    """Given AccessDenied for an existing list, the response is 503: the list is not created again, and no
    one is admitted."""
    world.publish(maxParticipants=1)
    world.get()
    world.aws.fail("GetObject", "AccessDenied", 403, times=10_000, key="_admission.json")

    assert world.get(user=OTHER_USER).status == 503
    world.aws.reset()
    assert read_admissions(world)["admitted"] == [USER]


def test_broken_list_is_left_to_a_person(world: StudyWorld) -> None:
    """Given a broken list, the response is 503 at once, and it is unchanged."""
    world.publish(maxParticipants=1)
    world.s3.put_object(Bucket="hippo-data", Key=KEY, Body=b"{")
    began = world.clock.now()

    assert world.get().status == 503
    assert world.clock.now() == began
    assert world.read_object(KEY) == "{"


def test_refusal_needs_no_valid_list(world: StudyWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Given a broken list and a newcomer who is refused whatever it says, they see why; the log says that
    they were not counted."""
    world.publish(closesAt="2030-01-01T12:00:00Z")
    world.s3.put_object(Bucket="hippo-data", Key=KEY, Body=b"{")

    assert reason_of(world.get()) == "closed"
    assert "refusal not counted" in caplog.text
    assert world.read_object(KEY) == "{"


def test_invalid_request_does_not_count(world: StudyWorld) -> None:
    """Given a newcomer who claims to have finished a step, the response is 400 and they do not count."""
    world.publish(maxParticipants=1)

    assert world.get(step=3).status == 400
    assert world.list_keys(KEY) == []


def test_closed_study_counts_no_one(world: StudyWorld) -> None:
    """Given `live: false`, the response is 400 as always, even for a newcomer's POST, and they do not
    count."""
    world.publish(maxParticipants=1, live=False)

    assert [world.get().status, world.post({"a": "b"}).status] == [400, 400]
    assert world.list_keys(KEY) == []


def test_existing_front_end_shows_the_refusal(world: StudyWorld) -> None:
    """Given a front end that knows only pages, it gets one, with step and style, and status 200."""
    world.publish(maxParticipants=1)
    world.get(user=OTHER_USER)

    answer = world.get()

    assert answer.page.startswith("<h1>")
    assert (answer.step, answer.content["css"]) == (0, CSS)
