"""ECS: an event on EventBridge for each state change of a task.

AWS (ECS developer guide, "Amazon ECS task state change events"): the event has the source aws.ecs, the detail
type "ECS Task State Change", the task as DescribeTasks returns it as detail, and its ARN under resources. It
is sent in every state, also for tasks that StopTask stops.

MiniStack sends no events for tasks.
"""

import json
import logging
from typing import Any

from hippo_local.emulator.ministack import load, require

_log = logging.getLogger("hippo_local.emulator.ecs.events")
_ecs = load("services.ecs")
_events = load("services.eventbridge")


class _Publisher:
    is_stopped = False


def stop_publishing() -> None:
    """Publish no more events: tasks that end with the whole platform must not be replaced."""
    _Publisher.is_stopped = True


def install() -> None:
    """Check that MiniStack can put events of AWS services on the bus."""
    require(_events, "_put_events")
    require(_ecs, "_sanitize")


def publish_state_change(task: dict[str, Any]) -> None:
    """Publish the task's present state; a failure does not affect the task."""
    if _Publisher.is_stopped:
        return
    entry = {
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Resources": [task["taskArn"]],
        "Detail": json.dumps(_ecs._sanitize(task), default=str),
    }
    try:
        _events._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:  # noqa: BLE001  # a rule's target may raise any error
        _log.exception("the event of %s was lost", task["taskArn"])
