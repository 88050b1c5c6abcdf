"""`hippo pause` and `hippo resume` change whether a study is open, and nothing else."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hippo_cli.connection import Connection
from tests.support.aws_hooks import shared_client
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, PROJECT, StudyWorld

Run = Callable[..., Any]
KEY = f"{PROJECT}/_config.json"


class FakeLambda:
    """A client that passes events to the real update function, or returns `response` if that is set."""

    def __init__(self, stack_world: StudyWorld) -> None:
        self._lab = stack_world
        self.response: dict[str, Any] | ClientError | None = None

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's own names
        assert FunctionName == "update"
        if isinstance(self.response, ClientError):
            raise self.response
        if self.response is not None:
            body = json.dumps(self.response["Payload"]).encode()
            return {"Payload": io.BytesIO(body), **self.response["more"]}
        result = self._lab.update(json.loads(Payload))
        self._lab.clock.advance(11)
        return {"Payload": io.BytesIO(json.dumps(result).encode())}


@pytest.fixture
def function(stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> FakeLambda:
    """Return the client of the deployed update function."""
    put_values(stack_world)
    fake = FakeLambda(stack_world)
    monkeypatch.setattr(
        Connection, "make_client", lambda _, name: fake if name == "lambda" else shared_client(name)
    )
    return fake


@pytest.mark.usefixtures("function")
def test_closed_and_opened(stack_world: StudyWorld, run: Run) -> None:
    """Given an open study, pausing refuses all participants and resuming restores its earlier state."""
    before = stack_world.read_list()

    paused = run("pause", PROJECT)
    refused = stack_world.get()
    resumed = run("resume", PROJECT, "--json")

    assert (paused.exit_code, resumed.exit_code) == (0, 0), paused.output + resumed.output
    assert refused.status == 400
    assert f"{PROJECT} will be closed within about ten seconds" in paused.stdout
    assert json.loads(resumed.stdout) == {"projectId": PROJECT, "live": True}
    assert stack_world.read_list() == before
    assert stack_world.get().status == 200


@pytest.mark.usefixtures("function")
def test_the_study_of_the_folder(
    stack_world: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given no id, the folder's study is meant; outside a study's folder the id is required."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "config.yml").write_text(f"project: {{id: {PROJECT}}}\n")
    monkeypatch.chdir(tmp_path)
    nothing = run("pause")
    monkeypatch.chdir(tmp_path / "study")

    assert run("pause").exit_code == 0
    assert stack_world.read_list()[0]["live"] is False
    assert nothing.exit_code == 2
    assert "no project given" in nothing.stderr


def test_what_is_refused(function: FakeLambda, run: Run) -> None:
    """Given an unknown project, an older deployment, a denial or a failed function, the error says why."""
    unknown = run("pause", "unknown")
    old = {"statusCode": 400, "body": "id: missing\nname: missing"}
    function.response = {"Payload": old, "more": {}}
    older = run("pause", PROJECT)
    function.response = {"Payload": {"errorMessage": "boom"}, "more": {"FunctionError": "Unhandled"}}
    failed = run("pause", PROJECT)
    function.response = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke")
    denied = run("pause", PROJECT)

    assert [one.exit_code for one in (unknown, older, failed, denied)] == [1, 1, 3, 3]
    assert "unknown is not in the list" in unknown.stderr
    assert "this deployment does not support it" in older.stderr
    assert "boom" in failed.stderr
    assert "ResearcherPolicy" in denied.stderr


def test_another_researchers_project(stack_world: StudyWorld, function: FakeLambda, run: Run) -> None:
    """Given a project whose data the caller may not list, the switch is denied."""
    for folder in (PROJECT, "_servers"):
        stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key=f"{folder}%2F")
    stack_world.aws.calls.clear()

    result = run("pause", PROJECT)

    assert (result.exit_code, stack_world.aws.keys("PutObject")) == (3, [])
    assert "another researcher" in result.stderr


def test_a_broken_config_in_the_folder(
    function: FakeLambda, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a config.yml that is not YAML, the error says so and names the line."""
    (tmp_path / "config.yml").write_text("project:\n  id: [maze\nlive: x")
    monkeypatch.chdir(tmp_path)

    for command in ("pause", "status", "servers"):
        result = run(command)
        assert result.exit_code == 2
        assert "config.yml:3" in result.stderr


def test_a_steward_and_a_bucket_that_is_gone(stack_world: StudyWorld, function: FakeLambda, run: Run) -> None:
    """Given another project, a steward may switch it, even if the project's own bucket does not exist."""
    stack_world.write_list([{**stack_world.read_list()[0], "bucket": "gone"}])
    own = run("pause", PROJECT)
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, key=f"{PROJECT}%2F")

    assert (own.exit_code, run("resume", PROJECT).exit_code) == (0, 0), own.output


def test_other_commands_and_a_broken_config(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: FakeLambda
) -> None:
    """Given a config.yml that is not YAML, `stack` and `doctor` report it, too."""
    (tmp_path / "config.yml").write_text("project:\n\tid: maze\n")
    monkeypatch.chdir(tmp_path)

    assert all("config.yml:2" in run(command).stderr for command in ("stack", "doctor"))


def put_own(stack_world: StudyWorld, **changes: Any) -> None:
    """Write the study's own config, as publishing does."""
    content = json.dumps({**stack_world.config, **changes})
    stack_world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)


@pytest.mark.usefixtures("function")
def test_a_study_with_an_own_config(stack_world: StudyWorld, run: Run) -> None:
    """Given an own config, pausing writes `live` into it first, and changes nothing else of it."""
    put_own(stack_world, extra="kept")

    paused = run("pause", PROJECT)
    entry = stack_world.read_list()[0]
    held = json.loads(stack_world.read_object(KEY))
    resumed = run("resume", PROJECT)

    assert (paused.exit_code, resumed.exit_code) == (0, 0), paused.output + resumed.output
    assert (entry["live"], held["live"], held["extra"]) == (False, False, "kept")
    assert "extra" not in entry
    assert json.loads(stack_world.read_object(KEY))["live"] is True
    assert stack_world.read_list()[0]["live"] is True


@pytest.mark.usefixtures("function")
def test_a_colleague_publishes_while_it_is_paused(stack_world: StudyWorld, run: Run) -> None:
    """Given a colleague who writes the own config meanwhile, their config is kept and closed."""
    put_own(stack_world)
    stack_world.aws.before("PutObject", lambda: put_own(stack_world, name="theirs"), key=KEY)

    result = run("pause", PROJECT)

    held = json.loads(stack_world.read_object(KEY))
    assert (result.exit_code, held["name"], held["live"]) == (0, "theirs", False), result.output
    assert stack_world.read_list()[0]["live"] is False


@pytest.mark.usefixtures("function")
def test_a_steward_of_another_project(stack_world: StudyWorld, run: Run) -> None:
    """Given an own config of a project that the steward is not tagged for, the refusal says who may."""
    put_own(stack_world)
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, key=f"{PROJECT}%2F")

    result = run("pause", PROJECT)

    assert result.exit_code == 3
    assert f"may not write {KEY}" in result.stderr
    assert "hippo-project" in result.stderr
    assert stack_world.read_list()[0]["live"] is True
