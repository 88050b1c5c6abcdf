"""Child processes of the platform: process groups that never outlive it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

_GUARD = Path(__file__).with_name("guard.py")
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
# How long the guard may take beyond its grace period before it is killed.
_GUARD_MARGIN = 3.0


class ChildProcess:
    """A command that runs under the guard: it ends with this object, at stop(), or with this process."""

    def __init__(
        self,
        command: Iterable[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        grace: float = 10,
    ) -> None:
        """Start `command` in `directory`; its output is appended to `log`.

        `grace` is how many seconds stop() leaves the process group between SIGTERM and SIGKILL.
        """
        self._grace = grace
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARD), str(grace), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=dict(environment),
                start_new_session=True,
            )

    def __enter__(self) -> "ChildProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def poll(self) -> int | None:
        """Return the exit code, or None while the command runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the command ends. Raises subprocess.TimeoutExpired after `timeout` s."""
        return self._process.wait(timeout)

    def stop(self) -> None:
        """End the whole process group and wait until it is gone."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(self._grace + _GUARD_MARGIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def make_environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the user's settings (AWS, proxies, PYTHON*), with `home` as HOME."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }
