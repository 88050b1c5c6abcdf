"""The config that belongs to a project's researchers, `{projectId}/_config.json` in the stack's own bucket.

Only a principal tagged for the project may write it, and the update function takes the config from there.
It is written before the function is invoked: after an interruption in between, the list has the earlier
config until the next run. A write that finds another object than was read is refused, so that colleagues
notice each other.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from hippo.studies.ownership import encode, keep_config, name_config
from hippo_cli.aws_errors import naming_permission, read_code
from hippo_cli.data.bucket import Bucket, Stored
from hippo_cli.errors import CliError
from hippo_cli.stack import Stack

# The last two: it was deleted since.
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey", "404"}


class OwnConfigChangedError(CliError):
    """A colleague has written the object since it was read."""

    def __init__(self, project_id: str) -> None:
        super().__init__(
            f"{project_id} was published, paused or resumed by someone else meanwhile",
            "Nothing of theirs was overwritten. Run the same command again, and compare what it shows.",
        )


def supports_own_config(stack: Stack) -> bool:
    """Return whether the deployment's update function reads the object; older ones do not know it."""
    return bool(stack.get("ConfigObject"))


def read_own_config(bucket: Bucket, project_id: str) -> Stored | None:
    """Return the object, None if there is none yet. `bucket` is the stack's own."""
    key = name_config(project_id)
    # The listing comes first: S3 may deny access to a missing object instead of reporting that it is missing.
    with naming_permission("s3:ListBucket", f"{bucket.name} below {project_id}/", project_id):
        exists = bucket.holds(key)
    return read_existing(bucket, project_id) if exists else None


def read_existing(bucket: Bucket, project_id: str) -> Stored | None:
    """Return the object that a listing has shown, None if it was deleted since."""
    key = name_config(project_id)
    with naming_permission("s3:GetObject", f"{bucket.name}/{key}", project_id):
        return bucket.read(key)


def parse_own_config(stored: Stored | None) -> dict[str, Any]:
    """Return the config in the object, empty if there is none or it is not a JSON object."""
    try:
        content = json.loads(stored.body) if stored else None
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {}


def list_changes(before: Stored | None, config: Mapping[str, Any]) -> list[str]:
    """Return the keys of a config that differ from the object's, in alphabetical order."""
    old, new = keep_config(parse_own_config(before)), keep_config(config)
    return sorted(key for key in old.keys() | new.keys() if not _is_same(old, new, key))


def _is_same(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> bool:
    return key in old and key in new and encode({key: old[key]}) == encode({key: new[key]})


def write_own_config(
    client: Any, bucket: Bucket, project_id: str, content: Mapping[str, Any], before: Stored | None
) -> None:
    """Write the object unless it already has this content.

    Raises OwnConfigChangedError if it is not the one that was read `before`.
    """
    key, body = name_config(project_id), json.dumps(content, indent=1).encode()
    if before and before.body == body:
        return
    condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
    with naming_permission("s3:PutObject", f"{bucket.name}/{key}", project_id):
        try:
            client.put_object(
                Bucket=bucket.name, Key=key, Body=body, ContentType="application/json", **condition
            )
        except ClientError as error:
            if read_code(error) not in _CONFLICTS:
                raise
            # botocore may have repeated a write that had succeeded.
            found = bucket.read(key)
            if found is None or found.body != body:
                raise OwnConfigChangedError(project_id) from error
