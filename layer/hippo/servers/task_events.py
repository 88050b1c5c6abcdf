"""The events by which ECS reports, through EventBridge, that a task has stopped.

Fields and meaning: ECS developer guide, "Amazon ECS task state change events" and "Stopped task error codes".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippo.ids import parse_resource_name
from hippo.records.codes import EndReason

DETAIL_TYPE = "ECS Task State Change"
SPOT_CODES = {"SpotInterruption", "TerminationNotice"}


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
    """Return why a task has ended; GAME_ENDED if all containers exited with 0 and Spot did not stop it."""
    if stop_code in SPOT_CODES:
        return EndReason.SPOT_TAKEN
    exited_cleanly = stop_code == "EssentialContainerExited" and set(exit_codes) == {0}
    return EndReason.GAME_ENDED if exited_cleanly else EndReason.TASK_ENDED


def _find_cause(detail: Mapping[str, Any]) -> EndReason:
    containers = [c for c in detail.get("containers") or () if isinstance(c, Mapping)]
    return find_cause(str(detail.get("stopCode", "")), {c.get("exitCode") for c in containers})
