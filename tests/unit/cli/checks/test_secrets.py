"""Tests of `hippo check` on secrets in a study: which files it searches, and how a finding is accepted."""

from collections.abc import Callable
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.findings import Severity
from hippo_cli.image.build_context import make_context
from hippo_cli.study_folder import StudyFolder
from tests.unit.cli.checks.test_secret_detection import GITHUB, KEY_ID, PEM, SECRET_KEY
from tests.unit.cli.conftest import SmallStudy

Run = Callable[..., Any]
IN_PROGRAM = f'token = "{GITHUB}"\n'


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("App/server.py", IN_PROGRAM, "secret-image"),
        ("App/deep/settings.json", f'{{"aws_secret_access_key": "{SECRET_KEY}"}}', "secret-image"),
        ("App/id_rsa", PEM.format("RSA "), "secret-image"),
        ("App/.env.local", "AWS_SECRET_ACCESS_KEY=x", "secret-image"),
        ("App/Game.ENV", "AWS_SECRET_ACCESS_KEY=x", "secret-image"),
        ("image.env", "AWS_SECRET_ACCESS_KEY=x", "secret-image"),
        ("StepFiles/thanks.html", f"<p>{KEY_ID}</p>", "secret"),
        ("StepFiles/style.css", f"/* {GITHUB} */", "secret"),
        ("StepFiles/pictures/notes.txt", IN_PROGRAM, "secret"),
    ],
)
def test_files_that_are_searched(study: SmallStudy, name: str, content: str, code: str) -> None:
    """Given a secret in what is published or can get into the image, its place is found, but not shown."""
    study.write(name, content)

    (found,) = [found for found in study.check() if found.code in ("secret", "secret-image")]

    assert (found.severity, found.code, found.format_location()) == (Severity.ERROR, code, f"{name}:1")
    assert f"--allow-secret {name}:1" in found.fix
    assert not any(secret in str(found.as_dict()) for secret in (GITHUB, KEY_ID, SECRET_KEY))


def test_dockerfile_and_config(study: SmallStudy) -> None:
    """Given secrets in the Dockerfile and in the settings of the game, both are found."""
    study.edit("trial:\n", "trial:\n  password: kq7ab!zzy\n")
    study.write("Dockerfile", (study.directory / "Dockerfile").read_text() + "ENV AWS_SECRET_ACCESS_KEY=x\n")

    assert study.codes() == [("secret", "config.yml", 23), ("secret-image", "Dockerfile", 4)]


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "App/.env",
        "App/sub/.env",
        "App/.Env",
        ".ENV",
        "notes.txt",
        "App/.trialConfig.yml",
        "App/data/x.txt",
    ],
)
def test_files_that_stay_here(study: SmallStudy, name: str) -> None:
    """Given secrets in files that are neither published nor copied into the image, there is no finding."""
    study.write(".dockerignore", "App/data\n")
    study.write(name, f"AWS_SECRET_ACCESS_KEY={SECRET_KEY}\n")

    assert study.codes() == []


@pytest.mark.parametrize("name", [".ENV", "App/.Env", "App/sub/.env"])
def test_variables_never_reach_docker(study: SmallStudy, name: str) -> None:
    """Given `.env` in any folder and case, the build context does not have it, whatever is copied."""
    study.write(name, "LEVEL=1\n")
    study.write("Dockerfile", "FROM scratch\nCOPY . /srv\n")

    assert name not in make_context(StudyFolder(study.directory), {}).files


def test_the_certificate_of_game_servers(study: SmallStudy) -> None:
    """Given the key of the game servers' certificate where images carry it, only other keys are found."""
    study.write("App/privkey.pem", PEM.format(""))
    study.write("App/other.pem", PEM.format(""))

    assert study.codes() == [("secret-image", "App/other.pem", 1)]


def test_a_config_that_cannot_be_read(study: SmallStudy) -> None:
    """Given a config that is not YAML, the image's files are searched all the same."""
    study.write("config.yml", "project: [\n")
    study.write("App/server.py", IN_PROGRAM)

    assert ("secret-image", "App/server.py", 1) in study.codes()


