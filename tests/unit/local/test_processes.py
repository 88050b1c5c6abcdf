"""Tests that a child process ends with its whole tree, at stop() or when its parent is killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hippo_local.processes import ChildProcess, make_environment
from tests.support.paths import ROOT

# Starts a grandchild, writes both ids to the file "pids", and waits.
_FAMILY = """
import os, signal, subprocess, sys, time
{prelude}
grandchild = subprocess.Popen(["sleep", "600"], start_new_session={new_session})
with open("draft", "w") as pids:
    pids.write(f"{{os.getpid()}} {{grandchild.pid}}")
os.rename("draft", "pids")
time.sleep(600)
"""


def _make_script(folder: Path, prelude: str = "", new_session: bool = False) -> list[str]:
    script = folder / "family.py"
    script.write_text(_FAMILY.format(prelude=prelude, new_session=new_session))
    return [sys.executable, str(script)]


def _start(folder: Path, command: list[str], grace: float = 5) -> ChildProcess:
    environment = make_environment(folder, {})
    return ChildProcess(command, environment=environment, directory=folder, log=folder / "log", grace=grace)


def _wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _read_pids(folder: Path) -> list[int]:
    assert _wait_for((folder / "pids").exists), (folder / "log").read_text()
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def _is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() not in ("", "Z")


def test_the_exit_code_and_output_of_a_command_are_kept(tmp_path: Path) -> None:
    """Given a command that ends by itself, its exit code is returned and its output is in the log."""
    child = _start(tmp_path, [sys.executable, "-c", "print('hello'); raise SystemExit(3)"])

    assert child.wait(10) == 3
    assert (tmp_path / "log").read_text() == "hello\n"


def test_stop_ends_the_whole_group(tmp_path: Path) -> None:
    """Given a child with a grandchild, both are gone when stop() returns."""
    with _start(tmp_path, _make_script(tmp_path)):
        pids = _read_pids(tmp_path)

    assert not [pid for pid in pids if _is_running(pid)]


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    """Given a child that ignores SIGTERM, stop() kills it after its grace period."""
    prelude = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = _start(tmp_path, _make_script(tmp_path, prelude), grace=0.3)
    pids = _read_pids(tmp_path)

    began = time.monotonic()
    child.stop()

    assert not [pid for pid in pids if _is_running(pid)]
    assert 0.3 <= time.monotonic() - began < 3


def test_a_child_may_clean_up_before_it_ends(tmp_path: Path) -> None:
    """Given a child that saves its data on SIGTERM, stop() waits until it has."""
    prelude = textwrap.dedent("""
        def save(*_):
            time.sleep(0.3)
            open("saved", "w").close()
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
    """)
    child = _start(tmp_path, _make_script(tmp_path, prelude))
    _read_pids(tmp_path)

    child.stop()

    assert (tmp_path / "saved").exists()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lets a process adopt its orphaned descendants"
)
def test_a_descendant_in_its_own_session_ends_too(tmp_path: Path) -> None:
    """Given a grandchild that left the process group, it ends as well."""
    with _start(tmp_path, _make_script(tmp_path, new_session=True)):
        pids = _read_pids(tmp_path)

    assert not [pid for pid in pids if _is_running(pid)]


def test_nothing_survives_a_kill_of_the_parent(tmp_path: Path) -> None:
    """Given a parent that gets SIGKILL and cannot clean up, child and grandchild end all the same."""
    command = _make_script(tmp_path)
    starter_code = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from hippo_local.processes import ChildProcess
        here = Path({str(tmp_path)!r})
        child = ChildProcess({command!r}, environment={{}}, directory=here, log=here / "log", grace=2)
        time.sleep(600)
    """)
    starter = subprocess.Popen([sys.executable, "-c", starter_code], cwd=ROOT)
    try:
        pids = _read_pids(tmp_path)
    finally:
        os.kill(starter.pid, signal.SIGKILL)
        starter.wait()

    assert _wait_for(lambda: not any(_is_running(pid) for pid in pids))


def test_children_see_none_of_the_users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an AWS profile and a proxy in the user's environment, a child gets neither, and another HOME."""
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("https_proxy", "http://proxy.example.org")

    environment = make_environment(tmp_path, {"X": "y"})

    assert not [name for name in environment if name.startswith("AWS") or "proxy" in name]
    assert environment["HOME"] == str(tmp_path)
    assert environment["X"] == "y"
