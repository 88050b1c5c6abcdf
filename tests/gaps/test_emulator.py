"""Tests of the emulator as a process: the ports it opens, what it leaves behind, and how it fails."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gaps.emulators import Emulator
from tests.gaps.processes import ROOT, is_running, processes_started_by, run_inside, wait_for


def listeners_of(pids: set[int]) -> set[tuple[str, int]]:
    """Return (address, port) of every listening TCP socket that one of the processes holds."""
    held = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(entry) if entry.is_symlink() else ""
            if target.startswith("socket:["):
                held.add(target[8:-1])
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in held:
                packed, port = fields[1].split(":")
                words = [bytes.fromhex(packed[i : i + 8])[::-1] for i in range(0, len(packed), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def test_it_listens_on_one_loopback_port_and_nowhere_else(emulator: Emulator) -> None:
    """Given a running emulator, it listens on one loopback port, and neither on 0.0.0.0 nor on the ports for
    MQTT and SFTP.
    """
    assert listeners_of({emulator.process.pid}) == {("127.0.0.1", emulator.port)}


def test_a_port_in_use_is_reported_in_one_line(emulator: Emulator) -> None:
    """Given a port in use, the emulator exits with 1 and a line that names the port and what to do."""
    command = [sys.executable, "-m", "hippo_local.emulator", "--port", str(emulator.port)]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(emulator.port) in result.stderr
    assert "--port" in result.stderr


def start_work(emulator: Emulator) -> set[int]:
    """Start a task that ignores SIGTERM and a running function; return the emulator's processes."""
    source = "import time\ndef handler(event, context):\n    time.sleep(60)\n"
    function = emulator.make_function(source, Timeout=100)
    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition(image="stubborn"))
    emulator.wait_for_status(task, "RUNNING")
    # The guardian, the task and the worker.
    return set(wait_for(lambda: len(found := processes_started_by(emulator.process.pid)) >= 3 and found))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_tasks_and_workers_end_with_the_emulator(
    new_emulator: Callable[..., Emulator], number: signal.Signals
) -> None:
    """Given an emulator that is stopped, interrupted or killed, no task or worker is left."""
    running = new_emulator("--state-delay", "0.02")
    started = start_work(running)
    assert list(running.directory.glob("tmp/*/ministack-lambda-*"))

    left = running.stop(number)

    assert left == set()
    wait_for(lambda: not list(running.directory.glob("tmp/*")))
    assert not any(map(is_running, started))
    assert running.process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_objects_are_files_that_a_person_can_read(emulator: Emulator) -> None:
    """Given --data, an object is a file at account, bucket and key."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="answers", CreateBucketConfiguration={"LocationConstraint": "ca-central-1"})

    s3.put_object(Bucket="answers", Key="p/Users/u1", Body=b'{"nextStep": 2}')

    file = emulator.directory / "data" / "000000000000" / "answers" / "p" / "Users" / "u1"
    assert json.loads(file.read_text()) == {"nextStep": 2}


def test_a_name_that_ministack_lacks_is_an_error_that_names_it() -> None:
    """Given a MiniStack that lacks a name, the error has the module, the name and the version."""
    script = (
        "from hippo_local.emulator.ministack import EmulatorMismatchError, load, patch\n"
        "try:\n    patch(load('services.route53'), '_moved', None)\n"
        "except EmulatorMismatchError as error:\n    print(error)\n"
    )

    message = run_inside(script)

    assert "ministack.services.route53._moved" in message
    assert "MiniStack 1." in message
