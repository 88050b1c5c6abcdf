"""What these commands share: the stack that they act on, whom they mean, and what a refusal is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from hippo.errors import BadRequestError
from hippo.ids import is_project_id, parse_user_id
from hippo_cli.aws_errors import is_denied
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.data.bucket import Bucket
from hippo_cli.errors import AwsError, UsageError
from hippo_cli.stack import Stack, find_stack
from hippo_cli.study_folder import read_folder_project

STEWARD = "Ask the operator to attach the stack's StewardPolicy to you (docs/howto/let-researchers-in.md)."


@dataclass(frozen=True)
class Platform:
    """A stack and its own bucket; `folder_project` is the id of the study in this folder, if it holds one."""

    connection: Connection
    stack: Stack
    bucket: Bucket
    folder_project: str | None


def open_platform(flags: Flags) -> Platform:
    """The stack that the flags, or the study of this folder, name."""
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


def read_user(text: str) -> str:
    """A participant's id as keys have it. Raises UsageError."""
    try:
        return parse_user_id(text)
    except BadRequestError as error:
        raise UsageError(
            f"{text!r} cannot be a participant's id ({error})", "It stands in `hippo status` and in exports."
        ) from None


def read_project(text: str) -> str:
    """A project's id. Raises UsageError."""
    if not is_project_id(text):
        raise UsageError(f"{text!r} cannot be a project's id", "It stands in the study's config.yml.")
    return text


@contextmanager
def asking(what: str, advice: str = STEWARD) -> Iterator[None]:
    """Says what these credentials may not do, and who can change that."""
    try:
        yield
    except ClientError as error:
        if is_denied(error):
            raise AwsError(f"access denied: these credentials may not {what}", advice) from error
        raise
