"""`hippo withdraw` when something is wrong: broken off late, a full disk, records that cannot be read."""

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
def filled(lab: StudyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StudyWorld:
    """Two participants of a study that balances its groups."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hippo_cli.commands.withdraw.SystemClock", FakeClock)
    put_values(lab)
    lab.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    running = {USER: [0, 1]}
    for user in (USER, OTHER_USER):
        lab.put_record({"nextStep": 2}, user)
        running[user] = [1, 2]
        lab.s3.put_object(Bucket=BUCKET, Key=GROUPS, Body=json.dumps({"finished": [], "running": running}))
    return lab


def list_traces(lab: StudyWorld, user: str) -> list[str]:
    """Keys of all versions that name somebody, in the key or in what is stored."""
    versions = lab.s3.list_object_versions(Bucket=BUCKET)["Versions"]
    bodies = {
        (one["Key"], one["VersionId"]): lab.s3.get_object(
            Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"]
        )["Body"].read()
        for one in versions
    }
    return [key for (key, _), body in bodies.items() if user in key or user.encode() in body]


@pytest.mark.parametrize("place", ["_list_old_lists", "_delete_versions", "_delete_one"])
def test_broken_off_late(lab: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Given a run that is broken off while old versions go, then the same command finishes it."""

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Withdrawal, place, break_off)
        assert run("withdraw", USER, PROJECT, "--yes").exit_code == ExitCode.INTERRUPTED

    again = run("withdraw", USER, PROJECT, "--yes")

    assert again.exit_code == 0, again.output
    assert list_traces(lab, USER) == []
    assert list_traces(lab, OTHER_USER) != []


