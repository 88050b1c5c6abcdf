"""Small studies for the record: their pages, configs and task definitions."""

import json
import threading
import time
from typing import Any

from tests.e2e.account_view import AccountView

_PUBLISHING = threading.Lock()
ONE_GAME: dict[str, Any] = {
    "name": "One game",
    "live": True,
    "css": "style.css",
    "steps": {"1": "consent.html", "2": "game", "3": "survey.html", "finalStep": "thanks.html"},
    "events": {"startServerStep": 1, "stopServerStep": 3},
    "maxRuntime": 10,
    "groups": "balanced",
    "newcomersPerNetwork": 1000,
    "awsSetup": {"containerName": "mountain_car"},  # the example's container, which all of them run
}
ONE_PAGE: dict[str, Any] = {
    "name": "One page",
    "live": True,
    "css": "style.css",
    "steps": {"1": "consent.html", "finalStep": "thanks.html"},
    "events": {"startServerStep": None, "stopServerStep": None},
    "maxRuntime": 5,
}
EVERY_OPTION = {"onePer": "PID", "signedLinks": True, "maxParticipants": 1}


def put_pages(account: AccountView, bucket: str, project: str) -> None:
    """Store pages with variants, a style sheet and a picture."""
    files = {
        "consent.html": '<h1>Consent</h1><img src="seal.png" alt="">',
        "survey-0.html": "<h1>Survey</h1>",
        "survey-1.html": "<h1>Another survey</h1>",
        "thanks.html": "<h1>Thanks</h1>",
        "style.css": "h1 { color: black }",
        "_media/seal.png": "not really",
    }
    for name, text in files.items():
        account.client("s3").put_object(Bucket=bucket, Key=f"{project}/{name}", Body=text.encode())


def publish(account: AccountView, config: dict[str, Any]) -> None:
    """Publish as the deployment script does."""
    name = account.outputs["stackOutputs"]["UpdateFunctionName"]
    with _PUBLISHING:
        answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(config).encode())
    content = json.loads(answer["Payload"].read())
    assert content["statusCode"] == 200, content
    time.sleep(1)  # next_step searches for a study that is not in its list once a second at most


def put_list_entry(account: AccountView, config: dict[str, Any]) -> None:
    """Add a study to the master list by hand, so that it has no version."""
    s3, bucket, key = account.client("s3"), account.outputs["bucket"], "project_master_list.json"
    with _PUBLISHING:
        content = account.read_json(key) or {"projects": []}
        content["projects"].append(config)
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode())


def define_task(
    account: AccountView, family: str, *, execution_role: str | None = None, **variables: str
) -> None:
    """Register the example's game server for another study, with extra environment variables."""
    ecs = account.client("ecs")
    known = ecs.describe_task_definition(taskDefinition=account.outputs["projectId"])["taskDefinition"]
    (container,) = known["containerDefinitions"]
    kept = {entry["name"]: entry["value"] for entry in container["environment"]}
    environment = [
        {"name": name, "value": value} for name, value in {**kept, "PROJECT_ID": family, **variables}.items()
    ]
    ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu=known["cpu"],
        memory=known["memory"],
        taskRoleArn=known["taskRoleArn"],
        executionRoleArn=execution_role or known["executionRoleArn"],
        containerDefinitions=[{**container, "environment": environment}],
    )
