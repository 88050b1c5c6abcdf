"""A bench that runs one command repeatedly in identical accounts, and reads the results."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from typer.testing import CliRunner

from hippo.clock import SystemClock
from hippo_cli.app import app, hoist_flags
from hippo_cli.errors import ExitCode
from hippo_cli.update_project import app as update_project
from tests.support import in_memory
from tests.support.aws_hooks import AwsHooks
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import REGION, StudyWorld
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.fault_account import keep_account, read_account, restore_account
from tests.unit.cli.faulty_wire import Fault, can_meet, connect_tool, name_kind
from tests.unit.cli.publishing_world import PARAMETERS, Deployment, FakeDocker

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # exports sync to disk often
BEGIN = datetime.now(UTC).replace(microsecond=0)  # CloudWatch refuses log lines of another year


@dataclass(frozen=True)
class Scenario:
    """One command on one account.

    `counts` are the requests of an undisturbed run: all of them, those that change something, those whose
    responses are streamed, and the number of kinds. They appear in the names of tests, and one test verifies
    them; the other tests count for themselves.

    `promises` are texts that only a successful run may print. `optional` maps the beginnings of requests that
    the command can do without to the text that it then prints, if any.
    """

    name: str
    counts: tuple[int, int, int, int]
    arguments: tuple[str, ...]
    prepare: Callable[["Bench"], None] = lambda _: None
    changes: bool = False  # changes the account or the folder, so each case needs a new one
    promises: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=dict)

    def count(self, fault: Fault) -> int:
        """Return how many requests can meet with a fault."""
        requests, writing, streamed, kinds = self.counts
        numbers = {
            Fault.UNANSWERED: writing,
            Fault.BLIP: writing,
            Fault.BROKEN_OFF: streamed,
            Fault.DENIED: kinds,
        }
        return numbers.get(fault, requests)

    def find_excuse(self, label: str) -> str | None:
        """Return the text that the command prints when it continues without this request, or None."""
        return next((text for begin, text in self.optional.items() if label.startswith(begin)), None)


@contextmanager
def open_bench(folder: Path) -> Iterator["Bench"]:
    """Open a bench for all tests of a module."""
    patches = pytest.MonkeyPatch()
    opened = in_memory.open_aws(patches)
    with tempfile.TemporaryDirectory(dir=_MEMORY) as directory:
        bench = Bench(next(opened), folder, Path(directory))
        yield bench
        bench.close()
    next(opened, None)
    patches.undo()


class QuickDocker(FakeDocker):
    """A fake Docker that takes 2 ms instead of 30 to start."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        (folder / "docker").write_text("#!/bin/sh\ncase $1 in build|login) cat >/dev/null ;; esac\n")


