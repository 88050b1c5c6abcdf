"""`hippo withdraw` when something fails: late interruptions, a full disk, records that cannot be read."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.operations import receipt
from hippo_cli.operations.withdrawal import Withdrawal
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
GROUPS = f"{PROJECT}/_groups.json"


@pytest.fixture(autouse=True)
def filled(stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StudyWorld:
    """Put two participants in a study that balances its groups."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hippo_cli.commands.withdraw.SystemClock", FakeClock)
    put_values(stack_world)
    stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    running = {USER: [0, 1]}
    for user in (USER, OTHER_USER):
        stack_world.put_record({"nextStep": 2}, user)
        running[user] = [1, 2]
        stack_world.s3.put_object(
            Bucket=BUCKET, Key=GROUPS, Body=json.dumps({"finished": [], "running": running})
        )
    return stack_world


def list_traces(stack_world: StudyWorld, user: str) -> list[str]:
    """Return the keys of all versions that name a participant in their key or body."""
    versions = stack_world.s3.list_object_versions(Bucket=BUCKET)["Versions"]
    bodies = {
        (one["Key"], one["VersionId"]): stack_world.s3.get_object(
            Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"]
        )["Body"].read()
        for one in versions
    }
    return [key for (key, _), body in bodies.items() if user in key or user.encode() in body]


