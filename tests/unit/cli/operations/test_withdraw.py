"""`hippo withdraw` deletes all of a participant, old versions included, and nothing of anybody else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hippo.servers.capacity.slots import name_entry
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
ADMISSIONS, GROUPS = f"{PROJECT}/_admission.json", f"{PROJECT}/_groups.json"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The commands' clock."""
    clock = FakeClock()
    monkeypatch.setattr("hippo_cli.commands.withdraw.SystemClock", lambda: clock)
    return clock


@pytest.fixture(autouse=True)
def filled(lab: StudyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FakeClock) -> StudyWorld:
    """Two participants with all that there can be of them, in a bucket that keeps old versions."""
    monkeypatch.chdir(tmp_path)
    put_values(lab)
    lab.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for user in (USER, OTHER_USER):
        for step in (1, 2, 3):
            lab.put_record({"nextStep": step}, user)
        put(lab, f"{PROJECT}/Trials/{user}/episode-1.json")
        put(lab, f"{PROJECT}/Trials/{user}/deep/er.json")
        lab.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{user}/deep/er.json")
        lab.put_server("ready", user)
        lab.put_server("stopped", user)
        put(lab, name_entry(NOW, user, PROJECT))
    put(lab, f"{PROJECT}/Users/{USER}-2")
    put(lab, f"{PROJECT}/Trials/{USER}-2/episode.json")
    put(lab, ADMISSIONS, {"admitted": [USER]})
    put(lab, ADMISSIONS, {"admitted": [OTHER_USER, USER], "refused": {"full": [USER]}, "more": 1})
    lab.aws.reset()
    return lab


def put(lab: StudyWorld, key: str, content: Any = None) -> None:
    """An object as the platform or a game server writes it."""
    lab.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content or {}))


def list_all(lab: StudyWorld, part: str = "") -> list[str]:
    """Keys of all versions and markers that hold a text, in the key or in what is stored."""
    answer = lab.s3.list_object_versions(Bucket=BUCKET)
    found = [entry["Key"] for entry in answer.get("DeleteMarkers", ()) if part in entry["Key"]]
    for entry in answer.get("Versions", ()):
        read = lab.s3.get_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        if part in entry["Key"] or part in read["Body"].read().decode():
            found.append(entry["Key"])
    return sorted(found)


def is_of_neighbour(key: str) -> bool:
    """Somebody whose id begins like the one who withdraws."""
    return f"{USER}-2" in key


