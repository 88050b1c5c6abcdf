"""The metrics of servers: starts and ends, counted as they happen."""

from dataclasses import replace
from datetime import datetime

from hippo import metrics
from hippo.records.server import ServerRecord, name_restart


def count_started(record: ServerRecord) -> None:
    """An attempt begins."""
    metrics.record({"ServersStarted": 1}, **_name(record))


def count_held_back(project_id: str, user_id: str) -> None:
    """A start has found no place under a cap; whoever waits asks, and is counted, again."""
    metrics.record({"StartsHeldBack": 1}, projectId=project_id, userId=user_id)


def count_ready(record: ServerRecord) -> None:
    """A server can be played on."""
    values: dict[metrics.Metric, float] = {"ServersReady": 1}
    since = _find_beginning(record)
    if record.ready_at and since:
        values["TimeToReady"] = (record.ready_at - since).total_seconds()
    metrics.record(values, **_name(record), capacityProvider=record.capacity_provider)


def count_failed(project_id: str, user_id: str, reason: str) -> None:
    """A start has failed for good."""
    metrics.record({"ServersFailed": 1}, projectId=project_id, userId=user_id, reason=reason[:200])


def count_stopped(record: ServerRecord) -> None:
    """An attempt has been taken down. Minutes are from its beginning, so a little more than is paid for."""
    if not record.cluster:
        return  # it failed before it could make anything
    values: dict[metrics.Metric, float] = {"ServersStopped": 1}
    since = record.started_at or record.requested_at
    if record.task_arn and record.stopped_at and since:
        values["ServerMinutes"] = round((record.stopped_at - since).total_seconds() / 60, 2)
    metrics.record(values, **_name(record), reason=record.reason)


def count_replaced(record: ServerRecord) -> None:
    """A server that died is asked for once more."""
    metrics.record({"ServersReplaced": 1}, **_name(record))


def _find_beginning(record: ServerRecord) -> datetime | None:
    """When it was asked for. What replaces a server that died keeps that one's time, so its own beginning."""
    before = replace(record, attempt=record.attempt - 1)
    is_restart = record.start_id == name_restart(before)
    return record.started_at if is_restart else record.requested_at


def _name(record: ServerRecord) -> dict[str, str]:
    return {"projectId": record.project_id, "userId": record.user_id}
