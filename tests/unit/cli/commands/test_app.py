"""The command line as a whole: exit codes, JSON, global options, and no stack traces."""

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


def test_good_study_ends_with_0(study: SmallStudy, run: Run) -> None:
    """Given a study in which nothing is wrong, then 0, the verdict and the cost."""
    result = run("check", study.directory)

    assert result.exit_code == 0
    assert "small: 0 errors, 0 warnings: it can be published" in result.stdout
    assert "at most 0.027 USD" in result.stdout


def test_warnings_count_when_asked(study: SmallStudy, run: Run) -> None:
    """Given a warning, then 0, and 1 with --strict; given an error, 1; the place stands first."""
    study.page("<p>\n<input>")
    assert run("check", study.directory).exit_code == 0
    assert run("check", study.directory, "--strict").exit_code == 1

    study.edit("  maxRuntime: 30\n", "")
    result = run("check", study.directory)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == ["config.yml:1: error", "  project.maxRuntime: missing"]
    assert "StepFiles/consent.html:2: warning" in result.stdout
    assert "it cannot be published" in result.stdout


def test_json(study: SmallStudy, run: Run) -> None:
    """Given --json, then one document with all that the text says, and the same exit code."""
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
    "words",
    [["check", "--nope"], ["nope"], ["check", "/none/such"], ["new"], ["local", "--port", "x"], ["--stack"]],
)
def test_wrong_use_ends_with_2(run: Run, words: list[str]) -> None:
    """Given an unknown command or option, a value of another kind or no such folder, then 2 and a message."""
    result = run(*words)

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
def test_errors_end_with_a_message(
    study: SmallStudy, run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
) -> None:
    """Given something that fails within a command, then its exit code and a message; a trace with --debug."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(check_module, "check_study", fail)
    plain, debug = run("check", study.directory), run("check", study.directory, "--debug")

    assert (plain.exit_code, debug.exit_code) == (code, code)
    assert text in plain.stderr
    assert "Traceback" not in plain.output
    assert "Traceback" in debug.stderr


def test_markup_in_names_stays_text(study: SmallStudy, run: Run) -> None:
    """Given brackets that a terminal library would read as markup, then they are shown as they are."""
    study.page("<input id='[bold]x[/red]'>")

    result = run("check", study.directory)

    assert result.exit_code == 0
    assert "[bold]x[/red]" in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "x", "--region", "r"], ["--region", "r", "check", "x"]),
        (["check", "--stack=s", "--debug"], ["--stack=s", "--debug", "check"]),
        (["check", "--", "--debug"], ["check", "--", "--debug"]),
        (["check", "--region"], ["--region", "check"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(words: list[str], expected: list[str]) -> None:
    """Given global options after the command, then they are moved to where the library reads them."""
    assert module.hoist_flags(words) == expected


def test_version_and_help(run: Run) -> None:
    """Given --version or --help, then they answer without a study; every command has a line of help."""
    assert run("--version").stdout.strip() == module.read_version()
    text = run("--help").stdout
    assert all(name in text for name in ("new", "check", "local", "stack", "schema", "HIPPO_STACK"))


@pytest.mark.parametrize("begin", [entry.main, entry.update_project])
def test_interrupted_while_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], begin: Callable[[], None]
) -> None:
    """Given Ctrl-C before the program is there, then one word and 130."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", interrupt)

    with pytest.raises(SystemExit) as caught:
        begin()

    assert (caught.value.code, capsys.readouterr().err) == (130, "interrupted\n")


def test_main_takes_the_process_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Given the arguments of the process, then main ends it with the command's exit code."""
    monkeypatch.setattr("sys.argv", ["hippo", "check", str(tmp_path)])

    with pytest.raises(SystemExit) as caught:
        module.main()

    assert caught.value.code == 1
