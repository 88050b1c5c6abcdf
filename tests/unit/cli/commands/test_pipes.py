"""Tests of a closed pipe, as in `hippo check | head`, which is not a failure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hippo_local import __main__ as platform
from tests.unit.cli.conftest import SmallStudy

HIPPO = Path(sys.executable).with_name("hippo")


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """Provide a pipe whose reader is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("arguments", [["check"], ["check", "--json"], ["schema"]])
def test_the_tool(study: SmallStudy, closed_pipe: int, arguments: list[str]) -> None:
    """Given a closed pipe, the command exits with 0 and no message, for text and JSON."""
    ended = subprocess.run(
        [HIPPO, *arguments], cwd=study.directory, stdout=closed_pipe, stderr=subprocess.PIPE, text=True
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "name"), [(["answers"], "show_answers"), (["fault"], "run_fault_command")]
)
def test_the_local_platform(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    name: str,
) -> None:
    """Given a closed pipe, the commands about a running platform also exit with 0 and no message."""

    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(platform, name, fail)

    assert platform.main(arguments) == 0
    assert capsys.readouterr().err == ""
