"""The one place that writes to the user's terminal."""

import io
import sys
import time


class Console:
    """Progress lines with the seconds since the start; plain text, so that they read well in a log."""

    def __init__(self, *, uses_stderr: bool = False) -> None:
        self._stream = sys.stderr if uses_stderr else sys.stdout
        self._began = time.monotonic()

    def report(self, text: str) -> None:
        """Writes one progress line."""
        self._write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")

    def show(self, text: str) -> None:
        """Writes text as it is, on lines of its own."""
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def take_any_characters() -> None:
    """Lets a terminal or pipe that is not UTF-8 show what it can; it must not end a command.

    Standard error does so by itself: Python writes escapes there.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def report_error(text: str) -> None:
    """Writes what went wrong to standard error."""
    sys.stderr.write(f"\n{text}\n")
    sys.stderr.flush()
