"""Tests that `hippo publish` pins what it publishes: a version is one game and one set of pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.image.build_context import make_context
from hippo_cli.study_folder import StudyFolder
from tests.support.study_world import BUCKET, EXTRA_BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import Deployment, FakeDocker

Run = Callable[..., Any]
ECR = "123456789012.dkr.ecr.ca-central-1.amazonaws.com/small"


def read_task(deployment: Deployment) -> str:
    """Return the task definition from which servers of new participants start."""
    (entry,) = [one for one in deployment.stack_world.read_list() if one["id"] == "small"]
    return str(entry["ecsTask"])


def test_another_game_is_another_version(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given other settings of the game, another revision runs it, and the versions differ."""
    first = publish(run, study)
    study.edit("  game: x\n", "  game: y\n")

    again = publish(run, study)

    assert first["version"] != again["version"]
    assert read_task(deployment) == "small:2"
    images = [one["containerDefinitions"][0]["image"] for one in deployment.definitions()]
    assert [image.partition("@sha256:")[0] for image in images] == [ECR, ECR]
    assert images[0] != images[1]


def test_refused_after_the_task_definition(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a deployment that refuses the study, servers still start from the earlier revision."""
    publish(run, study, "--image", IMAGE)
    deployment.respond = lambda _: {"statusCode": 400, "body": "name: no"}

    publish(run, study, "--image", f"{IMAGE}2", code=ExitCode.PROBLEMS)

    assert len(deployment.definitions()) == 2
    assert read_task(deployment) == "small:1"


def test_a_colleague_sends_pages_meanwhile(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given pages that a colleague changes during the build, they do not get into a version."""
    stack_world = deployment.stack_world

    def send() -> None:
        for name in ("consent.html", "thanks-0.html"):
            stack_world.s3.put_object(Bucket=BUCKET, Key=f"small/{name}", Body=b"<p>half")

    deployment.aws.before("RegisterTaskDefinition", send)

    output = publish(run, study, code=ExitCode.PROBLEMS)

    assert not output["published"]
    reported = {finding["file"]: finding["what"] for finding in output["findings"]}
    assert reported.keys() == {"StepFiles/consent.html", "StepFiles/thanks-0.html"}
    assert all("was changed by someone else" in what for what in reported.values())
    stack_world.s3.delete_object(Bucket=BUCKET, Key="small/thanks-0.html")
    assert publish(run, study)["published"]


@pytest.mark.parametrize(
    "name", ["StepFiles/consent.html", "StepFiles/car.png", "config.yml", "App/server.py"]
)
def test_edited_before_publishing(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, name: str
) -> None:
    """Given a file that is edited after the plan was made, only the next run publishes."""
    study.write("StepFiles/car.png", b"\x89PNG")
    publish(run, study)
    text = (study.directory / name).read_bytes()
    deployment.aws.before("DescribeImages", lambda: study.write(name, text + b"# more\n"))

    edited = run("publish", study.directory, "--yes")

    assert edited.exit_code == ExitCode.PROBLEMS
    assert f"{name} has changed" in edited.stderr or "the game has changed" in edited.stderr
    assert len(deployment.invocations) == 1
    assert run("publish", study.directory, "--yes").exit_code == ExitCode.FINE


def test_edited_while_the_image_is_built(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a game that is edited during the build, the image is not pushed with the planned tag."""
    deployment.aws.before("CreateRepository", lambda: study.write("App/server.py", "print('other')\n"))

    edited = run("publish", study.directory, "--yes")

    assert edited.exit_code == ExitCode.PROBLEMS
    assert "the game has changed" in edited.stderr
    assert [call[0] for call in docker.calls] == ["build"]
    assert deployment.invocations == []


def test_a_colleague_registers_a_revision_meanwhile(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a revision that a colleague registers during the build, its settings are kept."""
    publish(run, study)
    study.edit("  game: x\n", "  game: y\n")

    def register() -> None:
        found = deployment.definitions()[-1]
        container = found["containerDefinitions"][0]
        container["environment"].append({"name": "COLLEAGUE", "value": "1"})
        names = ("family", "cpu", "memory", "networkMode", "requiresCompatibilities", "containerDefinitions")
        deployment.ecs.register_task_definition(**{name: found[name] for name in names})

    deployment.aws.before("GetAuthorizationToken", register)
    publish(run, study)

    assert len(deployment.definitions()) == 3
    assert "COLLEAGUE" in json.dumps(deployment.definitions()[-1]["containerDefinitions"])
    assert read_task(deployment) == "small:3"


@pytest.mark.parametrize("name", ["small:typo", "nothing:latest"])
def test_a_missing_image(deployment: Deployment, run: Run, study: SmallStudy, name: str) -> None:
    """Given --image with a missing image of this account's registry, nothing is published."""
    deployment.ecr.create_repository(repositoryName="small")

    result = run("publish", study.directory, "--yes", "--image", f"{ECR.rpartition('/')[0]}/{name}")

    assert result.exit_code == ExitCode.PROBLEMS
    assert f"/{name} does not exist" in result.stderr
    assert deployment.keys() == deployment.invocations == []


def test_an_existing_image(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given --image of this account's registry, it is pinned; from another registry, it is unchanged."""
    deployment.ecr.create_repository(repositoryName="small")
    deployment.put_image("one")

    pinned = publish(run, study, "--image", f"{ECR}:one")["image"]["reference"]

    assert pinned.startswith(f"{ECR}@sha256:")
    assert publish(run, study, "--image", pinned)["image"]["reference"] == pinned
    assert ": found and pinned" in run("publish", study.directory, "--yes", "--image", pinned).stdout
    assert "not verified or pinned" in run("publish", study.directory, "--yes", "--image", IMAGE).stdout
    deployment.aws.fail("DescribeImages", "AccessDeniedException", 400)
    assert publish(run, study, "--image", f"{ECR}:two")["image"]["reference"] == f"{ECR}:two"


def test_moved_into_another_bucket(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given participants in one bucket, the study moves to another only after their records did."""
    publish(run, study, "--image", IMAGE)
    deployment.stack_world.get(projectId="small", userId="ada")
    deployment.set(ExtraBuckets=EXTRA_BUCKET)
    study.edit("  awsSetup:\n", f"  bucket: {EXTRA_BUCKET}\n  awsSetup:\n")

    refused = run("publish", study.directory, "--yes", "--image", IMAGE)
    deployment.s3.put_object(Bucket=EXTRA_BUCKET, Key="small/Users/ada", Body=b"{}")

    assert refused.exit_code == ExitCode.PROBLEMS
    assert "would all start again" in refused.stderr
    assert publish(run, study, "--image", IMAGE)["published"]


def test_moved_out_of_a_bucket_that_is_gone(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a project list that names a deleted bucket, the study is published again."""
    entry = {"id": "small", "bucket": "long-gone"}
    body = json.dumps({"projects": [entry]}).encode()
    deployment.s3.put_object(Bucket=BUCKET, Key="project_master_list.json", Body=body)

    assert publish(run, study, "--image", IMAGE)["published"]


@pytest.mark.parametrize("line", ["COPY current /app", 'COPY "App" /app', "COPY 'App/' /app"])
def test_a_changed_game_has_another_tag(study: SmallStudy, line: str) -> None:
    """Given a source that is a link, or in quotes, a change of the game changes the tag."""
    study.write("Dockerfile", f"FROM python\n{line}\nEXPOSE 5000\n")
    (study.directory / "current").symlink_to("App")
    first = make_context(StudyFolder(study.directory), {}).tag
    study.write("App/server.py", "print('other')\n")

    assert make_context(StudyFolder(study.directory), {}).tag != first


def test_the_written_file_is_not_a_change(study: SmallStudy) -> None:
    """Given an image that copies everything, the file that publishing writes does not change its tag."""
    study.write("Dockerfile", "FROM python\nCOPY . /app\nEXPOSE 5000\n")
    first = make_context(StudyFolder(study.directory), {}).tag
    study.write(".projectConfig.yml", "project: {}\n")

    assert make_context(StudyFolder(study.directory), {}).tag == first


def test_an_invalid_pattern(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given a reversed range in .dockerignore, the command reports it and sends nothing."""
    study.write(".dockerignore", "[z-a]\n")

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == ExitCode.PROBLEMS
    assert "[z-a] is not a pattern" in result.output
