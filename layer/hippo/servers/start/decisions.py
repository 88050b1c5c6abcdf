"""What a start message means, given server record, project and participant: pure decisions."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippo.aws.ecs import ON_DEMAND
from hippo.clock import to_wire
from hippo.ids import name_resources
from hippo.invocation import Invocation
from hippo.records.messages import UNWRITTEN, StartMessage, find_occasion
from hippo.records.participant import Participant
from hippo.records.server import (
    DEATHS,
    FAILED,
    RESTART,
    SPOT_TAKEN,
    STARTING,
    STOPPING,
    ServerRecord,
    name_restart,
)
from hippo.studies.study import Study

_KEPT_STARTS = 20


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """`max_runtime` in minutes."""

    prefix: str
    root_domain: str
    max_runtime: int


def build_new_record(
    settings: ClaimSettings,
    invocation: Invocation,
    message: StartMessage,
    current: ServerRecord | None,
    study: Study,
    participant: Participant | None,
    now: datetime,
) -> ServerRecord:
    """The record of a new attempt, without its place under the cap."""
    group = participant.group if participant else message.group
    attempt = current.attempt + 1 if current else 1
    name = name_resources(settings.prefix, attempt, message.user_id)
    return ServerRecord(
        user_id=message.user_id,
        project_id=message.project_id,
        state=STARTING,
        attempt=attempt,
        start_id=message.start_id,
        seen=add_seen(message, current),
        owner=invocation.owner,
        lease_until=invocation.ends,
        cluster=name,
        rule_name=name,
        host_name=f"{message.user_id}.{settings.root_domain}",
        capacity_provider=_choose_provider(message, current),
        addresses=current.addresses if current else (),
        requested_at=_find_request_time(message, current),
        started_at=now,
        stop_requested_at=current.stop_requested_at if current else None,
        deadline=now + timedelta(minutes=min(study.max_runtime, settings.max_runtime)),
        task_definition=study.task_definition,
        container="" if group is None else study.container_name,
        group=group,
    )


def build_failed_record(message: StartMessage, current: ServerRecord | None, error: str) -> ServerRecord:
    """The record of a start that could not even begin."""
    return ServerRecord(
        user_id=message.user_id,
        project_id=message.project_id,
        state=FAILED,
        attempt=current.attempt if current else 0,
        tries=count_tries(message, current),
        start_id=message.start_id,
        seen=add_seen(message, current),
        addresses=current.addresses if current else (),
        requested_at=message.sent_at,
        stop_requested_at=current.stop_requested_at if current else None,
        error=error,
    )


def name_client_token(record: ServerRecord, provider: str, without: Iterable[str] = ()) -> str:
    """RunTask's idempotency token, at most 64 characters: one task for each attempt, provider and round.

    Attempts count from one again when somebody's record was deleted (a withdrawal), so when an attempt began
    is in it too.

    A try without some of the subnets is another one too: the same token with other subnets is a conflict.

    ECS answers a token with the same task for an hour after that task has stopped, so an attempt that
    found no capacity anywhere and tries again needs another one.
    """
    begun = to_wire(record.started_at) or ""  # as it is stored, so that every try has the same
    parts = (record.user_id, str(record.attempt), begun, provider, str(record.rounds), *sorted(without))
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def is_restart(message: StartMessage, current: ServerRecord | None) -> bool:
    """Whether the platform itself asks, in place of a server that died."""
    return current is not None and message.start_id == name_restart(current)


def is_missed(
    message: StartMessage, dead: ServerRecord, study: Study, participant: Participant | None
) -> bool:
    """Whether a server that died is to be replaced: nobody has stopped it since, and the game is not over."""
    stopped_since = dead.reason not in DEATHS or is_older(message, dead)
    return not (stopped_since or is_past_stop(study, participant) or _is_past_games(study, participant))


def is_of_nobody(
    message: StartMessage, current: ServerRecord | None, participant: Participant | None, now: datetime
) -> bool:
    """Whether it was sent for somebody who has no record: who has withdrawn, or was never given one.

    Only what the first page asks for may be there before the participant's record, and the latter's own next
    request asks anew. Participants of other senders (`/start`) need no record; but what is to replace a
    server always finds that server's.
    """
    occasion = find_occasion(message)
    if occasion.startswith(f"{RESTART}/"):
        return current is None
    if not occasion or participant is not None:
        return False
    return occasion != "1" or now - message.sent_at > UNWRITTEN


def is_past_stop(study: Study, participant: Participant | None) -> bool:
    """Whether the participant has gone past the step at which their server is stopped."""
    if participant is None or study.stop_step is None or study.stop_step <= (study.start_step or 0):
        return False
    return participant.next_step - 1 >= study.stop_step


def _is_past_games(study: Study, participant: Participant | None) -> bool:
    """Whether the participant has left the last game behind."""
    if participant is None:
        return False
    shown = participant.next_step - 1
    return not any(study.is_game(step) for step in range(max(shown, 1), study.last_step + 1))


def is_new(message: StartMessage, current: ServerRecord, participant: Participant | None) -> bool:
    """Whether a start after `failed` or `stopped` asks for a new attempt: not seen, not older."""
    if is_older(message, current):
        return False
    return not is_seen(message, current) or _begins_afresh(current, participant)


def is_ending(record: ServerRecord) -> bool:
    """Whether something of an attempt may still be there: a stop is at work on it, or has been asked for."""
    return record.state == STOPPING or (record.state == FAILED and bool(record.cluster))


def is_seen(message: StartMessage, current: ServerRecord) -> bool:
    """Whether the start has had its effect."""
    return message.start_id in (current.start_id, *current.seen)


def is_older(message: StartMessage, current: ServerRecord) -> bool:
    """Whether it was sent before the stop."""
    ended = current.stop_requested_at or current.stopped_at
    return ended is not None and message.sent_at <= ended


def add_seen(message: StartMessage, current: ServerRecord | None) -> tuple[str, ...]:
    """The starts that have had effect, this one included."""
    return (*(current.seen if current else ()), message.start_id)[-_KEPT_STARTS:]


def count_tries(
    message: StartMessage, current: ServerRecord | None, participant: Participant | None = None
) -> int:
    """Which attempt within the project this one is."""
    if current is None or current.project_id != message.project_id:
        return 1
    return 1 if _begins_afresh(current, participant) else current.tries + 1


def _begins_afresh(current: ServerRecord, participant: Participant | None) -> bool:
    """Whether the participant's record was made after the stop: a test user who goes through it again."""
    ended = current.stop_requested_at or current.stopped_at
    if not ended or participant is None or participant.created is None:
        return False
    return participant.created > max(ended, current.requested_at or ended)


def _choose_provider(message: StartMessage, current: ServerRecord | None) -> str:
    """On demand after Spot has taken a task of this game back; else the usual order."""
    taken = current and current.reason == SPOT_TAKEN and current.project_id == message.project_id
    return ON_DEMAND if taken else ""


def _find_request_time(message: StartMessage, current: ServerRecord | None) -> datetime:
    """A stop sent since the participant's own start counts for what takes the place of its server too."""
    if current and is_restart(message, current) and current.requested_at:
        return current.requested_at
    return message.sent_at
