"""Tests of `python -m hippo_local fault …`, which writes the control file of faults."""

import json
from pathlib import Path

import pytest

from hippo_local.__main__ import main
from hippo_local.errors import LocalPlatformError
from hippo_local.fault_command import parse_fault


def test_faults_are_added_listed_and_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given two added faults, the file has both in order, and `clear` removes them."""
    fault = ["fault", "--directory", str(tmp_path)]
    main([*fault, "slow-start", "20", "match=alice", "times=1"])
    main([*fault, "throttle", "action=ecs", "rate=0.5"])
    entries = json.loads((tmp_path / "faults.json").read_text())
    capsys.readouterr()

    assert entries == [
        {"kind": "slow-start", "seconds": 20, "match": "alice", "times": 1},
        {"kind": "throttle", "action": "ecs", "rate": 0.5},
    ]
    assert main(fault) == 0
    assert capsys.readouterr().out.splitlines() == [
        "slow-start seconds=20 match=alice times=1",
        "throttle action=ecs rate=0.5",
    ]
    main([*fault, "clear"])
    assert capsys.readouterr().out == "no faults\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["slow"], "Unknown fault slow. Use list, clear, or one of slow-start"),
        (["slow-start"], "slow-start needs `seconds`"),
        (["slow-start", "soon"], "seconds must be a number, not 'soon'"),
        (["slow-start", "1", "mach=alice"], "`mach` is not a key of slow-start"),
        (["task-crash", "nan"], "`seconds`"),
    ],
)
def test_invalid_arguments_are_rejected(arguments: list[str], problem: str) -> None:
    """Given arguments that do not describe a fault, the message names what is wrong."""
    with pytest.raises(LocalPlatformError) as caught:
        parse_fault(arguments)

    assert problem in str(caught.value)


def test_a_broken_file_is_not_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a control file that is not JSON, nothing is added to it, and `clear` removes it."""
    path = tmp_path / "faults.json"
    path.write_text("[{]")
    fault = ["fault", "--directory", str(tmp_path)]

    assert main([*fault, "slow-start", "20"]) == 1
    assert path.read_text() == "[{]"
    assert "fault clear" in capsys.readouterr().err
    assert main([*fault, "clear"]) == 0
    assert not path.exists()
