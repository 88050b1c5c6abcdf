"""Opens or closes a project in the list, and changes nothing else of it."""

import json

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, reading
from hippo_cli.errors import AwsError, CliError
from hippo_cli.operations.platform import Platform, asking
from hippo_cli.reports.servers import PREFIX

_RESEARCHER = "Ask the operator to attach the stack's ResearcherPolicy to you."
_WHOSE = "Look at the id. If the project is yours, ask the operator to tag you with it (hippo-project)."


def switch_project(platform: Platform, project_id: str, live: bool) -> None:
    """Has the update function do it. Raises CliError if it refuses, AwsError if it fails."""
    _look_whose(platform, project_id)
    name = platform.stack["UpdateFunctionName"]
    payload = json.dumps({"projectId": project_id, "live": live}).encode()
    with asking("invoke the update function", _RESEARCHER):
        answer = platform.connection.make_client("lambda").invoke(FunctionName=name, Payload=payload)
    with reading(f"the function {name}"):
        body = answer["Payload"].read()
    result = _read(body)
    if answer.get("FunctionError") or "statusCode" not in result:
        raise AwsError(
            f"the update function {name} failed: {result.get('errorMessage') or body[:200]!r}",
            "Its log says why; ask the operator.",
        )
    if result["statusCode"] != 200:
        raise CliError(f"{project_id}: {_explain(str(result.get('body')))}", "Nothing was changed.")


def _look_whose(platform: Platform, project_id: str) -> None:
    """The function cannot know who invokes it: whoever may not list a project's folder is not to switch it.

    In the stack's bucket, by their tag, also if the data are in another one. Stewards care for all projects.
    """
    try:
        platform.bucket.holds(f"{project_id}/")
    except ClientError as error:
        if not is_denied(error):
            raise
        with asking(f"see the project {project_id}, so it is another researcher's", _WHOSE):
            platform.bucket.holds(PREFIX)


def _read(body: bytes) -> dict[str, object]:
    try:
        result = json.loads(body)
    except ValueError:
        result = None
    return result if isinstance(result, dict) else {}


def _explain(why: str) -> str:
    """A deployment of before takes the message for a config, and misses all that belongs into one."""
    if why.startswith("id: missing"):
        return (
            "this deployment cannot do that yet: publish with another `live`, or have it brought up to date"
        )
    return why
