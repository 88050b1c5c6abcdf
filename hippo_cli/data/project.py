"""A project on AWS, found by its id or as the study of the current folder."""

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
    str | None, typer.Option("--bucket", help="The project's own bucket, if it has one.")
]


@dataclass(frozen=True)
class Project:
    """An existing project. `records` holds its participants, and `platform` the stack's own records."""

    id: str
    connection: Connection
    stack: Stack
    records: Bucket
    platform: Bucket
    studies: Studies


def open_project(flags: Flags, project_id: str | None, bucket: str | None = None) -> Project:
    """Return the project with this id, or the one of the current folder's config.yml.

    Raises UsageError if there is no id, and CliError if the project does not exist.
    """
    config = _read_config(project_id)
    project_id = project_id or str(config.get("id") or "")
    if not is_project_id(project_id):
        raise UsageError(
            f"{project_id!r} is not a valid project id" if project_id else "no project given",
            f"Pass the id from the study's {CONFIG_FILE}, or run the command in the study's folder.",
        )
    connection = connect(flags, config)
    found = find_project(connection, find_stack(connection), project_id, config, bucket)
    if not found.records.holds(f"{project_id}/"):
        raise CliError(
            f"there is no project {project_id} in the bucket {found.records.name}",
            "Check the id (case matters). Pass --bucket for another bucket or --stack for another stack.",
        )
    return found


def find_project(
    connection: Connection,
    stack: Stack,
    project_id: str,
    config: Mapping[str, Any] | None = None,
    bucket: str | None = None,
) -> Project:
    """Return a project of this stack, whether it exists or not.

    `config` is used where the credentials may not read the project list, or the project is not in it.
    """
    platform = Bucket(connection.make_client("s3"), stack.bucket)
    entry = find_entry(platform, project_id)
    known = entry if entry is not None else config or {}
    records = platform.beside(bucket or str(known.get("bucket") or ""))
    return Project(project_id, connection, stack, records, platform, Studies(records, project_id, known))


def _read_config(project_id: str | None) -> Mapping[str, Any]:
    """Return the folder's config if it belongs to this project, or an empty config."""
    config = read_folder_project()
    return config if project_id in (None, str(config.get("id"))) else {}
