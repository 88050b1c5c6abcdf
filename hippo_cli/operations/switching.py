"""Opening, closing and removal of a project in the list of projects, without any other change."""

import json
from collections.abc import Mapping
from contextlib import suppress

from botocore.exceptions import ClientError

from hippo.clock import SystemClock
from hippo.contention import list_write_tries
from hippo.studies.ownership import DELETED, is_live, name_config
from hippo_cli.aws_errors import is_denied, reading
from hippo_cli.connection import Connection
from hippo_cli.errors import AwsError, CliError
from hippo_cli.operations.platform import Platform, explaining_denial
from hippo_cli.publishing.own_config import (
    OwnConfigChangedError,
    parse_own_config,
    read_existing,
    supports_own_config,
    write_own_config,
)
from hippo_cli.reports.servers import PREFIX
from hippo_cli.stack import UPGRADE, Stack

_RESEARCHER = "Ask the operator to attach the stack's ResearcherPolicy to you."
_ASK_FOR_TAG = (
    "It belongs to another researcher: check the id.\n"
    "If it is yours, ask the operator to tag you with it (hippo-project)."
)


def set_live(platform: Platform, project_id: str, live: bool) -> None:
    """Open or close the project with the update function.

    Raises CliError if the function refuses, and AwsError if it fails.
    """
    is_tagged = _write_live(platform, project_id, live)
    key, event = name_config(project_id), {"projectId": project_id, "live": live}
    why = _invoke(platform.connection, platform.stack, event)
    if why and not is_tagged and key in why:
        raise AwsError(f"access denied: these credentials may not write {key}, which decides", _ASK_FOR_TAG)
    if why:
        raise CliError(f"{project_id}: {_explain(why)}", "Nothing was changed.")


def remove_from_list(connection: Connection, stack: Stack, project_id: str) -> None:
    """Let the update function remove a project whose own config says that it is deleted.

    Raises what `set_live` raises.
    """
    if why := _invoke(connection, stack, {"projectId": project_id, DELETED: True}):
        raise CliError(f"{project_id}: {why}", "No data was deleted. Run the same command again.")


def _invoke(connection: Connection, stack: Stack, event: Mapping[str, object]) -> str:
    """Send an event to the update function; return why it was refused, or an empty text."""
    name = stack["UpdateFunctionName"]
    with explaining_denial("invoke the update function", _RESEARCHER):
        response = connection.make_client("lambda").invoke(
            FunctionName=name, Payload=json.dumps(event).encode()
        )
    with reading(f"the function {name}"):
        body = response["Payload"].read()
    result = _read_result(body)
    if response.get("FunctionError") or "statusCode" not in result:
        raise AwsError(
            f"the update function {name} failed: {result.get('errorMessage') or body[:200]!r}",
            "Ask the operator to look at the function's log.",
        )
    return "" if result["statusCode"] == 200 else str(result.get("body"))


def _write_live(platform: Platform, project_id: str, live: bool) -> bool:
    """Write `live` into the project's own config, if it has one, which the update function then follows.

    Returns whether the caller may list the project's folder, as its researchers may.

    Raises AwsError if the caller may neither list the project's folder nor is a steward. A steward may open
    and close other projects too, as long as they have no own config, as the update function checks.
    """
    try:
        exists = platform.bucket.holds(name_config(project_id))
    except ClientError as error:
        if not is_denied(error):
            raise
        with explaining_denial(f"open or close the project {project_id}", _ASK_FOR_TAG):
            platform.bucket.holds(PREFIX)
        return False
    if not exists or not supports_own_config(platform.stack):
        return True
    client = platform.connection.make_client("s3")
    for _ in list_write_tries(SystemClock()):
        stored = read_existing(platform.bucket, project_id)
        config = parse_own_config(stored)
        if not config or is_live(config) is live:
            return True
        with suppress(OwnConfigChangedError):
            write_own_config(client, platform.bucket, project_id, {**config, "live": live}, stored)
            return True
    raise OwnConfigChangedError(project_id)


def _read_result(body: bytes) -> dict[str, object]:
    try:
        result = json.loads(body)
    except ValueError:
        result = None
    return result if isinstance(result, dict) else {}


def _explain(why: str) -> str:
    """Return the refusal's text. An earlier deployment reads the message as an incomplete config."""
    if why.startswith("id: missing"):
        return (
            "this deployment does not support it. Change `live` in config.yml and publish, "
            f"or ask the operator to {UPGRADE}"
        )
    return why
