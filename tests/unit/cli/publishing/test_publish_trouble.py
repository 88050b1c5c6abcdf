"""Tests of `hippo publish` with failures: no partial study is live, and the next run completes the work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from hippo_cli.errors import ExitCode
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import FUNCTION, Deployment, FakeDocker

Run = Callable[..., Any]


def break_network() -> None:
    """Raise what botocore raises after its last retry."""
    raise EndpointConnectionError(endpoint_url="https://aws.example")


def test_errors_prevent_publishing(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a study with an error, it is shown, and no request is sent to AWS."""
    study.edit("maxRuntime: 30", "maxRuntime: soon")

    text = run("publish", study.directory, "--yes")
    output = run("publish", study.directory, "--yes", "--json")

    assert (text.exit_code, output.exit_code) == (ExitCode.PROBLEMS, ExitCode.PROBLEMS)
    assert "project.maxRuntime" in text.stdout
    assert "nothing was published" in text.stderr
    assert '"published": false' in output.stdout
    assert deployment.aws.count().get("GetParametersByPath") is None


@pytest.mark.parametrize(
    "operation", ["PutObject", "CreateRepository", "GetAuthorizationToken", "RegisterTaskDefinition"]
)
def test_network_fails_at_a_stage(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, operation: str
) -> None:
    """Given a network that fails at some stage, the study is not listed, and the next run publishes it."""
    deployment.aws.before(operation, break_network, times=9, key="small" if operation == "PutObject" else "")
    result = run("publish", study.directory, "--yes")
    assert result.exit_code == ExitCode.AWS, result.output
    assert "AWS cannot be reached" in result.stderr
    assert deployment.invocations == []
    deployment.aws.reset()

    assert publish(run, study)["published"]
    sent = deployment.aws.keys("PutObject")
    assert (operation == "PutObject") == ("small/consent.html" in sent)


def test_network_fails_at_the_last_stage(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a network that fails before the project is listed, the next run only lists it."""

    def fail(_: Any) -> None:
        break_network()

    real, deployment.respond = deployment.respond, fail
    result = run("publish", study.directory, "--yes", "--image", IMAGE)
    deployment.respond = real

    again = publish(run, study, "--image", IMAGE)

    assert result.exit_code == ExitCode.AWS
    assert (again["published"], again["files"]["changed"]) == (True, [])
    assert not again["taskDefinition"]["registers"]


def test_interrupted(
    deployment: Deployment, run: Run, study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given Ctrl-C between two stages, the command exits with 130, and the next run keeps what was sent."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hippo_cli.publishing.task_definition.register", interrupt)
        result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.INTERRUPTED
    assert deployment.invocations == []
    assert publish(run, study, "--image", IMAGE)["files"]["unchanged"] == 3


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("ListObjectsV2", "s3:ListBucket"),
        ("PutObject", "s3:PutObject"),
        ("DescribeTaskDefinition", "ecs:DescribeTaskDefinition"),
        ("DescribeRepositories", "ecr:DescribeRepositories"),
        ("CreateRepository", "ecr:CreateRepository"),
        ("GetAuthorizationToken", "ecr:GetAuthorizationToken"),
        ("RegisterTaskDefinition", "ecs:RegisterTaskDefinition"),
    ],
)
def test_denied(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, operation: str, permission: str
) -> None:
    """Given a missing permission, the error names it, with the policy and the tag that grant it."""
    deployment.aws.fail(operation, "AccessDeniedException", 403, times=9)

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == ExitCode.AWS, result.output
    assert f"have no permission for {permission}" in result.stderr
    assert "ResearcherPolicy" in result.stderr
    assert "hippo-project=small" in result.stderr
    assert deployment.invocations == []


def test_the_update_function_fails(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given an update function that crashes, responds oddly or is too busy, its own message is shown."""
    responses = [
        {"errorMessage": "Task timed out after 60.00 seconds"},
        "what",
        {"statusCode": 400, "body": "not published: others kept changing it, try again"},
    ]
    results = []
    for response in responses:
        deployment.respond = lambda _, response=response: response
        results.append(run("publish", study.directory, "--yes", "--image", IMAGE))

    assert [result.exit_code for result in results] == [ExitCode.AWS] * 3
    assert f"the function {FUNCTION} failed: Task timed out" in results[0].stderr
    assert "failed: what" in results[1].stderr
    assert "the study was not published: others kept changing it" in results[2].stderr


def test_no_deployment(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given no credentials, the wrong region, or a missing stack, each has its own error."""

    def refuse() -> None:
        raise NoCredentialsError

    region = run("publish", study.directory, "--yes", "--stack", "nope")
    deployment.aws.before("GetParametersByPath", refuse)
    anonymous = run("publish", study.directory, "--yes")
    deployment.aws.answer("GetParametersByPath", {"Parameters": []})
    elsewhere = run("publish", study.directory, "--yes")

    assert [result.exit_code for result in (region, anonymous, elsewhere)] == [ExitCode.AWS] * 3
    assert "the stack nope does not exist" in region.stderr
    assert "no AWS credentials were found" in anonymous.stderr
    assert "no HIPPO Gym stack was found in ca-central-1" in elsewhere.stderr


def test_a_page_that_vanishes(
    deployment: Deployment, run: Run, study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a page that is deleted while it is sent, the error names it."""
    real = Path.open

    def open_file(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "thanks.html" and deployment.aws.count().get("DescribeTaskDefinition"):
            raise FileNotFoundError(2, "No such file or directory", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_file)

    result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.MACHINE
    assert "thanks.html: No such file or directory" in result.stderr