@pytest.mark.parametrize("method", ["_list_old_lists", "_delete_versions", "_delete_version"])
def test_interrupted_late(
    stack_world: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Given a run that is interrupted while it deletes old versions, the same command finishes it."""

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Withdrawal, method, break_off)
        assert run("withdraw", USER, PROJECT, "--yes").exit_code == ExitCode.INTERRUPTED

    again = run("withdraw", USER, PROJECT, "--yes")

    assert again.exit_code == 0, again.output
    assert list_traces(stack_world, USER) == []
    assert list_traces(stack_world, OTHER_USER) != []


def test_a_disk_that_is_full(
    stack_world: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given no room for a receipt, nothing is deleted and no empty file remains."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(receipt.os, "fsync", refuse)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == ExitCode.MACHINE
    assert "Nothing was deleted" in result.stderr
    assert list_traces(stack_world, USER) != []
    assert list(tmp_path.glob("*.json")) == []


def test_a_receipt_that_cannot_be_written(
    stack_world: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a disk that fails at the end, the receipt is shown and the deletion is confirmed."""
    plain = receipt.reserve

    def reserve(path: Path) -> None:
        plain(path)
        path.unlink()

    monkeypatch.setattr("hippo_cli.commands.withdraw.reserve", reserve)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == ExitCode.MACHINE
    assert "everything was deleted" in result.stderr
    assert '"participantRecords": 1' in result.stderr
    assert list_traces(stack_world, USER) == []


def test_the_room_is_given_back(stack_world: StudyWorld, run: Run) -> None:
    """Given reserved space, the receipt is JSON to its end."""
    report = json.loads(run("withdraw", USER, PROJECT, "--yes", "--json").stdout)

    assert json.loads(Path(report["receipt"]).read_text())["deleted"] == report["deleted"]


@pytest.mark.parametrize("command", [("withdraw", USER, PROJECT, "--yes"), ("stop", USER)])
def test_a_server_record_that_is_broken(stack_world: StudyWorld, run: Run, command: tuple[str, ...]) -> None:
    """Given a server record that is not JSON, a server may be running, so nothing is deleted."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"_servers/{USER}.json", Body=b"{broken")

    result = run(*command)

    assert result.exit_code == ExitCode.PROBLEMS
    assert f"_servers/{USER}.json cannot be read: a server may be running" in result.stderr
    assert "delete the record" in result.stderr
    assert stack_world.messages("stop") == []  # the platform could not read it either
    assert list_traces(stack_world, USER) != []


@pytest.mark.parametrize("arguments", [(PROJECT,), ()])
def test_servers_reports_broken_records(
    stack_world: StudyWorld, run: Run, arguments: tuple[str, ...]
) -> None:
    """Given a server record that is not JSON, `hippo servers` names it."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"_servers/{USER}.json", Body=b"[]")

    assert f"_servers/{USER}.json cannot be read" in run("servers", *arguments).stderr


@pytest.mark.parametrize("user", ["ABC", "a_1", "x.y@example.org"])
def test_ids_of_earlier_deployments(stack_world: StudyWorld, run: Run, user: str) -> None:
    """Given a record under an id that is no longer valid, it can be withdrawn with that id."""
    stack_world.put_record({"nextStep": 2}, user)
    stack_world.put_record({"nextStep": 2}, f"{user}D")

    result = run("withdraw", user, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(stack_world, user) == [f"{PROJECT}/Users/{user}D"]


@pytest.mark.parametrize("rest", ["Trials/ABC/1.json", "Users/ABC"])
def test_what_is_left_of_an_earlier_id(stack_world: StudyWorld, run: Run, rest: str) -> None:
    """Given only a trial or an old version under such an id, it can be withdrawn."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/{rest}", Body=b"{}")
    if "Users" in rest:
        stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/{rest}")

    result = run("withdraw", "ABC", PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(stack_world, "ABC") == []


def begin_upload(stack_world: StudyWorld, user: str) -> str:
    """Begin a multipart upload as a game server does, without completing it, and return its key."""
    key = f"{PROJECT}/Trials/{user}/film.bin"
    stack_world.s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    return key


def list_uploads(stack_world: StudyWorld) -> list[str]:
    """Return the keys of incomplete uploads."""
    return [one["Key"] for one in stack_world.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]


@pytest.mark.parametrize("user", [USER, "only-uploads"])
def test_uploads_that_were_begun(stack_world: StudyWorld, run: Run, user: str) -> None:
    """Given incomplete multipart uploads, the participant's are aborted and no others."""
    begin_upload(stack_world, user)
    begin_upload(stack_world, user)
    others = [begin_upload(stack_world, f"{user}-2"), begin_upload(stack_world, OTHER_USER)]

    dry = json.loads(run("withdraw", user, PROJECT, "--dry-run", "--json").stdout)
    result = run("withdraw", user, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert dry["unfinishedUploads"] == [f"{PROJECT}/Trials/{user}/film.bin"] * 2
    assert sorted(list_uploads(stack_world)) == sorted(others)
    receipt = json.loads(result.stdout)
    assert receipt["deleted"]["unfinishedUploads"] == 2
    assert not any("uploads" in line for line in receipt["stillThere"])


@pytest.mark.parametrize("operation", ["ListMultipartUploads", "AbortMultipartUpload"])
def test_uploads_that_may_not_be_aborted(stack_world: StudyWorld, run: Run, operation: str) -> None:
    """Given a steward who may not list or abort uploads, the rest is deleted and the receipt says so."""
    key = begin_upload(stack_world, USER)
    stack_world.aws.fail(operation, "AccessDenied", 403, times=99)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(stack_world, USER) == []
    assert "Not deleted: incomplete uploads" in result.stdout
    receipt = json.loads(next(Path().glob("withdrawal-*.json")).read_text())
    assert "unfinishedUploads" not in receipt["deleted"]
    stack_world.aws.reset()
    assert list_uploads(stack_world) == [key]


def test_a_last_look_that_is_refused(stack_world: StudyWorld, run: Run) -> None:
    """Given permissions that are removed midway, the receipt does not claim that there are no uploads."""

    def refuse() -> None:
        stack_world.aws.fail("ListMultipartUploads", "AccessDenied", 403)

    stack_world.aws.before("DeleteObject", refuse, key=f"Users/{USER}")

    result = run("withdraw", USER, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert "unfinishedUploads" not in json.loads(result.stdout)["deleted"]


def test_an_upload_that_was_already_aborted(stack_world: StudyWorld, run: Run) -> None:
    """Given an abort whose response was lost, its retry finds nothing and is not a failure."""
    begin_upload(stack_world, USER)
    stack_world.aws.fail("AbortMultipartUpload", "NoSuchUpload", 404)

    first = run("withdraw", USER, PROJECT, "--yes")

    assert first.exit_code == ExitCode.PROBLEMS  # the upload still exists here, and the tool checks again
    assert "new data was stored" in first.stderr
    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0
    assert list_uploads(stack_world) == []
