"""The emulator as a child process of the platform."""

import contextlib
import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hippo_local.errors import LocalPlatformError, describe_log
from hippo_local.keys import AccessKeys, make_key_variables
from hippo_local.paths import find_lambda_python
from hippo_local.ports import LOOPBACK
from hippo_local.processes import ChildProcess, make_environment
from hippo_local.publish import GAME_SERVER_PORT

_START_SECONDS = 60
# The emulator first lets the game servers save what they have.
_STOP_SECONDS = 10
_POLL_SECONDS = 0.05
# The variable that names a file for IAM's decisions (docs/reference/permissions.md).
PERMISSION_RECORD = "HIPPO_PERMISSION_RECORD"


@dataclass(frozen=True)
class EmulatorFiles:
    """The files that the emulator reads and writes, all below the platform's directory."""

    directory: Path

    @property
    def images(self) -> Path:
        """The table of commands that run in place of container images."""
        return self.directory / "images.json"

    @property
    def faults(self) -> Path:
        """The control file of faults on demand, which a person or a test writes; it need not exist."""
        return self.directory / "faults.json"

    @property
    def log(self) -> Path:
        """The log of the emulator and the Lambda functions."""
        return self.directory / "logs" / "emulator.log"

    @property
    def task_logs(self) -> Path:
        """The directory for the output of each game server."""
        return self.directory / "logs" / "tasks"

    @property
    def data(self) -> Path:
        """The directory of the S3 objects as files, which stay when the platform stops."""
        return self.directory / "data"


@contextlib.contextmanager
def run_emulator(
    repository: Path,
    files: EmulatorFiles,
    port: int,
    keys: AccessKeys,
    images: dict[str, list[str]],
    study_directory: Path,
) -> Iterator[ChildProcess]:
    """Run the emulator until the end of the block, which begins when the emulator responds.

    `keys` are the administrator's.
    `images` maps image names to the commands that run in place of them, in `study_directory`.
    """
    python = find_lambda_python(repository)
    if not python.exists():
        raise LocalPlatformError(f"Cannot find the functions' interpreter at {python}. Run `make setup`.")
    files.task_logs.mkdir(parents=True, exist_ok=True)
    files.data.mkdir(exist_ok=True)
    files.log.write_bytes(b"")
    write_images(files, images, study_directory)
    command = [
        sys.executable,
        "-m",
        "hippo_local.emulator",
        "--port",
        str(port),
        "--images",
        str(files.images),
    ]
    command += ["--lambda-python", str(python), "--task-port", str(GAME_SERVER_PORT)]
    command += ["--faults", str(files.faults)]
    if record := os.environ.get(PERMISSION_RECORD):
        command += ["--permissions", record]
    command += ["--task-logs", str(files.task_logs), "--data", str(files.data), "--log", str(files.log)]
    variables = {"PYTHONPATH": str(Path(__file__).parents[1]), **make_key_variables(keys)}
    environment = make_environment(files.directory / "home", variables)
    with ChildProcess(
        command, environment=environment, directory=repository, log=files.log, grace=_STOP_SECONDS
    ) as child:
        _wait_until_ready(child, port, files.log)
        yield child


def write_images(files: EmulatorFiles, images: dict[str, list[str]], study_directory: Path) -> None:
    """Write the table of commands in one step; the emulator reads it again for every task."""
    table = {name: {"command": command, "cwd": str(study_directory)} for name, command in images.items()}
    draft = files.images.with_suffix(".tmp")
    draft.write_text(json.dumps(table, indent=2), encoding="utf-8")
    os.replace(draft, files.images)


def _wait_until_ready(child: ChildProcess, port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(port):
        code = child.poll()
        if code is not None:
            raise LocalPlatformError(
                f"The emulator exited while it started (exit code {code}).\n{describe_log(log)}"
            )
        if time.monotonic() > deadline:
            raise LocalPlatformError(
                f"The emulator did not respond within {_START_SECONDS} s.\n{describe_log(log)}"
            )
        time.sleep(_POLL_SECONDS)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
