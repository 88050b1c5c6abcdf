"""Tests of `hippo check` on values that mean nothing: each is reported with its line and what to do."""

import logging
import subprocess
import sys

import pytest

from hippo_cli.findings import Finding, Severity
from tests.unit.cli.conftest import SmallStudy

LINK = '    url: "https://app.prolific.com/submissions/complete?cc={code}"\n'


def add_option(study: SmallStudy, text: str) -> None:
    """Add lines to the project, from line 7 on."""
    study.edit("  css: style.css\n", f"  css: style.css\n{text}")


def find(study: SmallStudy, severity: Severity) -> list[Finding]:
    """Return the findings of a severity."""
    return [found for found in study.check() if found.severity is severity]


@pytest.mark.parametrize("code", ["#A1B2", '""', "# A1B2", ""])
def test_a_link_whose_code_is_empty(study: SmallStudy, code: str) -> None:
    """Given a code that YAML reads as a comment, or an empty one, the link to the recruiter is an error."""
    add_option(study, f"  completion:\n    code: {code}\n{LINK}")

    (found,) = find(study, Severity.ERROR)

    assert (found.line, found.key) == (8, "project.completion.code")
    assert "in quotes" in found.fix


def test_a_code_that_is_a_comment_is_quoted_in_the_advice(study: SmallStudy) -> None:
    """Given `code: #A1B2`, a warning says that YAML reads a comment, and shows the line to write."""
    add_option(study, f"  completion:\n    code: #A1B2\n{LINK}")

    (found,) = find(study, Severity.WARNING)

    assert (found.code, found.line) == ("yaml-trap", 8)
    assert '"#A1B2", in quotes' in found.fix


@pytest.mark.parametrize(
    ("text", "line", "what", "fix"),
    [
        ("  completion:\n    code: “C1AB2”\n", 8, "typographic", "straight quotes"),
        ("  completion:\n    code: XXXX\n", 8, "placeholder", "recruiter"),
        ("  completion:\n    url: https://a.org/?c=%SURVEY_CODE%\n", 8, "%SURVEY_CODE%", "{id} here"),
        ("  completion:\n    url: https://a.org/?c=XXXX\n", 8, "placeholder", "{code}"),
        ("  language: French\n", 7, "not the code of a language", 'Write "fr".'),
        ("  \u00a0language: fr\n", 7, "no-break space", "language again"),
        ("  completion:\n    \u200bcode: C1\n", 8, "zero width space", "code again"),
    ],
)
def test_values_that_mean_nothing(study: SmallStudy, text: str, line: int, what: str, fix: str) -> None:
    """Given such a value, there is one error, with its line and what to do."""
    add_option(study, text)

    (found,) = find(study, Severity.ERROR)

    assert found.line == line
    assert what in found.what
    assert fix in found.fix


def test_a_study_that_has_closed(study: SmallStudy) -> None:
    """Given a closing time in the past, there is one warning, with its line."""
    add_option(study, '  closesAt: "2020-12-01T12:00:00+01:00"\n')

    (found,) = study.check()

    assert (found.severity, found.line, found.key) == (Severity.WARNING, 7, "project.closesAt")
    assert "2020-12-01 11:00 UTC is in the past" in found.what


def test_an_unreadable_option_is_not_logged(study: SmallStudy, caplog: pytest.LogCaptureFixture) -> None:
    """Given an option that cannot be read, the check reports it once and logs nothing."""
    add_option(study, "  language: no\n")

    with caplog.at_level(logging.DEBUG, "hippo"):
        study.check()

    assert caplog.records == []


def test_standard_error_stays_empty(study: SmallStudy) -> None:
    """Given options that cannot be read, the command writes nothing to standard error."""
    add_option(study, "  language: no\n  groups: balanced\n")

    done = subprocess.run(
        [sys.executable, "-m", "hippo_cli", "check", str(study.directory)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "project.language" in done.stdout
    assert done.stderr == ""
