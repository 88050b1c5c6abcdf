"""Tests of the control file of faults: its format, and how often a fault strikes."""

import json
from pathlib import Path
from typing import Any

import pytest

from hippo_local.emulator.faults.control_file import KINDS, FaultFileError, FaultRegistry, parse_faults

GOOD: list[dict[str, Any]] = [
    {"kind": "slow-start", "seconds": 20, "match": "alice", "times": 1},
    {"kind": "slow-start", "seconds": 2.5, "state": "RUNNING"},
    {"kind": "task-crash", "seconds": 0},
    {"kind": "spot-interruption", "seconds": 5},
    {"kind": "no-capacity", "how": "stopped", "provider": "any"},
    {"kind": "hidden-task", "seconds": 3},
    {"kind": "throttle", "action": "ecs", "rate": 0.5},
    {"kind": "fail-before", "action": "ecs:RunTask", "answer": "500"},
    {"kind": "fail-after", "action": "s3:PutObject", "answer": "close"},
    {"kind": "update-in-progress", "seconds": 4},
    {"kind": "prior-request-not-complete"},
    {"kind": "lambda-death", "function": "start_server", "calls": 3, "when": "after"},
]


def write(path: Path, *entries: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(entries))
    draft.replace(path)


def test_every_kind_is_accepted() -> None:
    """Given an entry of each kind with its keys, all are read, and the list covers every kind."""
    faults = parse_faults(json.dumps(GOOD))

    assert [fault.kind for fault in faults] == [entry["kind"] for entry in GOOD]
    assert {fault.kind for fault in faults} == set(KINDS)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("slow", "must be an object with a `kind`"),
        ({"seconds": 3}, "`kind` cannot be null: use one of slow-start"),
        ({"kind": "slow-start"}, "slow-start needs `seconds`"),
        ({"kind": "slow-start", "seconds": "3"}, "`seconds` must be 0 or a positive number, not '3'"),
        ({"kind": "slow-start", "seconds": -1}, "`seconds` must be 0 or a positive number"),
        ({"kind": "slow-start", "seconds": True}, "`seconds` must be 0 or a positive number"),
        ({"kind": "slow-start", "seconds": 3, "state": "STOPPED"}, "`state` must be PENDING or RUNNING"),
        ({"kind": "task-crash", "seconds": 3, "times": 0}, "`times` must be a whole number of at least 1"),
        ({"kind": "task-crash", "seconds": 3, "user": "u"}, "`user` is not a key of task-crash"),
        ({"kind": "throttle", "action": "redshift"}, "`action` must be a service (cloudformation"),
        ({"kind": "throttle", "action": "ecs", "match": ""}, "`match` must be text"),
        ({"kind": "lambda-death", "function": "f"}, "needs either `calls` or `seconds`"),
        ({"kind": "lambda-death", "function": "f", "calls": 1, "seconds": 1}, "needs either"),
    ],
)
def test_a_problem_is_reported_with_its_entry(entry: Any, problem: str) -> None:
    """Given an invalid second entry, the message names the entry and the problem."""
    with pytest.raises(FaultFileError) as caught:
        parse_faults(json.dumps([GOOD[0], entry]))

    assert str(caught.value).startswith("entry 2: ")
    assert problem in str(caught.value)


def test_all_problems_are_reported_at_once() -> None:
    """Given two invalid entries, the message names both."""
    with pytest.raises(FaultFileError, match=r"entry 1: .*entry 2: "):
        parse_faults('[{"kind": "throttle"}, {"kind": "task-crash"}]')


def test_without_a_file_no_fault_is_active(tmp_path: Path) -> None:
    """Given no control file, or no path to one, no fault is active."""
    assert FaultRegistry(None).list_faults(*KINDS) == []
    assert FaultRegistry(tmp_path / "faults.json").list_faults(*KINDS) == []


def test_a_change_of_the_file_counts_at_once(tmp_path: Path) -> None:
    """Given a file that is written, changed and removed, every call sees its present content."""
    path = tmp_path / "faults.json"
    registry = FaultRegistry(path)
    seen = [len(registry.list_faults(*KINDS))]
    for entries in (GOOD, GOOD[:2]):
        write(path, *entries)
        seen.append(len(registry.list_faults(*KINDS)))
    path.unlink()

    assert [*seen, len(registry.list_faults(*KINDS))] == [0, len(GOOD), 2, 0]


def test_a_fault_strikes_as_often_as_it_may(tmp_path: Path) -> None:
    """Given `times`, a fault is used up after that many strikes, even if the file changes in between."""
    path = tmp_path / "faults.json"
    once = {"kind": "task-crash", "seconds": 1, "times": 1}
    write(path, once)
    registry = FaultRegistry(path)
    [fault] = registry.list_faults("task-crash")

    taken = [registry.take(fault, "a task"), registry.take(fault, "a task")]
    write(path, once, GOOD[0])

    assert taken == [True, False]
    assert registry.list_faults("task-crash") == []


def test_equal_entries_count_separately_and_start_again_when_added_again(tmp_path: Path) -> None:
    """Given two equal entries, each strikes once, and an entry that is removed and added again strikes
    again.
    """
    path = tmp_path / "faults.json"
    once = {"kind": "task-crash", "seconds": 1, "times": 1}
    write(path, once, once)
    registry = FaultRegistry(path)
    first, second = registry.list_faults("task-crash")
    registry.take(first, "a task")
    left = registry.list_faults("task-crash")
    write(path)
    registry.list_faults("task-crash")
    write(path, once)

    assert left == [second]
    assert len(registry.list_faults("task-crash")) == 1


def test_an_invalid_file_ends_all_faults_and_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a valid file that becomes invalid, no fault is active, and the log names the file and the
    problem once.
    """
    path = tmp_path / "faults.json"
    write(path, GOOD[0])
    registry = FaultRegistry(path)
    assert registry.list_faults("slow-start")

    path.write_text("[{]")
    acting = [registry.list_faults("slow-start") for _ in range(3)]

    assert acting == [[], [], []]
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert str(path) in record.getMessage()
    assert "not JSON" in record.getMessage()
