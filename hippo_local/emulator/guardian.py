"""A small process that ends what an emulator started if the emulator was killed and cannot do it itself.

It reads `+pid` and `-pid` lines from the emulator. A pipe closes with the process that holds it, even after
SIGKILL. The guardian then kills everything still on its list and removes the emulator's temporary files. A
process group is named by the negative of its id, as in kill(2). The guardian runs from this file, on the
standard library alone.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import IO


class Guardian:
    """The emulator's side, which names the processes that must not outlive it."""

    def __init__(self, temporary_files: str) -> None:
        self._lock = threading.Lock()
        command = [sys.executable, "-I", "-S", __file__, temporary_files]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, text=True)

    def watch(self, target: int) -> None:
        """Kill `target` (a process id, or a negative group id) if the emulator ends without `forget`."""
        self._write(f"+{target}\n")

    def forget(self, target: int) -> None:
        """Take `target`, which has ended, off the list: its id may soon belong to another process."""
        self._write(f"-{target}\n")

    def close(self) -> None:
        """Let the guardian kill what is left on its list, remove the temporary files, and exit."""
        with contextlib.suppress(OSError):
            self._pipe.close()
        self._process.wait(timeout=10)

    @property
    def _pipe(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _write(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._pipe.write(line)
            self._pipe.flush()


def guard(lines: IO[str], temporary_files: str) -> None:
    """Follow the list until the pipe closes, then kill what is on it and clean up: the guardian's side."""
    targets: set[int] = set()
    for line in lines:
        target = int(line[1:])
        targets.add(target) if line.startswith("+") else targets.discard(target)
    for target in targets:
        with contextlib.suppress(OSError):
            os.kill(target, signal.SIGKILL)
    shutil.rmtree(temporary_files, ignore_errors=True)


if __name__ == "__main__":
    guard(sys.stdin, sys.argv[1])
