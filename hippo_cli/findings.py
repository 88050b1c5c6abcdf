"""What a check has found, and the order and form in which it is told."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error keeps a study from being published, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `file` is relative to the study; `line` counts from 1, 0 is the whole file.

    `code` names the kind, for programs; `key` is the config's key or the page's element.
    """

    severity: Severity
    code: str
    file: str
    line: int
    key: str
    what: str
    fix: str

    def format_location(self) -> str:
        """`config.yml:12`, as editors and terminals make links of."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "severity": self.severity.value}


def error(code: str, file: str, line: int, key: str, what: str, fix: str) -> Finding:
    """A finding that keeps the study from being published."""
    return Finding(Severity.ERROR, code, file, line, key, what, fix)


def warning(code: str, file: str, line: int, key: str, what: str, fix: str) -> Finding:
    """A finding that does not."""
    return Finding(Severity.WARNING, code, file, line, key, what, fix)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """By file (the config first) and line, each once."""
    return sorted(
        dict.fromkeys(findings), key=lambda found: (found.file != "config.yml", found.file, found.line)
    )


def count_errors(findings: Iterable[Finding]) -> int:
    """How many keep the study from being published."""
    return sum(found.severity is Severity.ERROR for found in findings)
