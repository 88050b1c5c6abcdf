"""Opens or closes a project in the list, and changes nothing else of it."""

import json

from hippo_cli.data.studies import find_entry
from hippo_cli.errors import AwsError, CliError
from hippo_cli.operations.places import Platform, asking

_RESEARCHER = "Ask the operator to attach the stack's ResearcherPolicy to you."


def switch_project(platform: Platform, project_id: str, live: bool) -> None:
    """Has the update function do it. Raises CliError if it refuses, AwsError if it fails."""
    _look_whose(platform, project_id)
    name = platform.stack["UpdateFunctionName"]
    payload = json.dumps({"projectId": project_id, "live": live}).encode()
    with asking("invoke the update function", _RESEARCHER):
        answer = platform.connection.make_client("lambda").invoke(FunctionName=name, Payload=payload)
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
    """The function cannot know who invokes it: whoever may not see a project's data is not to switch it."""
    entry = find_entry(platform.bucket, project_id) or {}
    with asking(f"see the project {project_id}, so it is another researcher's", _RESEARCHER):
        platform.bucket.beside(str(entry.get("bucket") or "")).holds(f"{project_id}/")


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
