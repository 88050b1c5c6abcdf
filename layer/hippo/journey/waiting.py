"""The wait for a server: what the participant sees, and whether to request it again. Pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hippo.records.codes import LIVING, EndReason, ServerState
from hippo.records.participant import Participant
from hippo.records.server import MAX_ATTEMPTS, ServerRecord

ASK_AGAIN = timedelta(seconds=60)  # the start is published again for a participant who has waited this long
RETRY_LIFE = timedelta(minutes=10)  # after this, a retry that has not started shows the failure again
QUEUED, STARTING, ALMOST_THERE = "queued", "starting", "almostThere"
_RETRY = "/retry"


@dataclass(frozen=True, slots=True)
class WaitingTimes:
    """Seconds between a client's requests while a server starts, and seconds that a start usually takes."""

    retry_after: float
    usual: float


def build_wait(server: ServerRecord | None, project_id: str, times: WaitingTimes) -> dict[str, Any]:
    """Return the content of a response that lets the participant wait."""
    stage = find_stage(server, project_id)
    retry_after = {
        QUEUED: 2 * times.retry_after,
        STARTING: times.retry_after,
        ALMOST_THERE: min(2.0, times.retry_after),
    }[stage]
    return {"page": "wait", "progress": stage, "retryAfter": retry_after, "usualSeconds": times.usual}


def describe_delay(
    server: ServerRecord | None,
    project_id: str,
    participant: Participant,
    researcher: str | None,
    usual: float,
    now: datetime,
) -> dict[str, Any]:
    """Return the keys that a `wait` response has in addition while a start does not progress; {} if it does.

    Another study's server under the same user id also keeps a start from progressing. The tries of a
    start often succeed in the end, so this is said only after twice the usual seconds. Participants
    cannot act on the problem itself, so the response names only the person to contact.
    """
    since = participant.waiting_since
    if server is None or since is None:
        return {}
    is_own = server.project_id == project_id
    is_failing = server.state == ServerState.STARTING and bool(server.start_problem)
    if not (is_failing if is_own else server.state in LIVING):
        return {}
    return {"delayed": True, "contact": researcher} if now - since >= timedelta(seconds=2 * usual) else {}


def describe_end(server: ServerRecord | None, participant: Participant) -> dict[str, Any]:
    """Return the key that says that a participant's game was closed because it had no player."""
    is_closed = server is not None and server.has_ended_idle and participant.interrupted_at is not None
    return {"closed": "idle"} if is_closed else {}


def is_wanted_back(server: ServerRecord | None, participant: Participant) -> bool:
    """Return whether to request a server that has ended idle: its participant is there again.

    Afterwards the request is repeated like any other.
    """
    has_stopped = server is not None and server.has_ended_idle and server.state == ServerState.STOPPED
    return has_stopped and participant.start_requested_at is None


def find_stage(server: ServerRecord | None, project_id: str) -> str:
    """Return how far the start of the participant's server is.

    A participant whose earlier server is still being stopped counts as queued.
    """
    if server is None or server.project_id != project_id:
        return QUEUED
    if server.state == ServerState.STARTING:
        return ALMOST_THERE if server.public_ip else STARTING
    if server.state == ServerState.STOPPING and server.is_being_replaced_for(project_id):
        return STARTING  # a server that failed is removed in seconds, and another one starts
    return QUEUED


def may_retry(server: ServerRecord, participant: Participant) -> bool:
    """Return whether the participant may retry a failed start.

    If the task ended, they may retry as often as the platform itself does. Any other failure is likely to
    recur, so they may retry only once.
    """
    if not server.has_failed_for(server.project_id) or server.tries >= MAX_ATTEMPTS:
        return False
    return server.reason == EndReason.TASK_ENDED or not (participant.retried_as or "").endswith(_RETRY)


def name_retry(server: ServerRecord) -> str:
    """Return the suffix of the retry's request id.

    If the task ended, it equals the suffix of the platform's own retry, so that both take effect once. After
    any other failure that number may have been used, so the suffix differs.
    """
    suffix = f"/{server.attempt + 1}"
    return suffix if server.reason == EndReason.TASK_ENDED else suffix + _RETRY


def is_retry_pending(server: ServerRecord, participant: Participant, now: datetime) -> bool:
    """Return whether the participant has requested a retry that the record does not show yet."""
    if participant.retried_at is None or now - participant.retried_at >= RETRY_LIFE:
        return False
    has_started = participant.retried_as in (server.start_id, *server.seen)
    return server.has_failed_for(server.project_id) and not has_started


def is_overdue(participant: Participant, now: datetime) -> bool:
    """Return whether the participant has waited for a minute since a start was last requested."""
    since = max(filter(None, (participant.waiting_since, participant.start_requested_at)), default=now)
    return now - since >= ASK_AGAIN


def needs_start(server: ServerRecord | None, project_id: str, now: datetime) -> bool:
    """Return whether a start would have an effect: no server of this project, or one without a live lease."""
    if server is None or server.project_id != project_id:
        return True
    if server.state in (ServerState.STARTING, ServerState.STOPPING):
        return not server.has_lease(now)
    return server.may_start_again_for(project_id)
