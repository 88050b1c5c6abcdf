"""Processes that tests start, follow and end, including the emulator."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

# A server that prints its address and its input, responds to every connection, and exits on SIGTERM.
SERVER = """
import json, os, socket, sys, threading
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", 5000))
listener.listen()
print("listening on", listener.getsockname()[0], flush=True)
while True:
    connection, _ = listener.accept()
    about = {"env": dict(os.environ), "pid": os.getpid(), "arguments": sys.argv[1:]}
    connection.sendall(json.dumps(about).encode())
    connection.close()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


def wait_for(probe: Callable[[], Any], seconds: float = 10.0, every: float = 0.05) -> Any:
    """Return the first truthy result of `probe`; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = probe()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {probe}")


def free_port() -> int:
    """Return a port of 127.0.0.1 without a listener at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_started_by(pid: int) -> set[int]:
    """Return the ids of all running descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found: set[int] = set()
    border = {pid}
    while border:
        border = {child for child, parent in parents.items() if parent in border}
        found |= border
    return found


def is_running(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def run_inside(script: str) -> str:
    """Return the output of `script` in a Python process that may load MiniStack, separate from the tests."""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()
