"""Tests of the command line as a whole: exit codes, JSON, global options, and no stack traces."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli import __main__ as entry
from hippo_cli import app as module
from hippo_cli.commands import check as check_module
from tests.unit.cli.conftest import SmallStudy

Run = Callable[..., Any]


def test_good_study_exits_with_0(study: SmallStudy, run: Run) -> None:
    """Given a study without problems, the command exits with 0 and shows verdict and cost."""
    result = run("check", study.directory)

    assert result.exit_code == 0
    assert "small can be published: 0 errors, 0 warnings" in result.stdout
    assert "at most 0.027 USD" in result.stdout


def test_warnings_count_when_asked(study: SmallStudy, run: Run) -> None:
    """Given a warning, only --strict exits with 1; an error always does, and its location comes first."""
    study.page("<p>\n<input>")
    assert run("check", study.directory).exit_code == 0
    strict = run("check", study.directory, "--strict")
    assert strict.exit_code == 1
    assert "small fails the strict check: 0 errors, 1 warning" in strict.stdout
    assert "can be published" not in strict.stdout

    study.edit("  maxRuntime: 30\n", "")
    result = run("check", study.directory)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == ["config.yml:1: error", "  project.maxRuntime: missing"]
    assert "StepFiles/consent.html:2: warning" in result.stdout
    assert "cannot be published" in result.stdout


def test_json(study: SmallStudy, run: Run) -> None:
    """Given --json, the output is one document with the same content, and the exit code is the same."""
    study.edit("  maxRuntime: 30\n", "  maxRuntime: 0\n")
    result = run("check", study.directory, "--json")
    answer = json.loads(result.stdout)

    assert result.exit_code == 1
    assert (answer["projectId"], answer["errors"], answer["warnings"], answer["cost"]) == (
        "small",
        1,
        0,
        None,
    )
    assert answer["findings"][0] | {"what": "", "fix": ""} == {
        "severity": "error",
        "code": "config",
        "file": "config.yml",
        "line": 15,
        "key": "project.maxRuntime",
        "what": "",
        "fix": "",
    }


@pytest.mark.parametrize(
    "arguments",
    [["check", "--nope"], ["nope"], ["check", "/none/such"], ["new"], ["local", "--port", "x"], ["--stack"]],
)
def test_wrong_use_exits_with_2(run: Run, arguments: list[str]) -> None:
    """Given an unknown command or option, a wrong value or no folder, it exits with 2 and a message."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 4, "/x/y: the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 4, "/x: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 0, ""),
        (ZeroDivisionError("x"), 70, "unexpected error: ZeroDivisionError: x"),
    ],
)
def test_errors_exit_with_a_message(
    study: SmallStudy, run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
) -> None:
    """Given an error in a command, it exits with its code and a message; --debug adds a stack trace."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(check_module, "check_study", fail)
    plain, debug = run("check", study.directory), run("check", study.directory, "--debug")

    assert (plain.exit_code, debug.exit_code) == (code, code)
    assert text in plain.stderr
    assert "Traceback" not in plain.output
    assert "Traceback" in debug.stderr


def test_markup_in_names_stays_text(study: SmallStudy, run: Run) -> None:
    """Given brackets that the terminal library would read as markup, they are shown unchanged."""
    study.page("<input id='[bold]x[/red]'>")

    result = run("check", study.directory)

    assert result.exit_code == 0
    assert "[bold]x[/red]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "x", "--region", "r"], ["--region", "r", "check", "x"]),
        (["check", "--stack=s", "--debug"], ["--stack=s", "--debug", "check"]),
        (["check", "--", "--debug"], ["check", "--", "--debug"]),
        (["check", "--region"], ["--region", "check"]),
        ([], []),
    ],
)
def test_global_options_are_accepted_anywhere(arguments: list[str], expected: list[str]) -> None:
    """Given global options after the command, they are moved to the front."""
    assert module.hoist_flags(arguments) == expected


def test_version_and_help(run: Run) -> None:
    """Given --version or --help, the command works without a study, and every command has a line of help."""
    assert run("--version").stdout.strip() == module.read_version()
    text = run("--help").stdout
    assert all(name in text for name in ("new", "check", "local", "stack", "schema", "HIPPO_STACK"))


@pytest.mark.parametrize("begin", [entry.main, entry.update_project])
def test_interrupted_while_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], begin: Callable[[], None]
) -> None:
    """Given Ctrl-C while the program is imported, it prints one line and exits with 130."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", interrupt)

    with pytest.raises(SystemExit) as caught:
        begin()

    assert (caught.value.code, capsys.readouterr().err) == (130, "interrupted\n")


def test_main_takes_the_process_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Given the arguments of the process, main exits with the command's exit code."""
    monkeypatch.setattr("sys.argv", ["hippo", "check", str(tmp_path)])

    with pytest.raises(SystemExit) as caught:
        module.main()

    assert caught.value.code == 1
