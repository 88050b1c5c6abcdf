"""Tests of `hippo publish` with secrets in a study: what an image gets, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.image.env_file import check_credentials
from hippo_cli.study_folder import StudyFolder
from tests.unit.cli.checks.test_secret_detection import GITHUB, KEY_ID, SECRET_KEY
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing.test_update_project import UpdateProject, update  # noqa: F401 - a fixture
from tests.unit.cli.publishing_world import Deployment, FakeDocker

Run = Callable[..., Any]
CREDENTIALS = f"AWS_ACCESS_KEY_ID={KEY_ID}\nAWS_SECRET_ACCESS_KEY={SECRET_KEY}\n"
IN_PROGRAM = f'token = "{GITHUB}"\n'


@pytest.mark.parametrize("copies", ["COPY App/ ./", "COPY . /app", "COPY App/* ./", "COPY .env App/.env ./"])
def test_credentials_of_the_tool(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, copies: str
) -> None:
    """Given credentials in .env, and the copy that the existing script leaves in App, no image gets them."""
    for name in (".env", "App/.env"):
        study.write(name, CREDENTIALS)
    dockerfile = (study.directory / "Dockerfile").read_text()
    study.write("Dockerfile", dockerfile.replace("COPY App/ ./", copies))

    publish(run, study)

    context = docker.read_context()
    assert "App/server.py" in context
    assert not [name for name, content in context.items() if SECRET_KEY.encode() in content]
    assert not {".env", "App/.env"} & context.keys()


def test_variables_of_the_game(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given image.env, the image has it as App/.env, and another content is another image."""
    study.write(".env", CREDENTIALS)
    study.write("image.env", "LEVEL=1\n")
    first = publish(run, study)
    context = docker.read_context()
    study.write("image.env", "LEVEL=2\n")
    second = publish(run, study)

    assert context["App/.env"] == b"LEVEL=1\n"
    assert first["image"]["reference"] != second["image"]["reference"]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("App/server.py", IN_PROGRAM, 1),
        ("image.env", f"LEVEL=1\n{CREDENTIALS}", 2),
        ("StepFiles/notes.txt", KEY_ID, 1),
    ],
)
def test_a_secret_is_refused(
    deployment: Deployment,
    docker: FakeDocker,
    run: Run,
    study: SmallStudy,
    name: str,
    content: str,
    line: int,
) -> None:
    """Given a secret, publishing names file and line, and nothing is sent, built or changed."""
    study.write(name, content)
    deployment.aws.reset()

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == ExitCode.PROBLEMS
    assert f"{name}:{line}: error" in result.output
    assert not any(secret in result.output for secret in (GITHUB, KEY_ID, SECRET_KEY))
    assert not deployment.aws.count()
    assert (deployment.keys(), docker.calls, deployment.invocations) == ([], [], [])


def test_an_allowed_secret(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given --allow-secret for each finding, the study is published."""
    study.write("App/server.py", IN_PROGRAM)
    study.page(f'<p>{KEY_ID}</p><input name="a">')

    publish(run, study, "--allow-secret", "App/server.py:1", code=ExitCode.PROBLEMS)
    places = ("--allow-secret", "App/server.py:1", "--allow-secret", "StepFiles/consent.html:1")
    output = publish(run, study, *places)

    assert output["published"]
    assert docker.read_context()["App/server.py"] == IN_PROGRAM.encode()


def test_an_existing_image(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given --image, files that only an image would get are not searched, but pages are."""
    study.write("App/server.py", IN_PROGRAM)
    output = publish(run, study, "--image", IMAGE)
    study.page(f'<p>{KEY_ID}</p><input name="a">')
    refused = publish(run, study, "--image", IMAGE, code=ExitCode.PROBLEMS)

    assert output["published"]
    assert [found["code"] for found in refused["findings"]] == ["secret"]


@pytest.mark.parametrize(("options", "code"), [((), 1), (("--allow-secret", "App/server.py:1"), 0)])
def test_by_the_name_of_the_existing_script(
    deployment: Deployment,
    docker: FakeDocker,
    update: UpdateProject,  # noqa: F811
    study: SmallStudy,
    options: tuple[str, ...],
    code: int,
) -> None:
    """Given a secret, updateProject.py refuses it, too, and accepts it with the same option."""
    study.write("App/server.py", IN_PROGRAM)

    result = update("--yes", *options)

    assert result.exit_code == code, result.output
    assert bool(docker.calls) == (code == 0)


def test_a_game_that_had_no_other_credentials(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given no task role, a game with the credentials of .env could store nothing, so it is not published."""
    study.write(".env", f"# The tool's\n{CREDENTIALS}")
    folder = StudyFolder(study.directory)

    (found,) = check_credentials(folder, has_role=False)
    with_role = check_credentials(folder, has_role=True)
    study.write("image.env", "")
    decided = check_credentials(folder, has_role=False)

    assert (found.code, found.format_location()) == ("env-file", ".env:3")
    assert (with_role, decided) == ([], [])
    assert SECRET_KEY not in str(found.as_dict())
