"""`hippo withdraw` deletes all data of a participant, including old versions, and nothing of any other."""

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
    """Return the commands' clock."""
    clock = FakeClock()
    monkeypatch.setattr("hippo_cli.commands.withdraw.SystemClock", lambda: clock)
    return clock


@pytest.fixture(autouse=True)
def filled(
    stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FakeClock
) -> StudyWorld:
    """Put two participants with all kinds of data in a bucket that keeps old versions."""
    monkeypatch.chdir(tmp_path)
    put_values(stack_world)
    stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for user in (USER, OTHER_USER):
        for step in (1, 2, 3):
            stack_world.put_record({"nextStep": step}, user)
        put(stack_world, f"{PROJECT}/Trials/{user}/episode-1.json")
        put(stack_world, f"{PROJECT}/Trials/{user}/deep/er.json")
        stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{user}/deep/er.json")
        stack_world.put_server("ready", user)
        stack_world.put_server("stopped", user)
        put(stack_world, name_entry(NOW, user, PROJECT))
    put(stack_world, f"{PROJECT}/Users/{USER}-2")
    put(stack_world, f"{PROJECT}/Trials/{USER}-2/episode.json")
    put(stack_world, ADMISSIONS, {"admitted": [USER]})
    put(stack_world, ADMISSIONS, {"admitted": [OTHER_USER, USER], "refused": {"full": [USER]}, "more": 1})
    stack_world.aws.reset()
    return stack_world


def put(stack_world: StudyWorld, key: str, content: Any = None) -> None:
    """Store an object as the platform or a game server writes it."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content or {}))


def list_all(stack_world: StudyWorld, part: str = "") -> list[str]:
    """Return the keys of all versions and markers that contain a text in their key or body."""
    answer = stack_world.s3.list_object_versions(Bucket=BUCKET)
    found = [entry["Key"] for entry in answer.get("DeleteMarkers", ()) if part in entry["Key"]]
    for entry in answer.get("Versions", ()):
        read = stack_world.s3.get_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        if part in entry["Key"] or part in read["Body"].read().decode():
            found.append(entry["Key"])
    return sorted(found)


def is_of_neighbour(key: str) -> bool:
    """Return whether the key is of a participant whose id begins like the withdrawn one."""
    return f"{USER}-2" in key


def test_nothing_is_left(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a participant with record, trials, server, queue entry and old versions, all are deleted."""
    others = list_all(stack_world, OTHER_USER)

    result = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "receipt.json")

    assert result.exit_code == 0, result.output
    # The delete marker of a queue entry contains the id until a lifecycle rule removes it.
    left = [
        key
        for key in list_all(stack_world, USER)
        if not is_of_neighbour(key) and not key.startswith("_slots/")
    ]
    assert left == []
    assert [key for key in stack_world.list_keys("_slots/") if USER in key] == []
    assert sum(map(is_of_neighbour, list_all(stack_world, USER))) == 2
    assert [key for key in list_all(stack_world, OTHER_USER) if key != ADMISSIONS] == [
        key for key in others if key != ADMISSIONS
    ]
    assert json.loads(stack_world.read_object(ADMISSIONS)) == {
        "admitted": [OTHER_USER],
        "refused": {"full": []},
        "more": 1,
    }


