"""Errors that the local platform reports to its user instead of a stack trace."""

from pathlib import Path

_TAIL_LINES = 12


class LocalPlatformError(Exception):
    """A failure that the user can act on: the text says what is wrong, where, and what to do."""


def describe_log(path: Path) -> str:
    """Return the last lines of the log at `path`, indented, under a line that names the file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError:
        lines = []
    return "\n".join(
        [f"The last lines of the log, {path}:", *(f"    {line}" for line in lines or ["(empty)"])]
    )
