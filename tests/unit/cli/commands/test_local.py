"""Tests of `hippo local`, which checks the study and runs the local platform with it."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

import hippo_local.__main__ as platform
from hippo_local.command_line import make_parser
from tests.unit.cli.conftest import SmallStudy

Run = Callable[..., Any]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the platform's command lines; it exits at once, as after Ctrl-C."""
    calls: list[list[str]] = []

    def main(arguments: list[str]) -> int:
        calls.append(arguments)
        return 0

    monkeypatch.setattr(platform, "main", main)
    return calls


def test_options_are_the_platforms(study: SmallStudy, run: Run, started: list[list[str]]) -> None:
    """Given every option, the platform gets and accepts them as its own."""
    options = ["--port", 0, "--web-port", 8001, "--game-port", 0, "--max-runtime", 5, "--max-servers", 2]
    result = run("local", study.directory, *options, "--no-open", "--no-follow", "--directory", "d")

    assert result.exit_code == 0
    parsed = make_parser(None).parse_args(started[0])
    assert parsed.study == study.directory
    assert (parsed.port, parsed.web_port, parsed.game_port) == (0, 8001, 0)
    assert (parsed.max_runtime, parsed.max_servers) == (5, 2)
    assert (parsed.open, parsed.follow_edits, str(parsed.directory)) == (False, False, "d")


def test_defaults_are_the_platforms(study: SmallStudy, run: Run, started: list[list[str]]) -> None:
    """Given only the folder, the platform gets only the study."""
    assert run("local", study.directory).exit_code == 0
    assert started == [["--study", str(study.directory)]]


def test_a_study_with_errors_is_not_run(study: SmallStudy, run: Run, started: list[list[str]]) -> None:
    """Given an error, the command exits with 1 and shows it; with a warning, the study runs."""
    study.page("<input>")
    assert run("local", study.directory).exit_code == 0
    study.edit("  maxRuntime: 30\n", "")
    result = run("local", study.directory)

    assert result.exit_code == 1
    assert "project.maxRuntime: missing" in result.stdout
    assert len(started) == 1


def test_failures_of_the_platform(study: SmallStudy, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a platform that cannot start, it exits with 4; after a signal, with the platform's code."""
    monkeypatch.setattr(platform, "main", lambda _: 1)
    assert run("local", study.directory).exit_code == 4
    monkeypatch.setattr(platform, "main", lambda _: 130)
    assert run("local", study.directory).exit_code == 130


def test_without_the_extra(study: SmallStudy, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an installation without the emulator, the command exits with 4 and says how to install it."""
    monkeypatch.setitem(sys.modules, "ministack", None)

    result = run("local", study.directory)

    assert result.exit_code == 4
    assert "[local]" in result.stderr
