"""Tests of the config that belongs to a study's researchers: it is written before the function is invoked."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import Deployment

Run = Callable[..., Any]
KEY = "small/_config.json"


def read_own(deployment: Deployment) -> dict[str, Any]:
    """Return the study's own config."""
    return json.loads(deployment.stack_world.read_object(KEY))


def test_written_before_the_function_is_invoked(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a study, its own config is exactly the event, with revision and hashes, and written once."""
    held: list[dict[str, Any]] = []
    plain = deployment.respond

    def respond(event: Any) -> Any:
        held.append(read_own(deployment))
        return plain(event)

    deployment.respond = respond
    publish(run, study, "--image", IMAGE)
    publish(run, study, "--image", IMAGE)

    sent = [json.loads(call["Payload"]) for call in deployment.invocations]
    assert held == sent
    assert sent[0]["ecsTask"] == "small:1"
    assert set(sent[0]["files"]) == {"consent.html", "style.css", "thanks.html"}
    assert deployment.aws.keys("PutObject").count(KEY) == 1


def test_another_researcher_changes_nothing(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a published study, a direct invocation with another game or link is refused."""
    publish(run, study, "--image", IMAGE)
    event = json.loads(deployment.invocations[0]["Payload"])
    before = deployment.stack_world.read_list()

    for change in ({"ecsTask": "foreign:1"}, {"signedLinks": False}, {"completion": {"code": "FOREIGN"}}):
        answer = deployment.stack_world.update({**event, **change})
        assert answer["statusCode"] == 400

    assert deployment.stack_world.read_list() == before


@pytest.mark.parametrize("is_new", [True, False])
def test_a_colleague_publishes_meanwhile(
    deployment: Deployment, run: Run, study: SmallStudy, is_new: bool
) -> None:
    """Given a colleague who publishes after this run compared, nothing of theirs is overwritten."""
    if not is_new:
        publish(run, study, "--image", IMAGE)
    study.edit("maxRuntime: 30", "maxRuntime: 20")
    theirs = b'{"id": "small", "name": "theirs"}'

    def write() -> None:
        deployment.s3.put_object(Bucket=BUCKET, Key=KEY, Body=theirs)

    deployment.aws.before("PutObject", write, key=KEY)
    invoked = len(deployment.invocations)

    result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.PROBLEMS
    assert "by someone else meanwhile" in result.stderr
    assert deployment.stack_world.read_object(KEY) == theirs.decode()
    assert len(deployment.invocations) == invoked


def test_changes_are_shown_first(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a config that differs from the published one, the plan names its keys before it asks."""
    new = run("publish", study.directory, "--dry-run", "--image", IMAGE)
    publish(run, study, "--image", IMAGE)
    same = run("publish", study.directory, "--dry-run", "--image", IMAGE)
    study.edit("maxRuntime: 30", "maxRuntime: 20\n  teamMembers: [Ada]")
    changed = run("publish", study.directory, "--dry-run", "--image", IMAGE)

    assert "config           new" in new.stdout
    assert "config           unchanged" in same.stdout
    assert "config           changes: maxRuntime, teamMembers" in changed.stdout


@pytest.mark.parametrize("operation", ["ListObjectsV2", "PutObject"])
def test_another_researchers_project(
    deployment: Deployment, run: Run, study: SmallStudy, operation: str
) -> None:
    """Given a project that the caller is not tagged for, the error says so, and nothing is invoked."""
    deployment.aws.fail(operation, "AccessDenied", 403, times=9, key="_config.json")

    result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.AWS
    assert "hippo-project=small" in result.stderr
    assert deployment.invocations == []


def test_a_deployment_that_does_not_know_it(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a stack of an earlier release, whose policies do not allow the object, none is written."""
    shared_client("ssm").delete_parameter(Name="/hippo/lab/ConfigObject")
    deployment.aws.fail("PutObject", "AccessDenied", 403, times=9, key=KEY)

    output = publish(run, study, "--image", IMAGE)

    assert output["published"]
    assert deployment.stack_world.list_keys(KEY) == []
