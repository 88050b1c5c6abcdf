"""A guard that runs a command as a process group, which ends with the guard's parent even after kill -9.

It runs as a script, by file name and on the standard library alone: `guard.py GRACE COMMAND...`. The guard's
standard input is a pipe held by its parent. When that closes, or on SIGTERM, the group gets SIGTERM and,
GRACE seconds later, SIGKILL. The command's own standard input is a pipe that closes with the guard.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType

_PR_SET_CHILD_SUBREAPER = 36  # from linux/prctl.h


def run_guarded(grace: float, command: list[str]) -> int:
    """Run `command` until it or the parent ends; return its exit code (128 + n after signal n)."""
    _adopt_orphans()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    ending = threading.Event()

    def end_group(*_: int | FrameType | None) -> None:
        if not ending.is_set():
            ending.set()
            _signal_group(child.pid, signal.SIGTERM)
            threading.Timer(grace, _signal_group, (child.pid, signal.SIGKILL)).start()

    signal.signal(signal.SIGTERM, end_group)
    threading.Thread(target=_watch_parent, args=(end_group,), daemon=True).start()
    code = child.wait()
    _signal_group(child.pid, signal.SIGKILL)
    _end_orphans()
    return code if code >= 0 else 128 - code


def _watch_parent(end_group: Callable[[], None]) -> None:
    while os.read(0, 1024):
        pass
    end_group()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _adopt_orphans() -> None:
    """Adopt, on Linux, descendants that left the group (a new session) when their parent exits."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans() -> None:
    """Kill and reap descendants of this process until none is left."""
    while True:
        for pid in _list_children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _list_children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listing:
            return [int(pid) for pid in listing.read().split()]
    except OSError:
        return []


if __name__ == "__main__":
    exit_code = run_guarded(float(sys.argv[1]), sys.argv[2:])
    # Exit at once: a timer that waits to send SIGKILL has nothing left to do.
    os._exit(exit_code)
