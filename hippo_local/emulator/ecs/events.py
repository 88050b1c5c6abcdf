"""ECS tells EventBridge about each change of a task.

AWS (ECS developer guide, "Amazon ECS task state change events"): source aws.ecs, detail type "ECS Task State
Change", the task as DescribeTasks shows it as detail, and its ARN under resources; in every state, and also
for tasks that StopTask stops.

MiniStack's tasks tell nobody.
"""

import json
import logging
from typing import Any

from hippo_local.emulator.ministack import load, require

_log = logging.getLogger("hippo_local.emulator.tasks")
_ecs = load("services.ecs")
_events = load("services.eventbridge")


class _Publisher:
    is_silent = False


def stop_publishing() -> None:
    """Tell nothing more: what ends because the whole platform does is nobody's to replace."""
    _Publisher.is_silent = True


def install() -> None:
    """Check that events of AWS services can be put on the bus."""
    require(_events, "_put_events")
    require(_ecs, "_sanitize")


def announce(task: dict[str, Any]) -> None:
    """Tell about the task as it is now; a task goes on whatever becomes of it."""
    if _Publisher.is_silent:
        return
    entry = {
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Resources": [task["taskArn"]],
        "Detail": json.dumps(_ecs._sanitize(task), default=str),
    }
    try:
        _events._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:  # noqa: BLE001  # whatever a rule's target may raise
        _log.exception("the event of %s was lost", task["taskArn"])
