"""Tests of the reasons that bots report if a game did not start."""

import os
from pathlib import Path
from typing import Any

import pytest

from hippo_local.bots.reasons import find_reason

USER = "11111111-2222-8333-9444-555555555555"


@pytest.fixture
def outputs(tmp_path: Path) -> dict[str, Any]:
    """Provide the outputs of a platform with its logs."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "emulator.log").write_text("")
    return {"logs": {"tasks": str(tmp_path / "tasks"), "emulator": str(tmp_path / "emulator.log")}}


def write_log(outputs: dict[str, Any], attempt: int, text: str, user: str = USER) -> Path:
    """Write the log of one attempt's game server; later attempts are newer."""
    path = Path(outputs["logs"]["tasks"]) / f"hippo-{attempt}-{user}-0a1b2c3d-small.log"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (attempt, attempt))
    return path


def test_the_last_lines_of_the_newest_server(outputs: dict[str, Any]) -> None:
    """Given logs of two attempts and of others, the reason is the end of the newest one's log."""
    write_log(outputs, 1, "first\n")
    path = write_log(outputs, 2, "a\nb\nc\nSettingsError: actionSpace: empty.\n\n")
    write_log(outputs, 3, "other\n", user="0" * 36)

    reason = find_reason(outputs, USER)

    assert reason == f"The game server wrote last: b / c / SettingsError: actionSpace: empty. (in {path})"


def test_a_command_that_could_not_run(outputs: dict[str, Any]) -> None:
    """Given no log of a server, the reason is the emulator's."""
    log = Path(outputs["logs"]["emulator"])
    log.write_text(
        f"WARNING task arn:aws:ecs:x:1:task/hippo-1-{USER}/0a cannot start: "
        "CannotStartContainerError: ./run.sh: [Errno 2] No such file\n"
    )

    reason = find_reason(outputs, USER)

    assert "could not be started: CannotStartContainerError: ./run.sh: [Errno 2] No such file" in reason


@pytest.mark.parametrize("logs", [{}, {"logs": {}}, {"logs": {"tasks": "/none", "emulator": "/none"}}])
def test_nothing_is_known(logs: dict[str, Any]) -> None:
    """Given no logs, the reason is empty."""
    assert find_reason(logs, USER) == ""
