"""The commands on a bucket with objects that the platform did not write: each is reported and skipped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from tests.support.hostile import BODIES
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld
from tests.unit.cli.export_world import export, read_csv
from tests.unit.cli.servers_world import put_ready

Run = Callable[..., Any]
FORGED = {"created": "2030-01-01T12:00:00+00:00", "nextStep": 9, "requests": []}
USERS, TRIALS = f"{PROJECT}/Users/", f"{PROJECT}/Trials/"
NESTED = [f"{USERS}Trials/z", f"{USERS}../victim", f"{USERS}\x1b[2J/x", f"{USERS}/leading", f"{USERS}z/"]
SMALL_BODIES = [body for body in BODIES if len(body) < 1_000_000]


@pytest.fixture
def world(stack_world: StudyWorld) -> StudyWorld:
    """Return a study with one participant, in whose bucket a stranger has stored finished participants."""
    put_values(stack_world)
    stack_world.get()
    stack_world.post({"age": "7"})
    for key in NESTED:
        put(stack_world, key, FORGED)
    return stack_world


def put(world: StudyWorld, key: str, content: Any) -> None:
    """Store an object: bytes as they are, anything else as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def test_a_forged_participant_of_a_folder_is_not_counted(world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given finished participants in folders below Users/, export and status count only the real one."""
    report = export(run, tmp_path / "out", code=ExitCode.PROBLEMS)
    status = json.loads(run("status", PROJECT, "--json").stdout)

    assert [row["user"] for row in read_csv(tmp_path / "out" / "participants.csv")] == [USER]
    problems = {problem["key"]: problem["reason"] for problem in report["problems"]}
    assert set(problems) == {f"{USERS}{name}/" for name in ("Trials", "..", "\x1b[2J", "", "z")}
    assert set(problems.values()) == {"a folder, and so not a participant"}
    assert (status["participants"]["total"], status["participants"]["unreadable"]) == (1, len(problems))


def test_an_export_drops_what_an_earlier_one_took_for_participants(
    world: StudyWorld, run: Run, tmp_path: Path
) -> None:
    """Given an export that was made twice, each folder is reported once in each, and none is kept."""
    first = export(run, tmp_path / "out", code=ExitCode.PROBLEMS)
    second = export(run, tmp_path / "out", code=ExitCode.PROBLEMS)
    for key in NESTED:
        world.s3.delete_object(Bucket=BUCKET, Key=key)
    third = export(run, tmp_path / "out")

    assert first["problems"] == second["problems"]
    assert (third["problems"], third["vanished"]) == ([], [])


@pytest.mark.parametrize("command", ["status", "servers", "export"])
def test_no_control_character_reaches_the_terminal(
    world: StudyWorld, run: Run, tmp_path: Path, command: str
) -> None:
    """Given names and texts with escape sequences, the output has none."""
    put(world, f"{USERS}\x1b]0;title\x07", {"nextStep": "\x1b[2J", "version": "\x1b[2J"})
    put(world, f"{USERS}\x9b31m", {**FORGED, "version": "\x1b[2J", "nextStep": 2})
    put(world, f"{TRIALS}{USER}/\x1b[2J.json", {})
    put_ready(world, error="\x1b[2J", problem="x")
    where = ["--out", tmp_path / "out"] if command == "export" else []

    result = run(command, PROJECT, *where)

    assert "Traceback" not in result.output
    assert result.exit_code in (0, ExitCode.PROBLEMS), result.output
    assert not {"\x1b", "\x07", "\x9b"} & set(result.output)


@pytest.mark.parametrize("body", SMALL_BODIES, ids=range(len(SMALL_BODIES)))
def test_one_odd_record_leaves_the_others(world: StudyWorld, run: Run, tmp_path: Path, body: bytes) -> None:
    """Given objects of any content in place of a participant, a server and a version, the commands work."""
    put(world, f"{USERS}{OTHER_USER}", body)
    put(world, f"_servers/{OTHER_USER}.json", body)
    put(world, f"{PROJECT}/_versions/zz.json", body)
    put_ready(world)

    exported = run("export", PROJECT, "--out", tmp_path / "out")
    shown = [run("status", PROJECT), run("servers", PROJECT), run("servers")]

    assert exported.exit_code in (0, ExitCode.PROBLEMS), exported.output
    assert [result.exit_code for result in shown] == [0, 0, 0], [result.output for result in shown]
    assert USER in [row["user"] for row in read_csv(tmp_path / "out" / "participants.csv")]
    assert USER in shown[1].stdout
    assert USER in shown[2].stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"nextStep": 10**400},
        {"nextStep": -1},
        {"version": "../../x"},
        {"version": "x" * 2000},
        {"version": ["a"]},
        {"repeats": [{"step": 10**30, "body": "{}", "requestId": "r"}]},
        {"requests": [{"requestId": "r", "consent": {"sha256": ["a"]}, "httpMethod": {"a": 1}, "body": [1]}]},
        {"parameters": {"a": {"b": 1}}, "otherParameters": [{"a": []}]},
    ],
)
def test_odd_values_break_no_table(
    world: StudyWorld, run: Run, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Given values of other types and sizes, all tables are written, as Parquet too."""
    put(world, f"{USERS}{OTHER_USER}", {**FORGED, "nextStep": 2, **changes})

    exported = run("export", PROJECT, "--out", tmp_path / "out")
    status = run("status", PROJECT)

    assert exported.exit_code == ExitCode.PROBLEMS, exported.output
    assert status.exit_code == 0, status.output
    assert (tmp_path / "out" / "answers.parquet").exists()


def test_objects_among_server_records_are_reported_once(world: StudyWorld, run: Run) -> None:
    """Given keys that no server record has, and a record of another participant, no server is invented."""
    put_ready(world)
    record = json.loads(world.read_object(f"_servers/{USER}.json"))
    for key in ("x/Trials/y.json", "..json", "ADA.json", "a_b.json", "\x1b[2J.json", "plain"):
        put(world, f"_servers/{key}", record)
    put(world, "_servers/mallory.json", record)

    result = run("servers", "--json")

    assert result.exit_code == 0, result.output
    assert [line["userId"] for line in json.loads(result.stdout)] == [USER]
    assert "6 objects in _servers/ left out" in result.stderr
    assert "_servers/mallory.json cannot be read" in result.stderr


def test_a_record_that_names_another_participant_stops_nobody(world: StudyWorld, run: Run) -> None:
    """Given a record under another participant's name, `stop` does not stop the one it names."""
    put_ready(world)
    put(world, "_servers/mallory.json", json.loads(world.read_object(f"_servers/{USER}.json")))
    put(world, f"{USERS}mallory", {"nextStep": 2})

    result = run("stop", "mallory", "--yes")

    assert result.exit_code == ExitCode.PROBLEMS
    assert "_servers/mallory.json cannot be read" in result.stderr
    assert world.messages("stop") == []


@pytest.mark.parametrize("entry", [{"bucket": ["x"]}, {"bucket": {"a": 1}}, {"version": 5, "steps": 5}])
def test_an_odd_entry_of_the_list(world: StudyWorld, run: Run, tmp_path: Path, entry: dict[str, Any]) -> None:
    """Given an entry with values of other types, no command shows a stack trace."""
    world.write_list([None, 5, {"id": PROJECT, **entry}])

    results = [
        run("status", PROJECT),
        run("export", PROJECT, "--out", tmp_path / "o"),
        run("servers", PROJECT),
    ]

    assert [result for result in results if "Traceback" in result.output or result.exit_code > 3] == []


@pytest.mark.parametrize("content", [[1], b"[" * 100_000, {"admitted": 5, "refused": 5, "running": [1]}])
def test_withdrawal_from_odd_lists(
    world: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any
) -> None:
    """Given lists of admissions and groups of another shape, the command says so or leaves them alone."""
    monkeypatch.chdir(tmp_path)
    put(world, f"{PROJECT}/_admission.json", content)
    put(world, f"{PROJECT}/_groups.json", content)

    result = run("withdraw", USER, PROJECT, "--yes")

    assert result.exit_code in (0, 1), result.output
    assert "Traceback" not in result.output