@dataclass
class Bench:
    """An account, a folder, and the tool that connects them."""

    aws: AwsHooks
    programs: Path
    folder: Path
    monkeypatch: pytest.MonkeyPatch = field(init=False, default_factory=pytest.MonkeyPatch)
    stack_world: StudyWorld = field(init=False)
    deployment: Deployment = field(init=False)
    docker: "QuickDocker" = field(init=False)
    study: SmallStudy = field(init=False)

    def __post_init__(self) -> None:
        self._number, self._scenario, self._pristine = 0, "", self.folder / "pristine"
        self._plain: list[str] = []

    def close(self) -> None:
        """Undo all patches."""
        self.monkeypatch.undo()

    def renew(self, scenario: Scenario) -> None:
        """Provide an untouched account and folder: created once per scenario, then restored."""
        if scenario.name != self._scenario:
            self._make(scenario)
            self._scenario, self._kept = scenario.name, keep_account()
            shutil.rmtree(self._pristine, ignore_errors=True)
            shutil.copytree(self.directory, self._pristine)
        restore_account(self._kept)
        shutil.rmtree(self.directory)
        shutil.copytree(self._pristine, self.directory)
        self.monkeypatch.chdir(self.directory)
        self.stack_world.start_cold()
        self.wire.begin()

    def _make(self, scenario: Scenario) -> None:
        self.close()
        self.monkeypatch = pytest.MonkeyPatch()
        BackendDict.reset()
        self._number += 1
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HIPPO_STACK"):
            self.monkeypatch.delenv(name, raising=False)
        self.monkeypatch.setenv("AWS_REGION", REGION)
        clock = FakeClock()
        clock.moment = BEGIN
        load = in_memory.make_loader(self.monkeypatch)
        self.stack_world = StudyWorld(self.aws, clock, load, in_memory.load_event, self.monkeypatch)
        self.stack_world.publish()
        clock.moment = BEGIN
        self.deployment = Deployment(self.stack_world, self.monkeypatch)
        put_values(self.stack_world, **PARAMETERS)
        self.directory = self.folder / str(self._number)
        self.directory.mkdir()
        self.docker = QuickDocker(self.programs / f"docker-{self._number}", self.monkeypatch)
        self.study = SmallStudy(self.directory / "small")
        self._run_platform(clock)
        self.wire = connect_tool(self.monkeypatch)
        self.wire.handlers["Invoke"] = self._invoke
        scenario.prepare(self)

    def run(self, scenario: Scenario) -> Any:
        """Run the command; return click's result."""
        self.stack_world.clock.moment = BEGIN
        arguments = list(scenario.arguments)
        if arguments[0] == "updateProject.py":
            self.monkeypatch.chdir(self.study.directory)
            result = CliRunner().invoke(update_project, arguments[1:])
        else:
            result = CliRunner().invoke(app, hoist_flags(arguments))
        return result

    def run_undisturbed(self, scenario: Scenario) -> Any:
        """Run the command on a new account, without faults."""
        self.renew(scenario)
        result = self.run(scenario)
        assert result.exit_code == ExitCode.FINE, describe(result)
        self._plain = self.wire.labels
        return result

    def list_numbers(self, fault: Fault) -> range:
        """Return the numbers of the undisturbed run's requests that can meet with a fault."""
        return range(1, self.count(fault) + 1)

    def count(self, fault: Fault) -> int:
        """Return how many requests of the undisturbed run can meet with a fault."""
        if fault is Fault.DENIED:
            return len({name_kind(label) for label in self._plain})
        return sum(can_meet(label, fault) for label in self._plain)

    def read_state(self) -> dict[str, Any]:
        """Return the content of the account, without times."""
        messages = sorted({json.dumps(message) for message in self.stack_world.messages("stop")})
        return {**read_account(), "projects": self.stack_world.read_list(), "messages": messages}

    def read_files(self) -> dict[str, bytes]:
        """Return the files in the folder, without the state of an export, which counts its runs."""
        paths = (path for path in self.directory.rglob("*") if path.is_file())
        return {
            path.relative_to(self.directory).as_posix(): path.read_bytes()
            for path in paths
            if path.name != "state.sqlite"
        }

    def _invoke(self, request: Any) -> tuple[int, bytes]:
        if "DryRun" in str(request.headers.get("X-Amz-Invocation-Type")):
            return 204, b""
        response = self.deployment.invoke(Payload=request.body)
        return 200, response["Payload"].read()

    def _run_platform(self, clock: FakeClock) -> None:
        """Let the platform stop the requested servers while the tool waits."""

        def sleep(_: SystemClock, seconds: float) -> None:
            clock.sleep(seconds)
            for message in self.stack_world.messages("stop"):
                self.stack_world.put_server("stopped", message["userId"], stop_requested_at=clock.now())

        self.monkeypatch.setattr(SystemClock, "now", lambda _: clock.now())
        self.monkeypatch.setattr(SystemClock, "sleep", sleep)


def describe(result: Any) -> str:
    """Return exit code, exception and output of a run, for a failed assertion."""
    return f"{result.exit_code} {result.exception!r}\n{result.output}"
