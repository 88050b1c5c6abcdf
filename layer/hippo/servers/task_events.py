"""The events by which ECS reports, through EventBridge, that a task has stopped.

Fields and meaning: ECS developer guide, "Amazon ECS task state change events" and "Stopped task error codes".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hippo.ids import parse_resource_name
from hippo.records.codes import EndReason
from hippo.records.server import ServerRecord

DETAIL_TYPE = "ECS Task State Change"
SPOT_CODES = {"SpotInterruption", "TerminationNotice"}
# A game server exits with it when no player was connected for idleMinutes; hippo_game/idle.py has it too. No
# shell, signal or sysexits.h uses it.
IDLE_EXIT_CODE = 86


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The end of an attempt's task."""

    user_id: str
    attempt: int
    task_arn: str
    cause: EndReason
    sent_at: datetime


def is_task_event(body: Mapping[str, Any]) -> bool:
    """Return whether this is such an event and not one of the platform's own messages."""
    return body.get("detail-type") == DETAIL_TYPE and body.get("source") == "aws.ecs"


def read_task_end(body: Mapping[str, Any], prefix: str, sent_at: datetime) -> TaskEnd | None:
    """Return whose task has stopped and why; None for a task that still runs, or in another's cluster.

    A cluster whose name has a hash instead of the user id counts as the latter: the sweep takes care of it.
    """
    detail = body.get("detail")
    if not isinstance(detail, Mapping) or detail.get("lastStatus") != "STOPPED":
        return None
    cluster = str(detail.get("clusterArn", "")).rpartition("/")[2]
    owner = parse_resource_name(prefix, cluster)
    if owner is None:
        return None
    attempt, user_id = owner
    return TaskEnd(user_id, attempt, str(detail.get("taskArn", "")), _find_cause(detail), sent_at)


def find_cause(stop_code: str, exit_codes: Collection[object]) -> EndReason:
    """Return why a task has ended, unless Spot stopped it, by its containers' exit codes.

    GAME_ENDED if all are 0. IDLE if one is IDLE_EXIT_CODE: containers next to the game are stopped with it.
    """
    if stop_code in SPOT_CODES:
        return EndReason.SPOT_TAKEN
    if stop_code != "EssentialContainerExited":
        return EndReason.TASK_ENDED
    if IDLE_EXIT_CODE in exit_codes:
        return EndReason.IDLE
    return EndReason.GAME_ENDED if set(exit_codes) == {0} else EndReason.TASK_ENDED


def check_idle(record: ServerRecord, cause: EndReason, ended_at: datetime) -> EndReason:
    """Return the cause; TASK_ENDED for an idle end that cannot be true.

    Servers that end idle are started again without a limit of tries. An image that always exits with that
    code gets that at most every `idle_minutes`; sooner, its exit is an error like any other.
    """
    if cause != EndReason.IDLE:
        return cause
    least = timedelta(minutes=record.idle_minutes)
    begun = record.started_at if record.ready_at else None
    is_possible = begun is not None and least and ended_at - begun >= least
    return cause if is_possible else EndReason.TASK_ENDED


def _find_cause(detail: Mapping[str, Any]) -> EndReason:
    containers = [c for c in detail.get("containers") or () if isinstance(c, Mapping)]
    return find_cause(str(detail.get("stopCode", "")), {c.get("exitCode") for c in containers})
