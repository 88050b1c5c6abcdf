"""Findings about a participant's server record and the resources that exist for it: pure decisions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hippo.records.codes import LIVING, ServerState
from hippo.records.server import ServerRecord

# Longer than a rule, its message and the teardown usually take: the sweep acts when these have failed.
LATE = timedelta(minutes=3)
SLOW = timedelta(minutes=15)


@dataclass(slots=True)
class FoundResources:
    """Resources found for a participant: clusters (with their tasks) and rules by attempt, and addresses."""

    clusters: dict[int, int] = field(default_factory=dict)
    rules: set[int] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    @property
    def attempts(self) -> set[int]:
        """Every attempt for which a cluster or a rule exists."""
        return self.rules | set(self.clusters)


def list_orphans(record: ServerRecord | None, found: FoundResources, now: datetime) -> list[int]:
    """Return the attempts that must be torn down (again)."""
    if record is None:
        return sorted(found.attempts)  # a start writes the record first, and it was read last
    orphans = found.attempts - {record.attempt}
    if is_over(record, now) and (_is_unfinished(record) or _is_left(record, found)):
        orphans.add(record.attempt)
    return sorted(orphans)


def is_over(record: ServerRecord, now: datetime) -> bool:
    """Return whether the attempt should be gone and no invocation is at work on it."""
    if record.has_lease(now) or record.has_start_lease(now):
        return False
    if record.state == ServerState.STOPPED:
        return record.stopped_at is None or now - record.stopped_at > LATE
    if record.state in LIVING:
        return record.deadline is not None and now - record.deadline > LATE
    since = record.stop_requested_at or record.requested_at
    return since is None or now - since > SLOW


def is_past_deadline(record: ServerRecord, now: datetime) -> bool:
    """Return whether a server still exists long after its rule, or a sweep's stop, should have ended it."""
    late = record.deadline is not None and now - record.deadline > SLOW
    return late and _is_unfinished(record)


def has_lost_rule(record: ServerRecord, found: FoundResources, now: datetime) -> bool:
    """Return whether a living server has lost its shutdown alarm."""
    living = record.state in LIVING and not record.has_lease(now)
    ahead = record.deadline is not None and record.deadline > now
    return living and ahead and bool(record.rule_name) and record.attempt not in found.rules


def may_have_exited(record: ServerRecord, found: FoundResources, now: datetime) -> bool:
    """Return whether to check the task of a server that counts as ready."""
    if record.state != ServerState.READY or not record.task_arn or is_over(record, now):
        return False
    fresh = record.ready_at is not None and now - record.ready_at < LATE
    return not fresh and not found.clusters.get(record.attempt)


def may_be_unused(record: ServerRecord, now: datetime) -> bool:
    """Return whether to find out if the game was shown: the server has been ready for its idle minutes."""
    if record.state != ServerState.READY or not record.idle_minutes or record.has_lease(now):
        return False
    return record.ready_at is not None and now - record.ready_at >= timedelta(minutes=record.idle_minutes)


def holds_slot(record: ServerRecord | None, attempt: int, number: int, project_id: str) -> bool:
    """Return whether the record confirms that an attempt holds this slot."""
    if record is None or record.attempt != attempt or record.state == ServerState.STOPPED:
        return False
    if project_id:
        return record.project_id == project_id and record.project_slot == number
    return record.slot == number


def _is_unfinished(record: ServerRecord) -> bool:
    return record.state in (*LIVING, ServerState.STOPPING) or record.has_failed_late


def _is_left(record: ServerRecord, found: FoundResources) -> bool:
    ours = {record.public_ip, *record.addresses} - {""}
    return record.attempt in found.attempts or bool(found.addresses & ours)