def test_the_receipt_names_no_participant(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a withdrawal, a file names the project, time and counts, but not the participant."""
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
    assert stack_world.messages("stop") == []


@pytest.mark.parametrize("copied", [f"{USER} ", f"\u00a0{USER.upper()}\u200b"])
def test_a_copied_id_is_found(stack_world: StudyWorld, run: Run, copied: str) -> None:
    """Given an id with what copying adds, it is the participant's."""
    result = run("withdraw", copied, PROJECT, "--dry-run")

    assert result.exit_code == 0, result.output
    assert f"{USER} in {PROJECT}:" in result.stdout


def test_it_asks_and_lists_first(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given no confirmation, or a dry run, data is listed, nothing is deleted and there is no receipt."""
    before = list_all(stack_world)

    declined = run("withdraw", USER, PROJECT, text="n\n")
    unasked = run("withdraw", USER, PROJECT)
    machine = run("withdraw", USER, PROJECT, "--json")
    dry = run("withdraw", USER, PROJECT, "--dry-run", "--json")

    codes = [one.exit_code for one in (declined, unasked, machine, dry)]
    assert codes == [130, 2, 2, 0]
    assert "1  participant record" in declined.stdout
    assert f"{PROJECT}/Users/{USER}" in json.loads(dry.stdout)["objects"]
    assert list_all(stack_world) == before
    assert list(tmp_path.glob("*.json")) == []


def test_a_server_that_runs_is_stopped_first(stack_world: StudyWorld, run: Run, clock: FakeClock) -> None:
    """Given a participant in the game, the deletion waits until their server has stopped."""
    stack_world.put_server("ready", USER)
    plain = clock.sleep

    def sleep(seconds: float) -> None:
        assert stack_world.list_keys(f"{PROJECT}/Users/{USER}")
        put(stack_world, f"{PROJECT}/Trials/{USER}/last.json")
        stack_world.put_server("stopped", USER, stop_requested_at=NOW)
        plain(seconds)

    clock.sleep = sleep  # type: ignore[method-assign]

    result = run("withdraw", USER, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["deleted"]["trialFiles"] == 2
    assert [message["userId"] for message in stack_world.messages("stop")] == [USER]
    assert stack_world.list_keys(f"{PROJECT}/Trials/{USER}/") == []


def test_a_server_that_does_not_stop(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a server that does not stop in time, the command exits with 1 and nothing is deleted."""
    stack_world.put_server("ready", USER)
    before = list_all(stack_world)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "still ready; nothing was deleted" in result.stderr
    assert list_all(stack_world) == before
    assert list(tmp_path.glob("*.json")) == []


def test_a_server_of_another_project_stays(stack_world: StudyWorld, run: Run) -> None:
    """Given a participant whose server belongs to another project, that server and its record stay."""
    stack_world.put_server("ready", USER, "another")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert "belongs to another" in result.stdout
    assert stack_world.messages("stop") == []
    assert stack_world.list_keys(f"_servers/{USER}.json")


def test_a_hidden_server_of_another_project_stays(stack_world: StudyWorld, run: Run) -> None:
    """Given a server record that the steward may not read, the rest is deleted, and the receipt says so."""
    stack_world.put_server("ready", USER, "another")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    result = run("withdraw", USER, PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    receipt = json.loads(result.stdout)
    assert receipt["deleted"]["serverRecords"] == 0
    assert any("may not read" in line for line in receipt["stillThere"])
    assert f"{PROJECT}/Users/{USER}" not in stack_world.list_keys(f"{PROJECT}/Users/")
    assert stack_world.list_keys(f"_servers/{USER}.json")


def test_interrupted_and_run_again(stack_world: StudyWorld, run: Run) -> None:
    """Given a network that fails midway, the exit code is 3 and the same command finishes the deletion."""
    stack_world.aws.fail("DeleteObject", "SlowDown", 503, key="Users")

    first = run("withdraw", USER, PROJECT, "--yes")
    second = run("withdraw", USER, PROJECT, "--yes")
    third = run("withdraw", USER, PROJECT, "--yes", "--receipt", "third.json")

    assert [first.exit_code, second.exit_code, third.exit_code] == [3, 0, 1]
    assert "there is no data of" in third.stderr
    left = [
        key
        for key in list_all(stack_world, USER)
        if not is_of_neighbour(key) and not key.startswith("_slots/")
    ]
    assert left == []


def test_another_arrival_at_the_same_time(stack_world: StudyWorld, run: Run) -> None:
    """Given a participant who is admitted while the list is rewritten, they stay on it."""
    since = {OTHER_USER: 5, USER: 6}
    rival = {"admitted": [OTHER_USER, USER, "rival"], "refused": {}, "since": since}
    stack_world.aws.before("PutObject", lambda: put(stack_world, ADMISSIONS, rival), key="_admission")

    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0

    left = {"admitted": [OTHER_USER, "rival"], "refused": {}, "since": {OTHER_USER: 5}}
    assert json.loads(stack_world.read_object(ADMISSIONS)) == left


def test_groups(stack_world: StudyWorld, run: Run) -> None:
    """Given balanced groups, a withdrawn participant is in no version of them."""
    groups = {"finished": [1, 0], "running": {USER: [1, 5], OTHER_USER: [0, 6]}, "begun": [USER, OTHER_USER]}
    put(stack_world, GROUPS, groups)
    put(stack_world, GROUPS, groups)

    assert run("withdraw", USER, PROJECT, "--yes").exit_code == 0

    left = {"running": {OTHER_USER: [0, 6]}, "begun": [OTHER_USER]}
    assert json.loads(stack_world.read_object(GROUPS)) == {**groups, **left}
    versions = stack_world.s3.list_object_versions(Bucket=BUCKET, Prefix=GROUPS)["Versions"]
    assert len(versions) == 1


def test_a_participant_who_comes_back(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a page that is still open and writes again, the command exits with 1 and there is no receipt."""
    stack_world.aws.before("GetObject", lambda: None, key="x")

    def come_back() -> None:
        stack_world.aws.before(
            "ListObjectVersions", lambda: stack_world.put_record({"nextStep": 1}), key=f"Users%2F{USER}"
        )

    stack_world.aws.before("DeleteObject", come_back, key=f"_servers/{USER}")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "new data was stored" in result.stderr
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize(
    ("operation", "key", "what"),
    [
        ("ListObjectVersions", "", "list old versions"),
        ("DeleteObject", "Users", "delete participants' data"),
        ("PutObject", "_admission", "remove a participant from the list"),
    ],
)
def test_denied_actions(stack_world: StudyWorld, run: Run, operation: str, key: str, what: str) -> None:
    """Given a researcher without a steward's permissions, the command exits with 3 and says whom to ask."""
    stack_world.aws.fail(operation, "AccessDenied", 403, times=99, key=key)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 3
    assert what in result.stderr
    assert "StewardPolicy" in result.stderr


def test_wrong_use(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given an unknown participant or project, or an existing receipt, nothing is deleted."""
    (tmp_path / "there.json").write_text("x")

    unknown = run("withdraw", "nobody", PROJECT, "--yes")
    elsewhere = run("withdraw", USER, "another", "--yes")
    there = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "there.json")
    nowhere = run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "none" / "x.json")

    assert [one.exit_code for one in (unknown, elsewhere, there, nowhere)] == [1, 1, 2, 2]
    assert "there is no data of nobody" in unknown.stderr
    assert "already exists" in there.stderr
    assert stack_world.list_keys(f"{PROJECT}/Users/{USER}")


def test_a_list_of_admissions_that_is_broken(stack_world: StudyWorld, run: Run) -> None:
    """Given a list that is not JSON, the command exits with 1 before anything is deleted."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=ADMISSIONS, Body="[")

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code == 1
    assert "is not JSON" in result.stderr
    assert stack_world.list_keys(f"{PROJECT}/Users/{USER}")


def test_the_receipt_names_every_place_that_keeps_the_id(run: Run, tmp_path: Path) -> None:
    """Given a withdrawal, the receipt says where the id stays that no command can delete."""
    run("withdraw", USER, PROJECT, "--yes", "--receipt", tmp_path / "r.json")

    text = (tmp_path / "r.json").read_text("utf-8")
    assert USER not in text
    for place in ("logs of functions", "_sweep.json", "CloudTrail", "access logs", "DNS resolvers", "slots"):
        assert place in " ".join(json.loads(text)["stillThere"])