def test_a_disk_that_is_full(
    lab: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given no room for a receipt, then nothing is deleted, and no empty file is left."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(receipt.os, "fsync", refuse)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == ExitCode.MACHINE
    assert "Nothing was deleted" in result.stderr
    assert list_traces(lab, USER) != []
    assert list(tmp_path.glob("*.json")) == []


def test_a_receipt_that_cannot_be_written(lab: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a disk that fails at the end, then the receipt is shown, and that all is deleted."""
    plain = receipt.reserve

    def reserve(path: Path) -> None:
        plain(path)
        path.unlink()

    monkeypatch.setattr("hippo_cli.commands.withdraw.reserve", reserve)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == ExitCode.MACHINE
    assert "all is deleted" in result.stderr
    assert '"participantRecords": 1' in result.stderr
    assert list_traces(lab, USER) == []


def test_the_room_is_given_back(lab: StudyWorld, run: Run) -> None:
    """Given room that was kept, then the receipt is JSON to its end."""
    told = json.loads(run("withdraw", USER, PROJECT, "--yes", "--json").stdout)

    assert json.loads(Path(told["receipt"]).read_text())["deleted"] == told["deleted"]


@pytest.mark.parametrize("command", [("withdraw", USER, PROJECT, "--yes"), ("stop", USER)])
def test_a_server_record_that_is_broken(lab: StudyWorld, run: Run, command: tuple[str, ...]) -> None:
    """Given a server record that is no JSON, then a server may be running: nothing is deleted."""
    lab.s3.put_object(Bucket=BUCKET, Key=f"_servers/{USER}.json", Body=b"{broken")

    result = run(*command)

    assert result.exit_code == ExitCode.PROBLEMS
    assert f"_servers/{USER}.json cannot be read: a server may be running" in result.stderr
    assert "delete it" in result.stderr
    assert lab.messages("stop") == []  # the platform could not read it either
    assert list_traces(lab, USER) != []


@pytest.mark.parametrize("words", [(PROJECT,), ()])
def test_servers_tells_broken_records(lab: StudyWorld, run: Run, words: tuple[str, ...]) -> None:
    """Given a server record that is no JSON, then `hippo servers` names it."""
    lab.s3.put_object(Bucket=BUCKET, Key=f"_servers/{USER}.json", Body=b"[]")

    assert f"_servers/{USER}.json cannot be read" in run("servers", *words).stderr


@pytest.mark.parametrize("user", ["ABC", "a_1", "x.y@example.org"])
def test_ids_of_earlier_deployments(lab: StudyWorld, run: Run, user: str) -> None:
    """Given a record under an id that would not be given today, then it can be withdrawn by that id."""
    lab.put_record({"nextStep": 2}, user)
    lab.put_record({"nextStep": 2}, f"{user}D")

    result = run("withdraw", user, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(lab, user) == [f"{PROJECT}/Users/{user}D"]


@pytest.mark.parametrize("rest", ["Trials/ABC/1.json", "Users/ABC"])
def test_what_is_left_of_an_earlier_id(lab: StudyWorld, run: Run, rest: str) -> None:
    """Given such a record that is gone but for a trial, or an old version, then this can be withdrawn."""
    lab.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/{rest}", Body=b"{}")
    if "Users" in rest:
        lab.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/{rest}")

    result = run("withdraw", "ABC", PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(lab, "ABC") == []


def begin_upload(lab: StudyWorld, user: str) -> str:
    """One that a game server began and never completed; gives its key."""
    key = f"{PROJECT}/Trials/{user}/film.bin"
    lab.s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    return key


def list_uploads(lab: StudyWorld) -> list[str]:
    """Keys of what was begun."""
    return [one["Key"] for one in lab.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]


@pytest.mark.parametrize("user", [USER, "only-uploads"])
def test_uploads_that_were_begun(lab: StudyWorld, run: Run, user: str) -> None:
    """Given uploads in parts that were never completed, then theirs are aborted, and nobody else's."""
    begin_upload(lab, user)
    begin_upload(lab, user)
    others = [begin_upload(lab, f"{user}-2"), begin_upload(lab, OTHER_USER)]

    dry = json.loads(run("withdraw", user, PROJECT, "--dry-run", "--json").stdout)
    result = run("withdraw", user, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert dry["unfinishedUploads"] == [f"{PROJECT}/Trials/{user}/film.bin"] * 2
    assert sorted(list_uploads(lab)) == sorted(others)
    receipt = json.loads(result.stdout)
    assert receipt["deleted"]["unfinishedUploads"] == 2
    assert not any("uploads" in line for line in receipt["stillThere"])


@pytest.mark.parametrize("operation", ["ListMultipartUploads", "AbortMultipartUpload"])
def test_uploads_that_may_not_be_aborted(lab: StudyWorld, run: Run, operation: str) -> None:
    """Given a steward who may not see or not abort them, then the rest goes, and the receipt says so."""
    key = begin_upload(lab, USER)
    lab.aws.fail(operation, "AccessDenied", 403, times=99)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_traces(lab, USER) == []
    assert "Still there: uploads" in result.stdout
    receipt = json.loads(next(Path().glob("withdrawal-*.json")).read_text())
    assert "unfinishedUploads" not in receipt["deleted"]
    lab.aws.reset()
    assert list_uploads(lab) == [key]


def test_a_last_look_that_is_refused(lab: StudyWorld, run: Run) -> None:
    """Given rights that are taken away meanwhile, then it is not said that there are no uploads."""

    def refuse() -> None:
        lab.aws.fail("ListMultipartUploads", "AccessDenied", 403)

    lab.aws.before("DeleteObject", refuse, key=f"Users/{USER}")

    result = run("withdraw", USER, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert "unfinishedUploads" not in json.loads(result.stdout)["deleted"]


def test_an_upload_that_is_gone_already(lab: StudyWorld, run: Run) -> None:
    """Given an abort whose answer was lost, then its second try, which finds nothing, is no failure."""
    begin_upload(lab, USER)
    lab.aws.fail("AbortMultipartUpload", "NoSuchUpload", 404)

    first = run("withdraw", USER, PROJECT, "--yes")

    assert first.exit_code == ExitCode.PROBLEMS  # it is still there here: the tool looks again
    assert "has come back" in first.stderr
    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0
    assert list_uploads(lab) == []
