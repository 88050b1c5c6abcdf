"""The participant's view of the wait, and when a start is requested again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hippo.journey.waiting import (
    RETRY_LIFE,
    WaitingTimes,
    build_wait,
    is_retry_pending,
    may_retry,
    name_retry,
)
from hippo.records.codes import EndReason
from hippo.records.participant import Participant
from hippo.records.server import MAX_ATTEMPTS, ServerRecord

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
TIMES = WaitingTimes(retry_after=5.0, usual=75.0)
STARTING = ServerRecord("u", "p", "starting")
FAILED = ServerRecord("u", "p", "stopped", attempt=2, error="taken", start_id="p/u/1", seen=("p/u/1",))
ENDED = replace(FAILED, reason=EndReason.TASK_ENDED)


@pytest.mark.parametrize(
    ("server", "progress", "retry_after"),
    [
        (None, "queued", 10),
        (STARTING, "starting", 5),
        (replace(STARTING, public_ip="198.51.100.7"), "almostThere", 2),
        (replace(STARTING, project_id="another", public_ip="198.51.100.7"), "queued", 10),
        (replace(STARTING, state="stopping", public_ip="198.51.100.7"), "queued", 10),
        (replace(STARTING, state="stopped"), "queued", 10),
        (replace(STARTING, state="ready", public_ip="198.51.100.7"), "queued", 10),
    ],
    ids=["no record", "starting", "address", "of another study", "stopping", "stopped", "past its deadline"],
)
def test_progress(server: ServerRecord | None, progress: str, retry_after: float) -> None:
    """Given a server in some state, the response says how far it is and when to ask again."""
    assert build_wait(server, "p", TIMES) == {
        "page": "wait",
        "progress": progress,
        "retryAfter": retry_after,
        "usualSeconds": 75,
    }


def test_almost_there_is_never_slower_than_the_operator_says() -> None:
    """Given half a second between polls, a server with an address is polled as often."""
    times = WaitingTimes(retry_after=0.5, usual=5)
    server = replace(STARTING, public_ip="198.51.100.7")

    assert build_wait(server, "p", times)["retryAfter"] == 0.5


@pytest.mark.parametrize(
    ("server", "retried_as", "allowed"),
    [
        (FAILED, None, True),
        (FAILED, "p/u/1/2/retry", False),
        (FAILED, "p/u/1/2", True),
        (ENDED, None, True),
        (ENDED, "p/u/1/2", True),
        (replace(ENDED, tries=MAX_ATTEMPTS), None, False),
        (replace(FAILED, tries=MAX_ATTEMPTS), None, False),
        (replace(FAILED, error=""), None, False),
        (STARTING, None, False),
    ],
)
def test_retry_is_allowed(server: ServerRecord, retried_as: str | None, allowed: bool) -> None:
    """Given a failure, the participant may retry once if it is permanent, and otherwise while the
    platform retries too."""
    assert may_retry(server, Participant(NOON, retried_as=retried_as)) == allowed


def test_retry_after_a_task_that_ended_is_the_start_that_the_platform_asks_for() -> None:
    """Given a task that ended, the participant's retry and the platform's have the same id."""
    assert (name_retry(ENDED), name_retry(FAILED)) == ("/3", "/3/retry")


@pytest.mark.parametrize(
    ("server", "asked", "pending"),
    [
        (FAILED, timedelta(seconds=1), True),
        (FAILED, RETRY_LIFE - timedelta(seconds=1), True),
        (FAILED, RETRY_LIFE, False),
        (FAILED, None, False),
        (replace(FAILED, attempt=3, start_id="again"), timedelta(seconds=1), False),
        (replace(FAILED, attempt=4, start_id="later", seen=("again", "later")), timedelta(seconds=1), False),
        (STARTING, timedelta(seconds=1), False),
    ],
    ids=["fresh", "old", "too old", "never", "failed too", "another failed since", "taken up"],
)
def test_pending_retry(server: ServerRecord, asked: timedelta | None, pending: bool) -> None:
    """Given a retry, it is pending until a start takes it up, and not forever."""
    retried_at = NOON - asked if asked is not None else None
    participant = Participant(NOON, retried_at=retried_at, retried_as="again" if asked else None)

    assert is_retry_pending(server, participant, NOON) == pending
