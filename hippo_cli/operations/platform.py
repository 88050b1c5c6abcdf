"""Shared parts of the operating commands: the stack, ids on the command line, and denied actions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from hippo.errors import BadRequestError
from hippo.ids import is_project_id, parse_user_id
from hippo.studies.placeholders import trim_value
from hippo_cli.aws_errors import is_denied
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.data.bucket import Bucket
from hippo_cli.errors import AwsError, UsageError
from hippo_cli.stack import Stack, find_stack
from hippo_cli.study_folder import read_folder_project

ASK_FOR_STEWARD_POLICY = (
    "Ask the operator to attach the stack's StewardPolicy to you (docs/howto/let-researchers-in.md)."
)


@dataclass(frozen=True)
class Platform:
    """A stack and its own bucket. `folder_project` is the id of the study in this folder, if there is one."""

    connection: Connection
    stack: Stack
    bucket: Bucket
    folder_project: str | None


def open_platform(flags: Flags) -> Platform:
    """Return the stack that the flags or the study of this folder specify."""
    config = read_folder_project()
    connection = connect(flags, config)
    stack = find_stack(connection)
    project_id = str(config.get("id") or "")
    return Platform(
        connection,
        stack,
        Bucket(connection.make_client("s3"), stack.bucket),
        project_id if is_project_id(project_id) else None,
    )


def parse_user(text: str) -> str:
    """Return a participant's id as used in keys, without blanks around it. Raises UsageError if invalid."""
    try:
        return parse_user_id(trim_value(text))
    except BadRequestError as error:
        raise UsageError(
            f"{text!r} is not a valid participant id ({error})", "`hippo status` and exports show the ids."
        ) from None


def parse_project(text: str) -> str:
    """Return a project's id. Raises UsageError if it is invalid."""
    if not is_project_id(text):
        raise UsageError(f"{text!r} is not a valid project id", "Pass the id from the study's config.yml.")
    return text


@contextmanager
def explaining_denial(action: str, advice: str = ASK_FOR_STEWARD_POLICY) -> Iterator[None]:
    """Raise AwsError for a denied call, with the action that failed and whom to ask for permission."""
    try:
        yield
    except ClientError as error:
        if is_denied(error):
            raise AwsError(f"access denied: these credentials may not {action}", advice) from error
        raise
