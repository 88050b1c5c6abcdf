"""Output to the user's terminal; no other module writes to it."""

import io
import logging
import sys
import time
import warnings
from collections.abc import Sequence


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


def silence_libraries(arguments: Sequence[str]) -> None:
    """Keep log lines and warnings of libraries off standard error, except with --debug.

    Python prints them there by default. Each error that the user must know about has a message of its own.
    """
    if "--debug" in arguments:
        return
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:  # of -W or PYTHONWARNINGS
        warnings.simplefilter("ignore")


def report_error(text: str) -> None:
    """Write an error message to standard error."""
    sys.stderr.write(f"\n{text}\n")
    sys.stderr.flush()
