"""Stops servers as the platform does: by a message to the stop topic, then by looking at the record."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hippo.clock import Clock
from hippo.messages import form_stop
from hippo.server_record import STOPPED, ServerRecord
from hippo_cli.data.bucket import Bucket
from hippo_cli.operations.places import Platform, asking
from hippo_cli.operations.servers import read_server

REASON = "stopped by hand"
PATIENCE = timedelta(minutes=5)  # a stop takes about a minute; what fails is tried again after some
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of one server; `done` is False if it was still there when the patience was over."""

    user_id: str
    state: str
    done: bool
    note: str = ""


def ask_to_stop(platform: Platform, record: ServerRecord) -> None:
    """Publishes the message; the same participant's server in another project is left alone."""
    message = form_stop(record.user_id, project_id=record.project_id, reason=REASON)
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
    until = clock.now() + patience
    waiting = {record.user_id: record for record in before}
    states = {record.user_id: record.state for record in before}
    ended: list[Stopped] = []
    while waiting:
        for user_id, was in list(waiting.items()):
            now = read_server(bucket, user_id)
            states[user_id] = now.state if now else "gone"
            if (result := _judge(was, now)) is not None:
                del waiting[user_id]
                ended.append(result)
                tell(result)
        if not waiting or clock.now() >= until:
            break
        clock.sleep(_LOOK_SECONDS)
    left = [Stopped(user_id, states[user_id], False) for user_id in waiting]
    return [*ended, *left]


def _judge(was: ServerRecord, now: ServerRecord | None) -> Stopped | None:
    if now is None:
        return Stopped(was.user_id, "gone", True, "its record is gone")
    if now.attempt > was.attempt or now.project_id != was.project_id:
        return Stopped(
            was.user_id, now.state, True, "stopped; the participant has asked for another one since"
        )
    # A record that said so before is another stop's, until this one has left its time there.
    asked_anew = was.state != STOPPED or now.stop_requested_at != was.stop_requested_at
    return Stopped(was.user_id, STOPPED, True) if now.state == STOPPED and asked_anew else None
