"""What the sweep makes of a participant's record and of what exists in their name: pure decisions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hippo.records.codes import LIVING, ServerState
from hippo.records.server import ServerRecord

# Longer than a rule, its message and the teardown usually take: the sweep comes when these have failed.
LATE = timedelta(minutes=3)
SLOW = timedelta(minutes=15)


@dataclass(slots=True)
class Traces:
    """What exists of a participant's servers: attempts by cluster (and its tasks) and by rule, addresses."""

    clusters: dict[int, int] = field(default_factory=dict)
    rules: set[int] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    @property
    def attempts(self) -> set[int]:
        """Every attempt of which something exists."""
        return self.rules | set(self.clusters)


def list_orphans(record: ServerRecord | None, traces: Traces, now: datetime) -> list[int]:
    """The attempts that have to be torn down (once more)."""
    if record is None:
        return sorted(traces.attempts)  # a start writes the record first, and it was read last
    orphans = traces.attempts - {record.attempt}
    if is_over(record, now) and (_is_unfinished(record) or _is_left(record, traces)):
        orphans.add(record.attempt)
    return sorted(orphans)


def is_over(record: ServerRecord, now: datetime) -> bool:
    """Whether the attempt should be gone by now, and nobody is at work on it."""
    if record.has_lease(now) or (record.start_lease_until and record.start_lease_until > now):
        return False
    if record.state == ServerState.STOPPED:
        return record.stopped_at is None or now - record.stopped_at > LATE
    if record.state in LIVING:
        return record.deadline is not None and now - record.deadline > LATE
    since = record.stop_requested_at or record.requested_at
    return since is None or now - since > SLOW


def is_past_deadline(record: ServerRecord, now: datetime) -> bool:
    """Whether a server is still there long after its rule, and a sweep's stop, should have ended it."""
    late = record.deadline is not None and now - record.deadline > SLOW
    return late and _is_unfinished(record)


def has_lost_rule(record: ServerRecord, traces: Traces, now: datetime) -> bool:
    """Whether a living server has no alarm clock any more."""
    living = record.state in LIVING and not record.has_lease(now)
    ahead = record.deadline is not None and record.deadline > now
    return living and ahead and bool(record.rule_name) and record.attempt not in traces.rules


def may_be_dead(record: ServerRecord, traces: Traces, now: datetime) -> bool:
    """Whether the task of a server that counts as ready should be looked at."""
    if record.state != ServerState.READY or not record.task_arn or is_over(record, now):
        return False
    fresh = record.ready_at is not None and now - record.ready_at < LATE
    return not fresh and not traces.clusters.get(record.attempt)


def holds_slot(record: ServerRecord | None, attempt: int, number: int, project_id: str) -> bool:
    """Whether a slot that an attempt has claimed is rightly its own."""
    if record is None or record.attempt != attempt or record.state == ServerState.STOPPED:
        return False
    if project_id:
        return record.project_id == project_id and record.project_slot == number
    return record.slot == number


def _is_unfinished(record: ServerRecord) -> bool:
    has_failed_late = record.state == ServerState.FAILED and bool(record.cluster)
    return record.state in {*LIVING, ServerState.STOPPING} or has_failed_late


def _is_left(record: ServerRecord, traces: Traces) -> bool:
    ours = {record.public_ip, *record.addresses} - {""}
    return record.attempt in traces.attempts or bool(traces.addresses & ours)
