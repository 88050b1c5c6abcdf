"""Finds a project on AWS: by its id, or as the study of the folder that the command is run in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from hippo.ids import is_project_id
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.data.bucket import Bucket
from hippo_cli.data.studies import Studies, find_entry
from hippo_cli.errors import CliError, UsageError
from hippo_cli.stack import Stack, find_stack
from hippo_cli.study_folder import CONFIG_FILE, read_folder_project

BucketOption = Annotated[
    str | None, typer.Option("--bucket", help="The project's bucket, if it has one of its own.")
]


@dataclass(frozen=True)
class Project:
    """A project that is there. `records` holds its participants, `platform` what the stack keeps itself."""

    id: str
    connection: Connection
    stack: Stack
    records: Bucket
    platform: Bucket
    studies: Studies


def open_project(flags: Flags, project_id: str | None, bucket: str | None = None) -> Project:
    """The project; without an id that of the folder's config.yml.

    Raises UsageError without an id, CliError if there is no such project.
    """
    config = _read_config(project_id)
    project_id = project_id or str(config.get("id") or "")
    if not is_project_id(project_id):
        raise UsageError(
            f"{project_id!r} cannot be a project's id" if project_id else "no project is named",
            f"Give the id that stands in the study's {CONFIG_FILE}, or go into the study's folder.",
        )
    connection = connect(flags, config)
    stack = find_stack(connection)
    client = connection.make_client("s3")
    platform = Bucket(client, stack.bucket)
    entry = find_entry(platform, project_id)
    known = entry if entry is not None else config
    records = Bucket(client, bucket or str(known.get("bucket") or stack.bucket))
    if not records.holds(f"{project_id}/"):
        raise CliError(
            f"there is no project {project_id} in the bucket {records.name}",
            "Look at the id (capitals count); --bucket names another bucket, --stack another stack.",
        )
    return Project(project_id, connection, stack, records, platform, Studies(records, project_id, known))


def _read_config(project_id: str | None) -> Mapping[str, Any]:
    """The folder's config, if it is this project's."""
    config = read_folder_project()
    return config if project_id in (None, str(config.get("id"))) else {}