def test_a_study_without_a_game(study: SmallStudy) -> None:
    """Given no game, no image is built, so only pages and config are searched."""
    study.edit("    2: game\n", "    2: thanks.html\n")
    study.write("App/server.py", IN_PROGRAM)

    assert study.codes() == []


def test_one_finding_is_allowed(run: Run, study: SmallStudy) -> None:
    """Given two findings, --allow-secret accepts the one that it names; with both, the check passes."""
    study.write("App/server.py", f"\n{IN_PROGRAM}{IN_PROGRAM}")

    one = run("check", study.directory, "--allow-secret", "App/server.py:2")
    both = run(
        "check", study.directory, "--allow-secret=App/server.py:2", "--allow-secret", "./App\\server.py:3"
    )

    assert (one.exit_code, both.exit_code) == (ExitCode.PROBLEMS, ExitCode.FINE), both.output
    assert "App/server.py:3: error" in one.output
    assert "App/server.py:2: error" not in one.output
    assert GITHUB not in one.output


@pytest.mark.parametrize("place", ["App/server.py:3", "App/server.py", "App/other.py:2"])
def test_an_allowance_that_names_no_finding(run: Run, study: SmallStudy, place: str) -> None:
    """Given a place without a finding, for example because the line has moved, the command refuses it."""
    study.write("App/server.py", f"\n{IN_PROGRAM}")

    result = run("check", study.directory, "--allow-secret", place)

    assert result.exit_code == ExitCode.USAGE
    assert f"--allow-secret {place} names no finding of a secret" in result.stderr


def test_other_errors_cannot_be_allowed(run: Run, study: SmallStudy) -> None:
    """Given an error of another kind, --allow-secret does not accept it."""
    (study.directory / "StepFiles/consent.html").unlink()

    result = run("check", study.directory, "--allow-secret", "config.yml:8")

    assert result.exit_code == ExitCode.USAGE


def test_a_large_text_is_reported(study: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a text that was only searched at its beginning, the check says so."""
    monkeypatch.setattr("hippo_cli.checks.secret_detection._LARGEST_TEXT", 1000)
    study.write("App/table.csv", "1,2\n" * 1000)

    assert study.codes() == [("secret-unread", "App/table.csv", 0)]


READS = "from dotenv import load_dotenv\nload_dotenv()\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".env": "LEVEL=1\n", "App/server.py": READS}, [("env-file", ".env", 0)]),
        ({"App/.env": "LEVEL=1\n", "App/run.sh": ". ./.env\n"}, [("env-file", "App/.env", 0)]),
        ({".env": "LEVEL=1\n", "image.env": "", "App/server.py": READS}, []),
        ({".env": "AWS_PROFILE=ada\n", "App/server.py": "import os\nprint(os.environ)\n"}, []),
        ({"App/server.py": READS}, []),
    ],
)
def test_a_game_that_read_the_tools_file(
    study: SmallStudy, files: dict[str, str], expected: list[tuple[str, str, int]]
) -> None:
    """Given a game that reads App/.env, the check says that .env is no longer there, and what to do."""
    for name, content in files.items():
        study.write(name, content)

    findings = study.check()

    assert [(found.code, found.file, found.line) for found in findings] == expected
    assert all("image.env" in found.fix and found.severity == Severity.WARNING for found in findings)


def test_a_dockerfile_that_copies_the_variables(study: SmallStudy) -> None:
    """Given a Dockerfile that copies App/.env, it is missing without image.env, and exists with it."""
    dockerfile = (study.directory / "Dockerfile").read_text()
    study.write("Dockerfile", f"{dockerfile}COPY App/.env ./\n")
    before = study.codes()
    study.write("image.env", "LEVEL=1\n")

    assert before == [("dockerfile-copy", "Dockerfile", 4)]
    assert study.codes() == []
