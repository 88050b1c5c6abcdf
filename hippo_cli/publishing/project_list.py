"""The last stage: the deployment freezes config and pages as a version, and updates the project list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import naming_permission, read_code, reading
from hippo_cli.errors import AwsError
from hippo_cli.findings import Finding, Severity
from hippo_cli.study_folder import CONFIG_FILE, STEP_FOLDER, StudyFolder

_WARNING = "Warning: "
_NOT_PUBLISHED = "not published: "


@dataclass(frozen=True)
class Listing:
    """The deployment's response; `version` is the frozen version, empty if the study was refused."""

    version: str
    findings: list[Finding]
    is_listed: bool


def list_project(client: Any, function: str, config: Mapping[str, Any], study: StudyFolder) -> Listing:
    """Invoke the update function. Raises AwsError if it cannot be reached, or fails."""
    with naming_permission("lambda:InvokeFunction", function, str(config["id"])):
        try:
            response = client.invoke(
                FunctionName=function,
                InvocationType="RequestResponse",
                Payload=json.dumps(config).encode(),
            )
        except ClientError as error:
            if read_code(error) == "ResourceNotFoundException":
                raise AwsError(
                    f"the function {function} does not exist",
                    "Check --region and --stack, or ask the operator.",
                ) from error
            raise
    with reading(f"the function {function}"):
        content = _read(response["Payload"].read())
    status = content.get("statusCode")
    if response.get("FunctionError") or status is None:
        what = content.get("errorMessage") or content
        raise AwsError(
            f"the function {function} failed: {what}", "The study was not changed. Send this to the operator."
        )
    body = str(content.get("body") or "")
    if status != 200 and body.startswith(_NOT_PUBLISHED):
        raise AwsError(f"the study was {body}", "Run the same command again.")
    findings = [_parse_finding(study, line) for line in body.splitlines() if line.strip()]
    return Listing(str(content.get("version") or ""), findings, status == 200)


def _read(payload: bytes) -> dict[str, Any]:
    try:
        content = json.loads(payload)
    except ValueError:
        content = payload.decode(errors="replace")
    return content if isinstance(content, dict) else {"errorMessage": content}


def _parse_finding(study: StudyFolder, line: str) -> Finding:
    """Return the finding in a line of the response, `path: what is wrong`, with its file and line."""
    severity = Severity.WARNING if line.startswith(_WARNING) else Severity.ERROR
    path, colon, what = line.removeprefix(_WARNING).partition(": ")
    if not colon:
        path, what = "", path
    fix = "The deployment reported this. Fix it, and publish again."
    if path in study.step_files or path.endswith((".html", ".css")):
        return Finding(severity, "publish", f"{STEP_FOLDER}/{path}", 0, "", what, fix)
    number = study.config_file.find_line(("project", *path.split("."))) if path else 0
    key = f"project.{path}" if path else ""
    return Finding(severity, "publish", CONFIG_FILE, number, key, what, fix)
