"""ECS: a container as a process group of this machine, with its output in a file and in CloudWatch Logs."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from hippo_local.emulator.environment import ISOLATION, KEPT
from hippo_local.emulator.guardian import Guardian
from hippo_local.emulator.images import LocalImage

_SHIM = Path(__file__).parent / "shim"


class TaskProcess:
    """A running container. Everything that it starts belongs to its process group and ends with it."""

    def __init__(
        self,
        image: LocalImage,
        arguments: list[str],
        environment: Mapping[str, str],
        address: str,
        guardian: Guardian,
    ) -> None:
        """Start the container. Raises OSError if the command cannot run."""
        self._guardian = guardian
        self._process = subprocess.Popen(
            [*image.command, *arguments],
            cwd=image.directory,
            env=_process_environment(environment, address),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        guardian.watch(-self._process.pid)

    @property
    def exit_code(self) -> int | None:
        """The exit code, 128 + n after signal n as Docker reports it, or None while the container runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def follow_output(self, log_file: Path | None, emit: Callable[[str], None] | None) -> None:
        """Append the output to `log_file` and pass it line by line to `emit`, in a thread."""
        assert self._process.stdout is not None
        threading.Thread(
            target=_copy_lines, args=(self._process.stdout, log_file, emit), daemon=True, name="task-output"
        ).start()

    def terminate(self) -> None:
        """Send SIGTERM to the whole group."""
        self._signal(signal.SIGTERM)

    def crash(self) -> None:
        """Send SIGKILL to the whole group, as if it had run out of memory."""
        self._signal(signal.SIGKILL)

    def kill(self) -> int:
        """Send SIGKILL to what is left of the group; return the exit code."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._guardian.forget(-self._process.pid)
        return self.exit_code or 0

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _process_environment(environment: Mapping[str, str], address: str) -> dict[str, str]:
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = os.pathsep.join(filter(None, (str(_SHIM), environment.get("PYTHONPATH", ""))))
    return {
        **own,
        **ISOLATION,
        "PYTHONUNBUFFERED": "1",
        **environment,
        "PYTHONPATH": path,
        "LOCAL_TASK_ADDRESS": address,
    }


def _copy_lines(output: IO[bytes], log_file: Path | None, emit: Callable[[str], None] | None) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(output)
        target = None
        if log_file is not None:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            target = stack.enter_context(log_file.open("ab"))
        for line in output:
            if target is not None:
                target.write(line)
                target.flush()
            if emit is not None:
                emit(line.decode("utf-8", "replace").rstrip("\n"))
