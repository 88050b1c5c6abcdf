"""Tests of `updateProject.py`, with the name, questions and files of the existing script."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from typer.testing import CliRunner

from hippo_cli.errors import ExitCode
from hippo_cli.update_project import FUNCTION, app, main
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing_world import Deployment, FakeDocker

UpdateProject = Callable[..., Any]
BUILD = "Do you want to deploy docker now? [y/n]"


@pytest.fixture
def update(study: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> UpdateProject:
    """Provide a function that runs it in the study's folder; `text` is what is typed."""
    monkeypatch.chdir(study.directory)

    def invoke(*arguments: str, text: str | None = None) -> Any:
        return CliRunner().invoke(app, list(arguments), input=text)

    return invoke


def read(study: SmallStudy, name: str) -> Any:
    """Return the content of a YAML file that it has written."""
    return yaml.safe_load((study.directory / name).read_text())


def test_first_time(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject, study: SmallStudy
) -> None:
    """Given no image yet, it publishes the study without a question, and writes both files."""
    result = update()

    assert result.exit_code == ExitCode.FINE, result.output
    assert "[y/n]" not in result.output
    assert "Study link: https://study.example.org/?projectId=small" in result.stdout
    assert [call[0] for call in docker.calls] == ["build", "login", "push"]
    trial = read(study, "App/.trialConfig.yml")["trial"]
    assert (trial["projectId"], trial["bucket"], "left" in trial["ui"]) == ("small", BUCKET, True)
    project = read(study, ".projectConfig.yml")["project"]
    assert (project["ecsTask"], project["bucket"], project["steps"][1]) == ("small", BUCKET, "consent.html")
    assert project["awsSetup"]["containerName"] == project["awsSetup"]["repository"] == "small"
    assert not list(study.directory.rglob("*.draft"))


def test_the_question_whether_to_build(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject, study: SmallStudy
) -> None:
    """Given an existing image, n keeps it, y builds, and --yes builds without asking."""
    update()
    (first,) = deployment.definitions()
    deployment.put_image("old")
    study.write("App/server.py", "print('new')\n")

    kept = update(text="n\n")
    after_no = [len(docker.calls), len(deployment.definitions())]
    built = update(text="y\n")
    study.write("App/server.py", "print('newer')\n")
    silent = update("--yes")

    assert [kept.exit_code, built.exit_code, silent.exit_code] == [ExitCode.FINE] * 3, built.output
    assert (BUILD in kept.output, BUILD in built.output, BUILD in silent.output) == (True, True, False)
    assert after_no == [3, 1]
    assert (len(docker.calls), len(deployment.definitions())) == (9, 3)
    assert len(deployment.invocations) == 4
    assert (
        first["containerDefinitions"][0]["image"]
        != deployment.definitions()[1]["containerDefinitions"][0]["image"]
    )


def test_no_to_the_build_and_no_task_definition(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject
) -> None:
    """Given an image but no task definition, n registers one for the image, not for a part of it."""
    deployment.ecr.create_repository(repositoryName="small")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {"digest": "part"}})
    deployment.ecr.put_image(repositoryName="small", imageManifest=manifest, imageDigest=f"sha256:{'0' * 64}")
    deployment.put_image("earlier")
    (pushed,) = deployment.ecr.describe_images(repositoryName="small", imageIds=[{"imageTag": "earlier"}])[
        "imageDetails"
    ]

    result = update(text="n\n")

    assert result.exit_code == ExitCode.FINE, result.output
    (found,) = deployment.definitions()
    assert found["containerDefinitions"][0]["image"].endswith(f"/small@{pushed['imageDigest']}")
    assert docker.calls == []


def test_no_to_the_build_keeps_what_runs(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject
) -> None:
    """Given a revision of the existing script, which names a tag, n pins the image that the tag has now."""
    deployment.ecr.create_repository(repositoryName="small")
    deployment.put_image("latest")
    (pushed,) = deployment.ecr.describe_images(repositoryName="small")["imageDetails"]
    repository = deployment.ecr.describe_repositories()["repositories"][0]["repositoryUri"]
    container = {"name": "small", "image": f"{repository}:latest", "memory": 9}
    deployment.ecs.register_task_definition(family="small", containerDefinitions=[container])

    result = update(text="n\n")

    assert result.exit_code == ExitCode.FINE, result.output
    image = deployment.definitions()[-1]["containerDefinitions"][0]["image"]
    assert image == f"{repository}@{pushed['imageDigest']}"
    assert docker.calls == []


def test_the_question_about_developing(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject, study: SmallStudy
) -> None:
    """Given the dev flag in App/xvfb.sh, anything but y exits with 1 and publishes nothing."""
    study.write("App/xvfb.sh", "xvfb-run python3 communicator.py dev\n")

    no, silent, yes = update(text="n\n"), update(), update(text="y\n")

    assert [no.exit_code, silent.exit_code, yes.exit_code] == [
        ExitCode.PROBLEMS,
        ExitCode.USAGE,
        ExitCode.FINE,
    ]
    assert "dev flag set in App/xvfb.sh file" in no.output
    assert "Cannot prompt: input is not a terminal.\nPass --yes" in silent.output
    assert len(deployment.invocations) == 1


def test_without_aws(deployment: Deployment, update: UpdateProject, study: SmallStudy) -> None:
    """Given useAWS false, it only writes the files."""
    study.edit("useAWS: true", "useAWS: false")

    result = update()

    assert result.exit_code == ExitCode.FINE, result.output
    assert read(study, "App/.trialConfig.yml")["trial"]["projectId"] == "small"
    assert read(study, ".projectConfig.yml")["project"]["id"] == "small"
    assert deployment.invocations == deployment.keys() == []


def test_a_deployment_without_parameters(
    deployment: Deployment, update: UpdateProject, study: SmallStudy
) -> None:
    """Given no stack, it uses the config's bucket and the existing deployment's function, and keeps roles."""
    ssm = shared_client("ssm")
    names = [one["Name"] for one in ssm.get_parameters_by_path(Path="/hippo", Recursive=True)["Parameters"]]
    for name in names:
        ssm.delete_parameter(Name=name)
    refused = update("--image", "small:1")
    study.edit("  awsSetup:\n", f"  awsSetup:\n    bucket: {BUCKET}\n")
    first = update("--image", "small:1")
    own = deployment.definitions()[-1]["executionRoleArn"]
    role = "arn:aws:iam::123456789012:role/another"
    deployment.ecs.register_task_definition(
        family="small",
        cpu="256",
        memory="512",
        executionRoleArn=role,
        containerDefinitions=[{"name": "small", "image": "small:0", "memory": 512}],
    )

    result = update("--image", "small:1")

    assert (refused.exit_code, first.exit_code) == (ExitCode.AWS, ExitCode.FINE), first.output
    assert own == "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
    assert "with ?projectId=small" in first.stdout
    assert result.exit_code == ExitCode.FINE, result.output
    assert deployment.invocations[0]["FunctionName"] == FUNCTION
    assert deployment.definitions()[-1]["executionRoleArn"] == role


def test_execution_role_of_another_account(
    deployment: Deployment, update: UpdateProject, study: SmallStudy
) -> None:
    """Given no stack and a revision whose role AWS would never pass, nothing is published."""
    ssm = shared_client("ssm")
    for one in ssm.get_parameters_by_path(Path="/hippo", Recursive=True)["Parameters"]:
        ssm.delete_parameter(Name=one["Name"])
    study.edit("  awsSetup:\n", f"  awsSetup:\n    bucket: {BUCKET}\n")
    deployment.ecs.register_task_definition(
        family="small",
        cpu="256",
        memory="512",
        executionRoleArn="arn:aws:iam::999999999999:role/ecsTaskExecutionRole",
        containerDefinitions=[{"name": "small", "image": "small:0", "memory": 512}],
    )

    result = update("--image", "small:1")

    assert result.exit_code == ExitCode.PROBLEMS, result.output
    assert "of another account" in " ".join(result.output.split())
    assert deployment.invocations == []
    assert len(deployment.definitions()) == 1


def test_default_region(
    deployment: Deployment, update: UpdateProject, study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given no region, it uses that of the existing deployments."""
    study.edit("    region: ca-central-1\n", "")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    result = update("--image", "small:1")

    assert result.exit_code == ExitCode.FINE, result.output
    assert "small → lab in ca-central-1" in result.stdout


def test_errors(deployment: Deployment, update: UpdateProject, study: SmallStudy) -> None:
    """Given a study with an error, it shows the error, and writes and publishes nothing."""
    study.edit("1: consent.html", "1: consents.html")

    result = update()

    assert result.exit_code == ExitCode.PROBLEMS
    assert "StepFiles/consents.html is missing" in result.output
    assert not (study.directory / ".projectConfig.yml").exists()
    assert deployment.keys() == []


def test_full_disk(
    deployment: Deployment, update: UpdateProject, study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a full disk, it reports that, and the existing files stay unchanged."""
    study.write(".projectConfig.yml", "before")

    def fill(self: Path, _: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", fill)
    result = update("--image", "small:1")

    assert result.exit_code == ExitCode.MACHINE
    assert "the disk is full; free some space and run the same command again" in result.output
    assert (study.directory / ".projectConfig.yml").read_text() == "before"
    assert not (study.directory / "App/.trialConfig.yml").exists()


def test_no_docker_where_nothing_is_built(
    deployment: Deployment, docker: FakeDocker, update: UpdateProject, study: SmallStudy
) -> None:
    """Given an unchanged image, or a study with only pages, it works without a running Docker."""
    assert update("--yes").exit_code == ExitCode.FINE
    docker.fail("version")
    same = update("--yes")
    study.edit("    2: game\n", "    2: thanks.html\n")
    pages_only = update()

    assert (same.exit_code, pages_only.exit_code) == (ExitCode.FINE, ExitCode.FINE), pages_only.output
    assert "[y/n]" not in pages_only.output


@pytest.mark.parametrize("is_set", [False, True])
def test_credentials_in_the_folders_env(
    update: UpdateProject, study: SmallStudy, monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    """Given .env in the study's folder, its credentials are used unless others are set."""
    seen: list[str] = []
    name = "AWS_ACCESS_KEY_ID"
    monkeypatch.setattr("hippo_cli.update_project.app", lambda **_: seen.append(os.environ[name]))
    study.write(".env", f'{name}="of-the-folder"\n# a comment\n')

    with mock.patch.dict(os.environ, {name: "set"}):
        if not is_set:
            del os.environ[name]
        main([])

    assert seen == ["set" if is_set else "of-the-folder"]


def test_variables_that_are_not_taken_from_the_folder(
    update: UpdateProject,
    study: SmallStudy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given a .env that redirects credentials or names programs, it is ignored, and a warning says so."""
    others = ["AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "DOCKER_HOST"]
    others += ["https_proxy"]
    seen: list[dict[str, str]] = []
    monkeypatch.setattr("hippo_cli.update_project.app", lambda **_: seen.append(dict(os.environ)))
    names = [*others, "LEVEL", "PATH", "AWS_PROFILE", "HIPPO_STACK"]
    study.write(".env", "".join(f"{name}=of-the-folder\n" for name in names))

    with mock.patch.dict(os.environ):
        for name in names[:-3] + names[-2:]:
            os.environ.pop(name, None)
        main([])

    assert sorted(name for name, value in seen[0].items() if value == "of-the-folder") == names[-2:]
    assert f".env: ignored {', '.join(others)}" in capsys.readouterr().err


def test_an_env_that_cannot_be_read(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given .env as PowerShell's `>` writes it, it exits with 4 and advice, without a stack trace."""
    monkeypatch.chdir(study.directory)
    (study.directory / ".env").write_text("AWS_PROFILE=researcher", encoding="utf-16")

    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == ExitCode.MACHINE
    assert "Save it as UTF-8" in capsys.readouterr().err
