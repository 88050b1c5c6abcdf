"""A platform started the way users start it, and the processes that belong to it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from hippo_local.emulator.settings import PLATFORM_ID
from tests.support.paths import ROOT

REPOSITORY = ROOT
_START_SECONDS = 120
_STOP_SECONDS = 30
# The state of a listening socket in /proc/net/tcp.
_LISTEN = "0A"


class RunningPlatform:
    """`python -m hippo_local` on free ports, with a directory of its own.

    `outputs` is the content of outputs.json once wait_until_up() has returned. Edits are not followed unless
    requested, because the repository may be edited while tests run.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        repository: Path = REPOSITORY,
        follow_edits: bool = False,
    ) -> None:
        options = options if follow_edits else ("--no-follow", *options)
        self.directory = directory
        self.outputs: dict[str, Any] = {}
        self._terminal = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the object goes
        ports = ["--port", "0", "--web-port", "0", "--game-port", "0"]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "hippo_local",
                "--no-open",
                *ports,
                "--directory",
                str(directory),
                *options,
            ],
            cwd=repository,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id of the runner itself."""
        return self._process.pid

    def wait_until_up(self) -> dict[str, Any]:
        """Return the outputs as soon as they are written; fail with what the platform has printed."""
        path = self.directory / "outputs.json"
        deadline = time.monotonic() + _START_SECONDS
        while not path.exists():
            assert self._process.poll() is None, f"the platform ended:\n{self.read_terminal()}"
            assert time.monotonic() < deadline, f"the platform is not up:\n{self.read_terminal()}"
            time.sleep(0.1)
        self.outputs = json.loads(path.read_text())
        return self.outputs

    def wait_until_ended(self) -> int:
        """Wait until the runner exits; return its exit code."""
        return self._process.wait(_START_SECONDS)

    def read_terminal(self) -> str:
        """Return all that the platform has printed."""
        self._terminal.seek(0)
        return self._terminal.read()

    def send(self, number: int) -> None:
        """Send a signal to the runner, as Ctrl-C (SIGINT) or a supervisor (SIGTERM) does."""
        self._process.send_signal(number)

    def stop(self) -> int:
        """Stop the platform as Ctrl-C does, with SIGKILL if it does not end; return its exit code."""
        if self._process.poll() is None:
            self.send(signal.SIGINT)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def list_processes(self) -> dict[int, str]:
        """Return the runner, its descendants and all that name its directory: commands by process id."""
        table = _list_all_processes()
        family = {self.pid}
        # A parent may have any id, so repeat until nothing is added.
        while more := {pid for pid, (parent, _) in table.items() if parent in family} - family:
            family |= more
        return {
            pid: command
            for pid, (_, command) in table.items()
            if pid in family or str(self.directory) in command
        }

    def list_listeners(self) -> set[tuple[str, int]]:
        """Return address and port of every TCP socket that the platform's processes listen on (Linux)."""
        sockets = {target for pid in self.list_processes() for target in _list_open_files(pid)}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        rows6 = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
        return {
            _parse_address(row[1])
            for row in rows + rows6
            if row[3] == _LISTEN and f"socket:[{row[9]}]" in sockets
        }

    def make_client(self, service: str) -> Any:
        """Return a boto3 client for the running platform."""
        credentials = self.outputs["credentials"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the name is not known to the type checker
            endpoint_url=self.outputs["endpointUrl"],
            region_name=self.outputs["region"],
            aws_access_key_id=credentials["accessKeyId"],
            aws_secret_access_key=credentials["secretAccessKey"],
            # Marked as the platform's own calls. Injected faults are for participants, not for observers.
            config=Config(proxies={}, user_agent_extra=f"app/{PLATFORM_ID}"),
        )


def wait_until_gone(processes: dict[int, str], seconds: float = 20) -> dict[int, str]:
    """Wait until none of `processes` runs; return those that still do after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        table = _list_all_processes()
        left = {pid: command for pid, command in processes.items() if table.get(pid, (0, ""))[1] == command}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _list_all_processes() -> dict[int, tuple[int, str]]:
    """Return parent and command of every process that is not a zombie."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
    return {
        int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")
    }


def _list_open_files(pid: int) -> list[str]:
    files = []
    # A process may end, and a file be closed, while they are listed.
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                files.append(str(descriptor.readlink()))
    return files


def _parse_address(text: str) -> tuple[str, int]:
    """Parse ADDRESS:PORT as /proc/net/tcp has it: hexadecimal, IPv4 in the machine's byte order."""
    address, port = text.split(":")
    if len(address) > len("7F000001"):
        return f"IPv6 {address}", int(port, 16)
    return socket.inet_ntoa(int(address, 16).to_bytes(4, sys.byteorder)), int(port, 16)
