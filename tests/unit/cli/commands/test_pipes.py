"""A reader who has seen enough, as in `hippo check | head`, is no failure."""

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
def nobody() -> Iterator[int]:
    """A pipe that nobody reads from any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("words", [["check"], ["check", "--json"], ["schema"]])
def test_the_tool(study: SmallStudy, nobody: int, words: list[str]) -> None:
    """Given a reader who has gone, then the command ends with 0 and no word, in text and JSON."""
    ended = subprocess.run(
        [HIPPO, *words], cwd=study.directory, stdout=nobody, stderr=subprocess.PIPE, text=True
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("words", "name"), [(["answers"], "show_answers"), (["fault"], "run_fault_command")])
def test_the_local_platform(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], name: str
) -> None:
    """Given a reader who has gone, then the same for what shows something of a platform that is up."""

    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(platform, name, fail)

    assert platform.main(words) == 0
    assert capsys.readouterr().err == ""
