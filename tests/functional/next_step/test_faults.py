"""Transient faults of AWS: retried within the time limit, then 503 with a JSON message."""

from typing import Any

import pytest

from hippo.aws.clients import QUICK
from tests.support.study_world import CONSENT, PROJECT, QUIZ, USER, StudyWorld


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("GetObject", "SlowDown", 503),
        ("GetObject", "InternalError", 500),
        ("GetObject", "RequestTimeout", 400),
        ("PutObject", "SlowDown", 503),
        ("PutObject", "InternalError", 500),
        ("Publish", "Throttling", 400),
        ("Publish", "ThrottledException", 429),
        ("Publish", "InternalFailure", 500),
    ],
)
def test_passing_fault_is_retried(world: StudyWorld, operation: str, code: str, status: int) -> None:
    """Given a call that fails three times and then works, the participant notices nothing."""
    world.aws.fail(operation, code, status, times=3)

    assert world.get().page == CONSENT
    assert len(world.record()["requests"]) == 1


def test_retried_answer_is_stored_once(world: StudyWorld) -> None:
    """Given a write that fails before it works, the answer is stored once, in the right position."""
    world.get()
    world.aws.fail("PutObject", "SlowDown", 503, times=2)

    assert world.post({"agree": "yes"}).page == QUIZ
    assert world.bodies() == [None, '{"agree": "yes"}']


@pytest.mark.parametrize(
    ("operation", "key"), [("GetObject", ""), ("GetObject", "/Users/"), ("PutObject", "")]
)
def test_fault_that_stays_becomes_503_in_time(world: StudyWorld, operation: str, key: str) -> None:
    """Given a service that stays down, the response is 503 with a JSON text of what to do, before Lambda
    would end the function, after retries for most of that time."""
    world.aws.fail(operation, "SlowDown", 503, times=10_000, key=key)
    began = world.clock.now()

    answer = world.get()

    seconds = (world.clock.now() - began).total_seconds()
    assert (answer.status, answer.content) == (503, "The service is busy. Please try again in a moment.")
    assert 12 < seconds <= 18


def test_time_limit_is_lambdas(world: StudyWorld, load_event: Any) -> None:
    """Given six seconds left, it gives up within two: the rest is reserved for calls that hang."""
    world.aws.fail("GetObject", "SlowDown", 503, times=10_000)
    began = world.clock.now()

    answer = world.send_event(load_event("next_get"), milliseconds=6_000)

    assert answer.status == 503
    assert (world.clock.now() - began).total_seconds() <= 2


def test_refusal_is_not_retried(world: StudyWorld) -> None:
    """Given a permission that is missing, the response is 503 at once: waiting would not help."""
    world.aws.fail("PutObject", "AccessDenied", 403, times=10_000)

    assert world.get().status == 503
    assert world.clock.slept == []


def test_missing_key_without_permission_to_list_is_a_newcomer(world: StudyWorld) -> None:
    """Given AccessDenied for a record that is not there, as S3 answers without s3:ListBucket, the
    participant is created."""
    world.aws.fail("GetObject", "AccessDenied", 403, key="/Users/")

    assert world.get().page == CONSENT


def test_record_that_cannot_be_read_is_never_overwritten(world: StudyWorld) -> None:
    """Given AccessDenied for an existing record, the response is 503 and the record is unchanged."""
    world.get()
    world.post({"page": "consent"})
    before = world.record()
    world.aws.fail("GetObject", "AccessDenied", 403, times=10_000, key="/Users/")

    answer = world.post({"page": "quiz"})

    world.aws.reset()
    assert answer.status == 503
    assert world.record() == before


def test_connection_that_breaks_is_retried(world: StudyWorld) -> None:
    """Given a connection that breaks, which botocore does not report as a response of AWS, the call is
    retried."""
    from botocore.exceptions import EndpointConnectionError

    def break_connection() -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    world.aws.before("PutObject", break_connection, times=2)

    assert world.get().page == CONSENT


def test_missing_variable_is_named(world: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a function without its environment, the error names every variable that is missing."""
    from hippo.errors import SettingsError

    monkeypatch.delenv("BUCKET")
    monkeypatch.delenv("ROOT_DOMAIN")
    world.start_cold()

    with pytest.raises(SettingsError, match="BUCKET is missing; ROOT_DOMAIN is missing"):
        world.get()


def test_lost_version_falls_back_to_the_current_one(world: StudyWorld) -> None:
    """Given a participant whose frozen version was deleted, they continue with the current one."""
    world.get()
    version = world.record()["version"]
    world.publish({"quiz.html": "new quiz"}, name="again")
    world.s3.delete_object(Bucket="hippo-data", Key=f"{PROJECT}/_versions/{version}.json")
    world.start_cold()

    assert world.post({}).page == "new quiz"


def test_broken_list_is_refused_at_once(world: StudyWorld) -> None:
    """Given a list that only a person can fix, the request is not retried."""
    world.write_list("not a list")
    began = world.clock.now()

    assert world.get().status == 503
    assert world.clock.now() == began


def test_waiting_survives_route_53(world: StudyWorld) -> None:
    """Given Route 53 refusing a lookup for a participant who has waited long, they keep waiting and their
    server is requested again."""
    world.reach_waiting()
    world.clock.sleep(61)
    world.aws.fail("ListResourceRecordSets", "AccessDenied", 403)

    assert world.get().page == "wait"
    assert len(world.messages("start")) == 2


@pytest.mark.parametrize("record", [[], {"nextStep": None}, {"nextStep": "two"}])
def test_invalid_record_is_refused_at_once_and_unchanged(world: StudyWorld, record: Any) -> None:
    """Given a participant record that only a person can fix, the response is 503, and it is not
    overwritten."""
    world.put_record(record)
    before = world.read_object(f"{PROJECT}/Users/{USER}")
    began = world.clock.now()

    assert world.post({"agree": "yes"}).status == 503
    assert world.clock.now() == began
    assert world.read_object(f"{PROJECT}/Users/{USER}") == before


def test_a_call_that_hangs_ends_within_the_margin(world: StudyWorld) -> None:
    """Given S3 that accepts a connection and never responds, all tries of one call and the pauses between
    them fit into the handler's reserve: it responds before Lambda ends it."""
    tries = QUICK.retries["total_max_attempts"]

    seconds = tries * (QUICK.connect_timeout + QUICK.read_timeout) + (tries - 1)

    assert seconds <= world.next_step.MARGIN_SECONDS
