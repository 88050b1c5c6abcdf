"""The events that open, close or delete a listed project, without publishing it.

They are `{"projectId": "maze", "live": false}` and `{"projectId": "maze", "deleted": true}`, distinct because
configs have no `projectId` key. Publishing again would also freeze the current step files.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.errors import BadRequestError, TransientError
from hippo.studies.ownership import DELETED, confirm_unchanged, name_config, read_own_config
from hippo.studies.publishing import build_refusal, change_list

logger = logging.getLogger(__name__)
_LIVE = "live"
Projects = list[dict[str, Any]]


def is_switch(event: object) -> bool:
    """Return whether an event opens, closes or deletes a project, and is not a config."""
    return isinstance(event, Mapping) and "projectId" in event and "id" not in event


def switch(store: ObjectStore, event: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Open, close or delete a project; return `{"statusCode": 200, "body": ""}`, or 400 and what is wrong."""
    project_id = event["projectId"]
    try:
        if set(event) == {"projectId", DELETED} and event[DELETED] is True:
            delete_project(store, project_id, clock)
        else:
            switch_project(store, project_id, _read_live(event), clock)
    except BadRequestError as error:
        return build_refusal(str(error))
    except TransientError as error:
        return build_refusal(f"not changed: {error}")
    logger.info("switched", extra={"projectId": project_id, _LIVE: event.get(_LIVE)})
    return {"statusCode": 200, "body": ""}


def _read_live(event: Mapping[str, Any]) -> bool:
    live, is_complete = event.get(_LIVE), set(event) == {"projectId", _LIVE}
    if not is_complete or not isinstance(event["projectId"], str) or not isinstance(live, bool):
        raise BadRequestError("The event must have exactly projectId, a text, and live, true or false.")
    return live


def switch_project(store: ObjectStore, project_id: str, live: bool, clock: Clock) -> None:
    """Open or close a listed project; nothing else of it changes, not even its version.

    Raises BadRequestError if the list does not have it, or if its researchers' own config says otherwise, and
    what `list_project` raises.
    """
    seen = read_own_config(store, project_id)
    if seen:
        seen.check_live(live)
    confirm = confirm_unchanged(store, project_id, seen)

    def change(projects: Projects) -> Projects | None:
        if not any(one.get("id") == project_id for one in projects):
            raise BadRequestError(f"Project {project_id} is not in the list. Publish it first.")
        changed = [{**one, _LIVE: live} if one.get("id") == project_id else one for one in projects]
        return _confirmed(projects, changed, confirm)

    change_list(store, change, clock)


def delete_project(store: ObjectStore, project_id: object, clock: Clock) -> None:
    """Remove a project from the list; one that is not in it is deleted already.

    Raises BadRequestError unless its researchers' own config says that it is deleted, and what `list_project`
    raises.
    """
    seen = read_own_config(store, project_id)
    if seen is None or not seen.is_deleted:
        key = name_config(str(project_id))
        raise BadRequestError(
            f"{key} does not say that the project is deleted. Use `hippo delete`, which writes it first. "
            f"Only a steward whose tag hippo-project covers {project_id} may do so."
        )
    confirm = confirm_unchanged(store, project_id, seen)

    def change(projects: Projects) -> Projects | None:
        return _confirmed(projects, [one for one in projects if one.get("id") != project_id], confirm)

    change_list(store, change, clock)


def _confirmed(before: Projects, after: Projects, confirm: Callable[[], None]) -> Projects | None:
    if after == before:
        return None
    confirm()
    return after
