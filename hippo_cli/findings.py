"""Findings of a check, and their order."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """The severity of a finding: an error prevents publishing, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `file` is relative to the study; `line` counts from 1, and 0 means the whole file.

    `code` names the kind, for programs. `key` is the config's key or the page's element.
    """

    severity: Severity
    code: str
    file: str
    line: int
    key: str
    what: str
    fix: str

    def format_location(self) -> str:
        """Return `config.yml:12`, which editors and terminals turn into a link."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {**asdict(self), "severity": self.severity.value}


def error(code: str, file: str, line: int, key: str, what: str, fix: str) -> Finding:
    """Return a finding that prevents publishing."""
    return Finding(Severity.ERROR, code, file, line, key, what, fix)


def warning(code: str, file: str, line: int, key: str, what: str, fix: str) -> Finding:
    """Return a finding that does not prevent publishing."""
    return Finding(Severity.WARNING, code, file, line, key, what, fix)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without duplicates, by file (the config first) and line."""
    return sorted(
        dict.fromkeys(findings), key=lambda found: (found.file != "config.yml", found.file, found.line)
    )


def format_count(number: int, noun: str) -> str:
    """Return `1 error` or `2 errors`."""
    return f"{number} {choose_form(number, noun)}"


def choose_form(number: float, singular: str, plural: str = "") -> str:
    """Return the singular or the plural, by default with an s at the end."""
    return singular if number == 1 else plural or f"{singular}s"


def count_errors(findings: Iterable[Finding]) -> int:
    """Return how many findings prevent publishing."""
    return sum(found.severity is Severity.ERROR for found in findings)
