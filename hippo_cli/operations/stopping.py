"""Stop game servers as the platform does: publish to the stop topic, then poll the server records."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippo.clock import Clock
from hippo.records.codes import LIVING, Occasion, ServerState
from hippo.records.messages import build_stop, name_request
from hippo.records.server import ServerRecord
from hippo_cli.data.bucket import Bucket
from hippo_cli.operations.platform import Platform, explaining_denial
from hippo_cli.operations.servers import HiddenServerError, read_server

REASON = "stopped by hand"
DEFAULT_TIMEOUT = timedelta(minutes=5)  # a stop takes about a minute; a failed one is retried later
_POLL_SECONDS = 2.0
_ELSEWHERE = "stopped; the participant has requested a server of another project since"
_CLOCK_SKEW = timedelta(seconds=10)  # between this machine's clock and the platform's, which counts


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """The outcome for one server. `done` is False if it had not stopped before the timeout."""

    user_id: str
    state: str
    done: bool
    note: str = ""
    ends: datetime | None = None  # when it will be stopped, after a request with a delay


# Record before the request and current record to the outcome, or None while there is none.
Judge = Callable[[ServerRecord, ServerRecord | None], StopOutcome | None]


def request_stop(platform: Platform, record: ServerRecord, delay: float = 0) -> None:
    """Publish a stop message for this participant's server in this project only.

    With a delay in minutes, the platform moves the server's deadline earlier, never later.
    """
    request_id = name_request(record.project_id, record.user_id, Occasion.BY_HAND)
    message = build_stop(
        record.user_id, project_id=record.project_id, delay=delay, reason=REASON, request_id=request_id
    )
    with explaining_denial("stop servers"):
        platform.connection.make_client("sns").publish(
            TopicArn=platform.stack["StopServerTopicArn"], Message=json.dumps(message)
        )


def await_stopped(
    bucket: Bucket,
    before: list[ServerRecord],
    clock: Clock,
    timeout: timedelta = DEFAULT_TIMEOUT,
    report: Callable[[StopOutcome], None] = lambda _: None,
) -> list[StopOutcome]:
    """Wait until each server has stopped and return the outcomes in that order.

    `before` holds the records from before the request.
    """
    return _await(_judge_stop, bucket, before, clock, timeout, report)


def await_deadlines(
    bucket: Bucket,
    before: list[ServerRecord],
    delay: float,
    clock: Clock,
    timeout: timedelta = DEFAULT_TIMEOUT,
    report: Callable[[StopOutcome], None] = lambda _: None,
) -> list[StopOutcome]:
    """Wait until each server's deadline is at most `delay` minutes away."""
    latest = clock.now() + timedelta(minutes=delay) + _CLOCK_SKEW

    def judge(was: ServerRecord, now: ServerRecord | None) -> StopOutcome | None:
        return _judge_deadline(was, now, latest)

    return _await(judge, bucket, before, clock, timeout, report)


def _await(
    judge: Judge,
    bucket: Bucket,
    before: list[ServerRecord],
    clock: Clock,
    timeout: timedelta,
    report: Callable[[StopOutcome], None],
) -> list[StopOutcome]:
    until = clock.now() + timeout
    waiting = {record.user_id: record for record in before}
    states = {record.user_id: record.state for record in before}
    ended: list[StopOutcome] = []
    while waiting:
        for user_id, was in list(waiting.items()):
            try:
                now = read_server(bucket, user_id)
            except HiddenServerError:
                result: StopOutcome | None = StopOutcome(user_id, "gone", True, _ELSEWHERE)
            else:
                states[user_id] = now.state if now else "gone"
                result = judge(was, now)
            if result is not None:
                del waiting[user_id]
                ended.append(result)
                report(result)
        if not waiting or clock.now() >= until:
            break
        clock.sleep(_POLL_SECONDS)
    left = [StopOutcome(user_id, states[user_id], False) for user_id in waiting]
    return [*ended, *left]


def _judge_stop(was: ServerRecord, now: ServerRecord | None) -> StopOutcome | None:
    if (result := _judge_successor(was, now)) is not None:
        return result
    # A record that was already `stopped` belongs to an earlier stop until this one has written its time.
    requested_again = was.state != ServerState.STOPPED or (
        now and now.stop_requested_at != was.stop_requested_at
    )
    stopped = now is not None and now.state == ServerState.STOPPED and requested_again
    return StopOutcome(was.user_id, ServerState.STOPPED, True) if stopped else None


def _judge_deadline(was: ServerRecord, now: ServerRecord | None, latest: datetime) -> StopOutcome | None:
    if (result := _judge_successor(was, now)) is not None or now is None:
        return result
    if now.state not in LIVING:
        return StopOutcome(was.user_id, now.state, True, f"already {now.state}, so the delay has no effect")
    if now.deadline is None:
        return None
    if was.deadline is None:
        # The start has just set a deadline. Only the stop message can make it this early.
        return (
            StopOutcome(was.user_id, now.state, True, ends=now.deadline) if now.deadline <= latest else None
        )
    if now.deadline != was.deadline:
        return StopOutcome(was.user_id, now.state, True, ends=now.deadline)
    anyway = now.deadline <= latest
    note = "was due to stop by then anyway"
    return StopOutcome(was.user_id, now.state, True, note, now.deadline) if anyway else None


def _judge_successor(was: ServerRecord, now: ServerRecord | None) -> StopOutcome | None:
    if now is None:
        return StopOutcome(was.user_id, "gone", True, "its record no longer exists")
    if now.attempt > was.attempt or now.project_id != was.project_id:
        note = "stopped; the participant has requested another server since"
        return StopOutcome(was.user_id, now.state, True, note)
    return None
