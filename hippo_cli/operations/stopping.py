"""Stops servers as the platform does: by a message to the stop topic, then by looking at the record."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippo.clock import Clock
from hippo.records.codes import LIVING, Occasion, ServerState
from hippo.records.messages import build_stop, name_request
from hippo.records.server import ServerRecord
from hippo_cli.data.bucket import Bucket
from hippo_cli.operations.platform import Platform, asking
from hippo_cli.operations.servers import read_server

REASON = "stopped by hand"
PATIENCE = timedelta(minutes=5)  # a stop takes about a minute; what fails is tried again after some
_LOOK_SECONDS = 2.0
_CLOCKS_APART = timedelta(seconds=10)  # this machine's and the platform's, whose counts


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of one server; `done` is False if it was still there when the patience was over."""

    user_id: str
    state: str
    done: bool
    note: str = ""
    ends: datetime | None = None  # when it will be stopped, where that was asked for with a delay


Judge = Callable[[ServerRecord, ServerRecord | None], Stopped | None]  # of the record before, and as it is


def ask_to_stop(platform: Platform, record: ServerRecord, delay: float = 0) -> None:
    """Publishes the message; the same participant's server in another project is left alone.

    With a delay, in minutes, the platform moves the server's deadline earlier, never later.
    """
    request_id = name_request(record.project_id, record.user_id, Occasion.BY_HAND)
    message = build_stop(
        record.user_id, project_id=record.project_id, delay=delay, reason=REASON, request_id=request_id
    )
    with asking("stop servers"):
        platform.connection.make_client("sns").publish(
            TopicArn=platform.stack["StopServerTopicArn"], Message=json.dumps(message)
        )


def await_stopped(
    bucket: Bucket,
    before: list[ServerRecord],
    clock: Clock,
    patience: timedelta = PATIENCE,
    tell: Callable[[Stopped], None] = lambda _: None,
) -> list[Stopped]:
    """Looks until each server has stopped, in the order in which they do; `before` is what was there."""
    return _await(_judge_stop, bucket, before, clock, patience, tell)


def await_deadlines(
    bucket: Bucket,
    before: list[ServerRecord],
    delay: float,
    clock: Clock,
    patience: timedelta = PATIENCE,
    tell: Callable[[Stopped], None] = lambda _: None,
) -> list[Stopped]:
    """Looks until each server's deadline says that it ends in `delay` minutes, or sooner."""
    latest = clock.now() + timedelta(minutes=delay) + _CLOCKS_APART

    def judge(was: ServerRecord, now: ServerRecord | None) -> Stopped | None:
        return _judge_deadline(was, now, latest)

    return _await(judge, bucket, before, clock, patience, tell)


def _await(
    judge: Judge,
    bucket: Bucket,
    before: list[ServerRecord],
    clock: Clock,
    patience: timedelta,
    tell: Callable[[Stopped], None],
) -> list[Stopped]:
    until = clock.now() + patience
    waiting = {record.user_id: record for record in before}
    states = {record.user_id: record.state for record in before}
    ended: list[Stopped] = []
    while waiting:
        for user_id, was in list(waiting.items()):
            now = read_server(bucket, user_id)
            states[user_id] = now.state if now else "gone"
            if (result := judge(was, now)) is not None:
                del waiting[user_id]
                ended.append(result)
                tell(result)
        if not waiting or clock.now() >= until:
            break
        clock.sleep(_LOOK_SECONDS)
    left = [Stopped(user_id, states[user_id], False) for user_id in waiting]
    return [*ended, *left]


def _judge_stop(was: ServerRecord, now: ServerRecord | None) -> Stopped | None:
    if (result := _judge_successor(was, now)) is not None:
        return result
    # A record that said so before is another stop's, until this one has left its time there.
    asked_anew = was.state != ServerState.STOPPED or (now and now.stop_requested_at != was.stop_requested_at)
    has_stopped = now is not None and now.state == ServerState.STOPPED and asked_anew
    return Stopped(was.user_id, ServerState.STOPPED, True) if has_stopped else None


def _judge_deadline(was: ServerRecord, now: ServerRecord | None, latest: datetime) -> Stopped | None:
    if (result := _judge_successor(was, now)) is not None or now is None:
        return result
    if now.state not in LIVING:
        return Stopped(was.user_id, now.state, True, f"{now.state}, so there is nothing to delay")
    if now.deadline is None:
        return None
    if was.deadline is None:
        # A start has just given it one; only the message makes it as early as that.
        return Stopped(was.user_id, now.state, True, ends=now.deadline) if now.deadline <= latest else None
    if now.deadline != was.deadline:
        return Stopped(was.user_id, now.state, True, ends=now.deadline)
    anyway = now.deadline <= latest
    note = "it would have been stopped by then anyway"
    return Stopped(was.user_id, now.state, True, note, now.deadline) if anyway else None


def _judge_successor(was: ServerRecord, now: ServerRecord | None) -> Stopped | None:
    if now is None:
        return Stopped(was.user_id, "gone", True, "its record is gone")
    if now.attempt > was.attempt or now.project_id != was.project_id:
        note = "stopped; the participant has asked for another one since"
        return Stopped(was.user_id, now.state, True, note)
    return None
