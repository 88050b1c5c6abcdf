"""Snapshots of the whole account in moto, to restore and compare. Creating it again takes 60 requests."""

import copy
import json
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecr import ecr_backends
from moto.ecs import ecs_backends
from moto.s3 import s3_backends
from moto.s3.models import FakeBucket
from moto.sns import sns_backends

from tests.support.study_world import BUCKET, REGION

SITE_BUCKET = "hippo-site"


def _list_contents() -> list[tuple[Any, str]]:
    """Return the backends, and the name of the attribute that commands change in each."""
    regional = ((sns_backends, "topics"), (ecs_backends, "task_definitions"), (ecr_backends, "repositories"))
    buckets = (s3_backends[DEFAULT_ACCOUNT_ID]["aws"], "buckets")
    return [buckets, *((backends[DEFAULT_ACCOUNT_ID][REGION], name) for backends, name in regional)]


def keep_account() -> list[Any]:
    """Return a snapshot of the account."""
    return [_copy(getattr(backend, name)) for backend, name in _list_contents()]


def restore_account(kept: list[Any]) -> None:
    """Restore a snapshot."""
    for (backend, name), before in zip(_list_contents(), kept, strict=True):
        setattr(backend, name, _copy(before))


def _copy(content: Any) -> Any:
    copied = copy.deepcopy(content)
    for name, one in content.items():
        if isinstance(one, FakeBucket):  # deepcopy does not copy its old versions
            for key in one.keys:
                copied[name].keys.setlist(key, copy.deepcopy(one.keys.getlist(key)))
    return copied


def read_account() -> dict[str, Any]:
    """Return objects with all their versions, task definitions and images, without times."""
    repositories = ecr_backends[DEFAULT_ACCOUNT_ID][REGION].repositories.values()
    families = ecs_backends[DEFAULT_ACCOUNT_ID][REGION].task_definitions
    return {
        "objects": _read_bucket(),
        "task definitions": {
            family: [one.container_definitions for one in revisions.values()]
            for family, revisions in families.items()
        },
        "images": {
            repository.name: sorted(image.image_tag for image in repository.images)
            for repository in repositories
        },
    }


def _read_bucket() -> dict[str, list[str | None]]:
    """Return all versions of each key in the stack's two buckets, oldest first; None is a deletion marker."""
    buckets = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
    found = _read_keys(buckets[BUCKET].keys)
    return found | (_read_keys(buckets[SITE_BUCKET].keys) if SITE_BUCKET in buckets else {})


def _read_keys(keys: Any) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for key in keys:
        for version in keys.getlist(key):
            value = getattr(version, "value", None)
            body = None if value is None else value.decode("utf-8", "replace")
            if key.startswith("_servers/") and body:
                body = json.loads(body)["state"]
            versions = found.setdefault(key, [])
            if body is not None or versions[-1:] != [None]:  # two markers in a row count as one
                versions.append(body)
    return found
