"""Fixtures of the tool's tests: a small study without problems, and the command line in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hippo_cli.app import app, hoist_flags
from hippo_cli.checks import check_study
from hippo_cli.connection import Connection
from hippo_cli.findings import Finding
from hippo_cli.study_folder import StudyFolder
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET, REGION, StudyWorld
from tests.unit.cli.publishing_world import Deployment, FakeDocker

BASE = f"python:3.13@sha256:{'0' * 64}"
CONFIG = """\
project:
  id: small
  name: Small
  live: true
  researcher: Ada
  css: style.css
  steps:
    1: consent.html
    2: game
    3: thanks.html
    finalStep: thanks.html
  events:
    startServerStep: 2
    stopServerStep: 3
  maxRuntime: 30
  useAWS: true
  awsSetup:
    region: ca-central-1
    cpu: 1
    memory: 2
  newcomersPerNetwork: 100
trial:
  game: x
"""


class SmallStudy:
    """A folder for tests to change: `write` replaces a file, `edit` a text in config.yml."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.write("config.yml", CONFIG)
        self.write("StepFiles/consent.html", '<p>Agree? <input name="agree"></p>')
        self.write("StepFiles/thanks.html", "<p>Thanks</p>")
        self.write("StepFiles/style.css", "p { color: black }")
        self.write("Dockerfile", f"FROM {BASE}\nCOPY App/ ./\nEXPOSE 5000\n")
        self.write("App/server.py", "print('hello')\n")

    def write(self, name: str, content: str | bytes) -> None:
        """Replace a file."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, old: str, new: str) -> None:
        """Replace a text in config.yml."""
        path = self.directory / "config.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def page(self, body: str) -> None:
        """Replace the first page."""
        self.write("StepFiles/consent.html", body)

    def check(self) -> list[Finding]:
        """Return all findings."""
        return check_study(StudyFolder(self.directory))

    def codes(self) -> list[tuple[str, str, int]]:
        """Return code, file and line of each finding."""
        return [(found.code, found.file, found.line) for found in self.check()]


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    """Provide a study without problems."""
    return SmallStudy(tmp_path / "small")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Provide a function that runs the command line, without the user's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "HIPPO_STACK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def invoke(*arguments: object, text: str | None = None) -> Any:
        return CliRunner().invoke(app, hoist_flags([str(argument) for argument in arguments]), input=text)

    return invoke


@pytest.fixture
def stack_world(world: StudyWorld, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> StudyWorld:
    """Provide a deployment in memory with the sample study. `run` finds it, and its calls can fail."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(Connection, "make_client", lambda _, service: shared_client(service))
    shared_client("ssm").put_parameter(Name="/hippo/lab/BucketName", Value=BUCKET, Type="String")
    world.aws.reset()
    return world


@pytest.fixture
def deployment(stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Provide the same deployment with everything that publishing needs."""
    return Deployment(stack_world, monkeypatch)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """Provide a Docker that only records its calls."""
    return FakeDocker(tmp_path / "docker", monkeypatch)