def test_nothing_is_left(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a participant with records, trials, server, place and old versions, then all of it is gone."""
    others = list_all(lab, OTHER_USER)

    result = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "receipt.json")

    assert result.exit_code == 0, result.output
    # A marker that a place in the queue was deleted holds its name, until the lifecycle rule takes it.
    left = [key for key in list_all(lab, USER) if not is_of_neighbour(key) and not key.startswith("_slots/")]
    assert left == []
    assert [key for key in lab.list_keys("_slots/") if USER in key] == []
    assert sum(map(is_of_neighbour, list_all(lab, USER))) == 2
    assert [key for key in list_all(lab, OTHER_USER) if key != ADMISSIONS] == [
        key for key in others if key != ADMISSIONS
    ]
    assert json.loads(lab.read_object(ADMISSIONS)) == {
        "admitted": [OTHER_USER],
        "refused": {"full": []},
        "more": 1,
    }


def test_the_receipt_names_nobody(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a withdrawal, then a file says of what project, when and how much, and not of whom."""
    result = run("withdraw", USER, PROJECT, "--yes")

    (path,) = tmp_path.glob("withdrawal-*.json")
    text = path.read_text()
    receipt = json.loads(text)
    assert receipt["project"] == PROJECT
    assert receipt["deleted"] == {
        "participantRecords": 1,
        "trialFiles": 1,
        "serverRecords": 1,
        "placesInTheQueue": 1,
        "entriesInTheListOfAdmissions": 1,
        "oldVersions": 5,
        "unfinishedUploads": 0,
    }
    assert USER not in text
    assert str(path.name) in result.stdout
    assert lab.messages("stop") == []


def test_it_asks_and_lists_first(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given no yes, or a dry run, then what there is is listed, nothing deleted, and no receipt left."""
    before = list_all(lab)

    declined = run("withdraw", USER, PROJECT, text="n\n")
    unasked = run("withdraw", USER, PROJECT)
    machine = run("withdraw", USER, PROJECT, "--json")
    dry = run("withdraw", USER, PROJECT, "--dry-run", "--json")

    codes = [one.exit_code for one in (declined, unasked, machine, dry)]
    assert codes == [130, 2, 2, 0]
    assert "1  participant record" in declined.stdout
    assert f"{PROJECT}/Users/{USER}" in json.loads(dry.stdout)["objects"]
    assert list_all(lab) == before
    assert list(tmp_path.glob("*.json")) == []


def test_a_server_that_runs_is_stopped_first(lab: StudyWorld, run: Run, clock: FakeClock) -> None:
    """Given a participant in the game, then the deletion waits until their server has stopped."""
    lab.put_server("ready", USER)
    plain = clock.sleep

    def sleep(seconds: float) -> None:
        assert lab.list_keys(f"{PROJECT}/Users/{USER}")
        put(lab, f"{PROJECT}/Trials/{USER}/last.json")
        lab.put_server("stopped", USER, stop_requested_at=NOW)
        plain(seconds)

    clock.sleep = sleep  # type: ignore[method-assign]

    result = run("withdraw", USER, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["deleted"]["trialFiles"] == 2
    assert [message["userId"] for message in lab.messages("stop")] == [USER]
    assert lab.list_keys(f"{PROJECT}/Trials/{USER}/") == []


def test_a_server_that_does_not_stop(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a server that is still there after minutes, then 1, and nothing was deleted."""
    lab.put_server("ready", USER)
    before = list_all(lab)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "still ready; nothing was deleted" in result.stderr
    assert list_all(lab) == before
    assert list(tmp_path.glob("*.json")) == []


def test_a_server_of_another_project_stays(lab: StudyWorld, run: Run) -> None:
    """Given somebody whose server is another project's, then that one and its record are left alone."""
    lab.put_server("ready", USER, "another")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert "one of another" in result.stdout
    assert lab.messages("stop") == []
    assert lab.list_keys(f"_servers/{USER}.json")


def test_broken_off_and_run_again(lab: StudyWorld, run: Run) -> None:
    """Given a network that goes in the middle, then 3; the same command finishes it."""
    lab.aws.fail("DeleteObject", "SlowDown", 503, key="Users")

    first = run("withdraw", USER, PROJECT, "--yes")
    second = run("withdraw", USER, PROJECT, "--yes")
    third = run("withdraw", USER, PROJECT, "--yes", "--receipt", "third.json")

    assert [first.exit_code, second.exit_code, third.exit_code] == [3, 0, 1]
    assert "there is nothing of" in third.stderr
    left = [key for key in list_all(lab, USER) if not is_of_neighbour(key) and not key.startswith("_slots/")]
    assert left == []


def test_another_arrival_at_the_same_time(lab: StudyWorld, run: Run) -> None:
    """Given somebody who is let in while the list is rewritten, then they stay on it."""
    rival = {"admitted": [OTHER_USER, USER, "rival"], "refused": {}}
    lab.aws.before("PutObject", lambda: put(lab, ADMISSIONS, rival), key="_admission")

    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0

    assert json.loads(lab.read_object(ADMISSIONS))["admitted"] == [OTHER_USER, "rival"]


def test_groups(lab: StudyWorld, run: Run) -> None:
    """Given groups that are balanced, then who withdraws stands in them no more, in no version."""
    groups = {"finished": [1, 0], "running": {USER: [1, 5], OTHER_USER: [0, 6]}}
    put(lab, GROUPS, groups)
    put(lab, GROUPS, groups)

    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0

    assert json.loads(lab.read_object(GROUPS)) == {**groups, "running": {OTHER_USER: [0, 6]}}
    versions = lab.s3.list_object_versions(Bucket=BUCKET, Prefix=GROUPS)["Versions"]
    assert len(versions) == 1


def test_somebody_who_comes_back(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a page that is still open and writes again, then 1 says so, and there is no receipt."""
    lab.aws.before("GetObject", lambda: None, key="x")

    def come_back() -> None:
        lab.aws.before("ListObjectVersions", lambda: lab.put_record({"nextStep": 1}), key=f"Users%2F{USER}")

    lab.aws.before("DeleteObject", come_back, key=f"_servers/{USER}")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "has come back" in result.stderr
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize(
    ("operation", "key", "what"),
    [
        ("ListObjectVersions", "", "look for old versions"),
        ("DeleteObject", "Users", "delete what participants have stored"),
        ("PutObject", "_admission", "take a participant off the list"),
    ],
)
def test_who_may_not(lab: StudyWorld, run: Run, operation: str, key: str, what: str) -> None:
    """Given a researcher without a steward's rights, then 3, what they may not do, and whom to ask."""
    lab.aws.fail(operation, "AccessDenied", 403, times=99, key=key)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 3
    assert what in result.stderr
    assert "StewardPolicy" in result.stderr


def test_wrong_use(lab: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given an unknown participant or project, or a receipt that is there, then nothing is deleted."""
    (tmp_path / "there.json").write_text("x")

    unknown = run("withdraw", "nobody", PROJECT, "--yes")
    elsewhere = run("withdraw", USER, "another", "--yes")
    there = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "there.json")
    nowhere = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "none" / "x.json")

    assert [one.exit_code for one in (unknown, elsewhere, there, nowhere)] == [1, 1, 2, 2]
    assert "there is nothing of nobody" in unknown.stderr
    assert "is there already" in there.stderr
    assert lab.list_keys(f"{PROJECT}/Users/{USER}")


def test_a_list_of_admissions_that_is_broken(lab: StudyWorld, run: Run) -> None:
    """Given a list that is no JSON, then 1 says so before anything is deleted."""
    lab.s3.put_object(Bucket=BUCKET, Key=ADMISSIONS, Body="[")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "is not JSON" in result.stderr
    assert lab.list_keys(f"{PROJECT}/Users/{USER}")
