"""Opening and closing a project that is in the master list, without publishing it again.

    {"projectId": "maze", "live": false}

No config has `projectId`. Publishing would do it too, but would also freeze the step files as they are now.
"""

import logging
from collections.abc import Mapping
from typing import Any

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.errors import TransientError
from hippo.publications import switch_project

logger = logging.getLogger(__name__)
_KEYS = {"projectId", "live"}


def is_switch(event: object) -> bool:
    """Whether an event asks for this, and is no config."""
    return isinstance(event, Mapping) and "projectId" in event and "id" not in event


def switch(store: ObjectStore, event: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """`{"statusCode": 200, "body": ""}`, or 400 and what is wrong."""
    project_id, live = event["projectId"], event.get("live")
    if set(event) != _KEYS or not isinstance(project_id, str) or not isinstance(live, bool):
        return _refuse("exactly projectId, a text, and live, true or false, are needed")
    try:
        known = switch_project(store, project_id, live, clock)
    except TransientError as error:
        return _refuse(f"not changed: {error}")
    if not known:
        return _refuse(f"project {project_id} is not in the list: publish it first")
    logger.info("switched", extra={"projectId": project_id, "live": live})
    return {"statusCode": 200, "body": ""}


def _refuse(why: str) -> dict[str, Any]:
    return {"statusCode": 400, "body": why}
