"""What somebody who waits for their server is told, and whether it is asked for again: pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hippo.records.codes import EndReason, ServerState
from hippo.records.participant import Participant
from hippo.records.server import MAX_TRIES, ServerRecord

ASK_AGAIN = timedelta(seconds=60)  # a participant who waits this long is published for again
RETRY_LIFE = timedelta(minutes=10)  # a retry that nobody takes up: the failure is shown again
QUEUED, STARTED, ALMOST_THERE = "queued", "starting", "almostThere"
_RETRY = "/retry"


@dataclass(frozen=True, slots=True)
class WaitingTimes:
    """Seconds: until a client asks again while a server starts, and how long a start usually takes."""

    retry_after: float
    usual: float


def build_wait(server: ServerRecord | None, project_id: str, times: WaitingTimes) -> dict[str, Any]:
    """The content of an answer that lets the participant wait."""
    progress = describe_progress(server, project_id)
    retry_after = {
        QUEUED: 2 * times.retry_after,
        STARTED: times.retry_after,
        ALMOST_THERE: min(2.0, times.retry_after),
    }[progress]
    return {"page": "wait", "progress": progress, "retryAfter": retry_after, "usualSeconds": times.usual}


def describe_progress(server: ServerRecord | None, project_id: str) -> str:
    """How far the participant's server is; what stands in its way, such as an earlier one, is a queue."""
    if server is None or server.project_id != project_id:
        return QUEUED
    if server.state == ServerState.STARTING:
        return ALMOST_THERE if server.public_ip else STARTED
    # One that died is cleared away in seconds, and another one starts.
    return STARTED if server.state == ServerState.STOPPING and server.comes_back_for(project_id) else QUEUED


def may_retry(server: ServerRecord, participant: Participant) -> bool:
    """Whether the participant may have a failed start tried once more.

    Where the task ended, as often as it is tried anyway; any other failure is likely to come again, so
    only once.
    """
    if not server.has_failed_for(server.project_id) or server.tries >= MAX_TRIES:
        return False
    return server.reason == EndReason.TASK_ENDED or not (participant.retried_as or "").endswith(_RETRY)


def name_retry(server: ServerRecord) -> str:
    """What the retry's request id ends in.

    Where the task ended it is the id under which the platform asks again by itself, so both have effect
    once. Any other failure keeps its attempt's number, which may have been used up.
    """
    suffix = f"/{server.attempt + 1}"
    return suffix if server.reason == EndReason.TASK_ENDED else suffix + _RETRY


def is_retry_pending(server: ServerRecord, participant: Participant, now: datetime) -> bool:
    """Whether the participant has asked for another try and the record still shows the failure before it."""
    if participant.retried_at is None or now - participant.retried_at >= RETRY_LIFE:
        return False
    taken_up = participant.retried_as in (server.start_id, *server.seen)
    return server.has_failed_for(server.project_id) and not taken_up


def is_overdue(participant: Participant, now: datetime) -> bool:
    """Whether the participant has waited for a minute since a start was last asked for."""
    since = max(filter(None, (participant.waiting_since, participant.start_requested_at)), default=now)
    return now - since >= ASK_AGAIN


def needs_start(server: ServerRecord | None, project_id: str, now: datetime) -> bool:
    """Whether a start would have something to do: no server of this project, or one nobody works on."""
    if server is None or server.project_id != project_id:
        return True
    if server.state in (ServerState.STARTING, ServerState.STOPPING):
        return not server.has_lease(now)
    return server.may_start_again_for(project_id)
