"""Opening and closing of a project in the list of projects, without any other change."""

import json

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, reading
from hippo_cli.errors import AwsError, CliError
from hippo_cli.operations.platform import Platform, explaining_denial
from hippo_cli.reports.servers import PREFIX
from hippo_cli.stack import UPGRADE

_RESEARCHER = "Ask the operator to attach the stack's ResearcherPolicy to you."
_ASK_FOR_TAG = (
    "It belongs to another researcher: check the id.\n"
    "If it is yours, ask the operator to tag you with it (hippo-project)."
)


def set_live(platform: Platform, project_id: str, live: bool) -> None:
    """Open or close the project with the update function.

    Raises CliError if the function refuses, and AwsError if it fails.
    """
    _check_access(platform, project_id)
    name = platform.stack["UpdateFunctionName"]
    payload = json.dumps({"projectId": project_id, "live": live}).encode()
    with explaining_denial("invoke the update function", _RESEARCHER):
        response = platform.connection.make_client("lambda").invoke(FunctionName=name, Payload=payload)
    with reading(f"the function {name}"):
        body = response["Payload"].read()
    result = _read_result(body)
    if response.get("FunctionError") or "statusCode" not in result:
        raise AwsError(
            f"the update function {name} failed: {result.get('errorMessage') or body[:200]!r}",
            "Ask the operator to look at the function's log.",
        )
    if result["statusCode"] != 200:
        raise CliError(f"{project_id}: {_explain(str(result.get('body')))}", "Nothing was changed.")


def _check_access(platform: Platform, project_id: str) -> None:
    """Raise AwsError if the caller may neither list the project's folder nor is a steward.

    The update function does not know its caller. A researcher's tag allows listing the folder in the stack's
    bucket, even if the data are in another bucket. Stewards may open and close all projects.
    """
    try:
        platform.bucket.holds(f"{project_id}/")
    except ClientError as error:
        if not is_denied(error):
            raise
        with explaining_denial(f"open or close the project {project_id}", _ASK_FOR_TAG):
            platform.bucket.holds(PREFIX)


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
