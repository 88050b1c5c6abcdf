"""Output to the user's terminal; no other module writes to it."""

import io
import sys
import time


class Console:
    """A terminal for progress lines with the seconds since the start, in plain text that suits a log."""

    def __init__(self, *, uses_stderr: bool = False) -> None:
        self._stream = sys.stderr if uses_stderr else sys.stdout
        self._began = time.monotonic()

    def report(self, text: str) -> None:
        """Write one progress line."""
        self._write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")

    def show(self, text: str) -> None:
        """Write text as it is, on lines of its own."""
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def take_any_characters() -> None:
    """Replace characters that standard output cannot encode, so that they do not end a command.

    Standard error needs nothing: Python writes escapes there.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def report_error(text: str) -> None:
    """Write an error message to standard error."""
    sys.stderr.write(f"\n{text}\n")
    sys.stderr.flush()
