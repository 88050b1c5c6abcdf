"""The config that only a project's researchers write: `{projectId}/_config.json` in the stack's own bucket.

The update function does not know its caller, but IAM knows the writer of an object: only a principal whose
tag hippo-project covers the project may write this one. Once it exists, it decides what the list says about
the project, and a caller can only make it take effect. The object holds the event that the function must
receive: the config, with `files` if its sender named the hashes of the step files.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hippo.aws.s3 import ObjectStore
from hippo.errors import BadRequestError, TransientError
from hippo.ids import is_project_id
from hippo.stored_json import parse_object
from hippo.studies.study import compose_names

DELETED = "deleted"
_FILES = "files"
# The function adds the version itself, whatever an event says.
_LEFT_OUT = ("version", _FILES)


@dataclass(frozen=True)
class OwnConfig:
    """The object's content, and the ETag by which a later reading recognises it."""

    project_id: str
    content: dict[str, Any] = field(repr=False)
    etag: str

    @property
    def is_deleted(self) -> bool:
        """Whether the project's researchers are deleting it."""
        return self.content.get(DELETED) is True

    def take(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config to publish. Raises BadRequestError if the event differs from it."""
        is_same = encode(keep_config(event)) == encode(keep_config(self.content))
        if is_same and event.get(_FILES) is not None:
            is_same = event[_FILES] == self.content.get(_FILES)
        if not is_same:
            raise BadRequestError(f"This config is not the one in {self._explain()}")
        return self.content

    def check_live(self, live: bool) -> None:
        """Raise BadRequestError unless the researchers' config says the same as the event's `live`."""
        if self.is_deleted or is_live(self.content) is not live:
            raise BadRequestError(f"`live: {str(live).lower()}` is not what is in {self._explain()}")

    def _explain(self) -> str:
        return (
            f"{name_config(self.project_id)}, which decides. Use `hippo publish`, `hippo pause` or "
            "`hippo resume`: they write that object first. Only a researcher whose tag hippo-project covers "
            f"{self.project_id} may write it."
        )


def name_config(project_id: str) -> str:
    """Return the key of a project's own config."""
    return f"{project_id}/_config.json"


def read_own_config(store: ObjectStore, project_id: object) -> OwnConfig | None:
    """Return the researchers' config, None for a project without one. `store` is the stack's own bucket.

    Raises BadRequestError for an unreadable one, and TransientError if it cannot be read: a project is never
    taken for one without it by mistake.
    """
    if not isinstance(project_id, str) or not is_project_id(project_id):
        return None
    key = name_config(project_id)
    # The listing tells a missing object from one that may not be read: S3 reports both as AccessDenied.
    if not any(entry.key == key for entry in store.list_objects(f"{project_id}/")):
        return None
    stored = store.read(key)
    if stored is None:
        raise TransientError(f"{key} cannot be read")
    try:
        return OwnConfig(project_id, parse_object(stored.body), stored.etag)
    except ValueError as error:
        raise BadRequestError(f"{key} is {error}. Publish again with `hippo publish`.") from error


def confirm_unchanged(store: ObjectStore, project_id: object, seen: OwnConfig | None) -> Callable[[], None]:
    """Return a check that the project's own config is still as it was seen; it raises TransientError if not.

    It belongs between the reading and the writing of the list: a change of the list that came after the
    object was written then never loses to one that did not know the object.
    """

    def check() -> None:
        found = read_own_config(store, project_id)
        if (found and found.etag) != (seen and seen.etag):
            raise TransientError(f"{name_config(str(project_id))} was changed meanwhile")

    return check


def keep_config(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the list and a version keep of an event: the config, with the names of files composed."""
    return compose_names({key: value for key, value in event.items() if key not in _LEFT_OUT})


def encode(content: Mapping[str, Any]) -> str:
    """Return the canonical JSON by which two configs are compared."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def is_live(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is live; a list edited by hand may have text for it."""
    value = entry.get("live")
    return isinstance(value, str | int) and str(value).lower() in {"true", "yes", "1"}
