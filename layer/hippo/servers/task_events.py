"""What ECS tells through EventBridge about a task that has stopped.

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
    """A task of an attempt has stopped; `cause` is one of the record's reasons."""

    user_id: str
    attempt: int
    task_arn: str
    cause: EndReason
    sent_at: datetime


def is_task_event(body: Mapping[str, Any]) -> bool:
    """Whether it is such an event, and not one of the platform's own messages."""
    return body.get("detail-type") == DETAIL_TYPE and body.get("source") == "aws.ecs"


def read_task_end(body: Mapping[str, Any], prefix: str, sent_at: datetime) -> TaskEnd | None:
    """Whose task has stopped and why; None for a task that still runs, or in a cluster not of our making.

    A cluster whose name holds a hash instead of the user id counts as the latter: the sweep looks after it.
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
    """Why a task has ended; one whose containers all say 0 has ended as it meant to, unless Spot made it."""
    if stop_code in SPOT_CODES:
        return EndReason.SPOT_TAKEN
    in_good_order = stop_code == "EssentialContainerExited" and set(exit_codes) == {0}
    return EndReason.GAME_ENDED if in_good_order else EndReason.TASK_ENDED


def _find_cause(detail: Mapping[str, Any]) -> EndReason:
    containers = [c for c in detail.get("containers") or () if isinstance(c, Mapping)]
    return find_cause(str(detail.get("stopCode", "")), {c.get("exitCode") for c in containers})
