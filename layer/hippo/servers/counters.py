"""The metrics of servers: starts and ends, counted as they happen."""

from dataclasses import replace
from datetime import datetime

from hippo import metrics
from hippo.records.server import ServerRecord, name_replacement


def count_started(record: ServerRecord) -> None:
    """Count an attempt that begins."""
    metrics.record({"ServersStarted": 1}, **_name(record))


def count_held_back(project_id: str, user_id: str) -> None:
    """Count a start that found no free slot: one for each start that a waiting participant requests."""
    metrics.record({"StartsHeldBack": 1}, projectId=project_id, userId=user_id)


def count_ready(record: ServerRecord) -> None:
    """Count a server that is ready."""
    values: dict[metrics.Metric, float] = {"ServersReady": 1}
    since = _find_beginning(record)
    if record.ready_at and since:
        values["TimeToReady"] = (record.ready_at - since).total_seconds()
    metrics.record(values, **_name(record), capacityProvider=record.capacity_provider)


def count_failed(project_id: str, user_id: str, reason: str) -> None:
    """Count a start that has failed permanently."""
    metrics.record({"ServersFailed": 1}, projectId=project_id, userId=user_id, reason=reason[:200])


def count_stopped(record: ServerRecord) -> None:
    """Count an attempt that was torn down. Its minutes include the start, so they exceed what AWS bills."""
    if not record.cluster:
        return  # it failed before it created anything
    values: dict[metrics.Metric, float] = {"ServersStopped": 1}
    since = record.started_at or record.requested_at
    if record.task_arn and record.stopped_at and since:
        values["ServerMinutes"] = round((record.stopped_at - since).total_seconds() / 60, 2)
    metrics.record(values, **_name(record), reason=record.reason)


def count_replaced(record: ServerRecord) -> None:
    """Count a server whose replacement was requested."""
    metrics.record({"ServersReplaced": 1}, **_name(record))


def _find_beginning(record: ServerRecord) -> datetime | None:
    """Return when the server was requested; for a replacement, which keeps an older time, when it began."""
    before = replace(record, attempt=record.attempt - 1)
    is_replacement = record.start_id == name_replacement(before)
    return record.started_at if is_replacement else record.requested_at


def _name(record: ServerRecord) -> dict[str, str]:
    return {"projectId": record.project_id, "userId": record.user_id}
