"""Runs one command of the tool again and again, in accounts that are alike, and looks at what it leaves."""

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

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # exports wait for the disk, again and again
BEGIN = datetime.now(UTC).replace(microsecond=0)  # CloudWatch takes no lines of another year


@dataclass(frozen=True)
class Scenario:
    """One command on one account. `counts` are the requests that it sends when nothing is in the way: all of
    them, those that change something, those whose answers are streamed, and how many kinds there are. They
    are for the names of tests, and one test holds them to what is so; the others go by what they see.

    `promises` are words that only a run that went well may say. `optional` are beginnings of requests that
    it does without where it may not make them, with what it then says, if anything.
    """

    name: str
    counts: tuple[int, int, int, int]
    words: tuple[str, ...]
    prepare: Callable[["Bench"], None] = lambda _: None
    changes: bool = False  # what is on AWS or in the folder: each case then has ones of its own
    promises: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=dict)

    def count(self, fault: Fault) -> int:
        """How many requests can meet with a fault."""
        requests, writing, streamed, kinds = self.counts
        places = {
            Fault.UNANSWERED: writing,
            Fault.BLIP: writing,
            Fault.BROKEN_OFF: streamed,
            Fault.DENIED: kinds,
        }
        return places.get(fault, requests)

    def find_excuse(self, label: str) -> str | None:
        """What the command says when it goes on without this request; None if it does not go on."""
        return next((words for begin, words in self.optional.items() if label.startswith(begin)), None)


@contextmanager
def open_bench(folder: Path) -> Iterator["Bench"]:
    """A bench for all tests of a module."""
    patches = pytest.MonkeyPatch()
    opened = in_memory.open_aws(patches)
    with tempfile.TemporaryDirectory(dir=_MEMORY) as place:
        bench = Bench(next(opened), folder, Path(place))
        yield bench
        bench.close()
    next(opened, None)
    patches.undo()


class QuickDocker(FakeDocker):
    """One that takes 2 ms instead of 30 to start."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        (folder / "docker").write_text("#!/bin/sh\ncase $1 in build|login) cat >/dev/null ;; esac\n")


@dataclass
class Bench:
    """An account, a folder, and the tool between them."""

    aws: AwsHooks
    programs: Path
    folder: Path
    monkeypatch: pytest.MonkeyPatch = field(init=False, default_factory=pytest.MonkeyPatch)
    lab: StudyWorld = field(init=False)
    deployment: Deployment = field(init=False)
    docker: "QuickDocker" = field(init=False)
    study: SmallStudy = field(init=False)

    def __post_init__(self) -> None:
        self._number, self._scenario, self._pristine = 0, "", self.folder / "pristine"
        self._plain: list[str] = []

    def close(self) -> None:
        """Undoes all that was put in place of something else."""
        self.monkeypatch.undo()

    def renew(self, scenario: Scenario) -> None:
        """An account and a folder in which nothing was done yet: made once, and then put back."""
        if scenario.name != self._scenario:
            self._make(scenario)
            self._scenario, self._kept = scenario.name, keep_account()
            shutil.rmtree(self._pristine, ignore_errors=True)
            shutil.copytree(self.directory, self._pristine)
        restore_account(self._kept)
        shutil.rmtree(self.directory)
        shutil.copytree(self._pristine, self.directory)
        self.monkeypatch.chdir(self.directory)
        self.lab.start_cold()
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
        self.lab = StudyWorld(self.aws, clock, load, in_memory.load_event, self.monkeypatch)
        self.lab.publish()
        clock.moment = BEGIN
        self.deployment = Deployment(self.lab, self.monkeypatch)
        put_values(self.lab, **PARAMETERS)
        self.directory = self.folder / str(self._number)
        self.directory.mkdir()
        self.docker = QuickDocker(self.programs / f"docker-{self._number}", self.monkeypatch)
        self.study = SmallStudy(self.directory / "small")
        self._run_platform(clock)
        self.wire = connect_tool(self.monkeypatch)
        self.wire.answers["Invoke"] = self._invoke
        scenario.prepare(self)

    def run(self, scenario: Scenario) -> Any:
        """Runs the command; gives click's result."""
        self.lab.clock.moment = BEGIN
        words = list(scenario.words)
        if words[0] == "updateProject.py":
            self.monkeypatch.chdir(self.study.directory)
            result = CliRunner().invoke(update_project, words[1:])
        else:
            result = CliRunner().invoke(app, hoist_flags(words))
        return result

    def run_undisturbed(self, scenario: Scenario) -> Any:
        """The first run on a new account."""
        self.renew(scenario)
        result = self.run(scenario)
        assert result.exit_code == ExitCode.FINE, describe(result)
        self._plain = self.wire.labels
        return result

    def list_places(self, fault: Fault) -> range:
        """The numbers of the requests of the undisturbed run that can meet with a fault."""
        return range(1, self.count(fault) + 1)

    def count(self, fault: Fault) -> int:
        """How many of them there are."""
        if fault is Fault.DENIED:
            return len({name_kind(label) for label in self._plain})
        return sum(can_meet(label, fault) for label in self._plain)

    def read_state(self) -> dict[str, Any]:
        """What is there on AWS, without times."""
        messages = sorted({json.dumps(message) for message in self.lab.messages("stop")})
        return {**read_account(), "projects": self.lab.read_list(), "messages": messages}

    def read_files(self) -> dict[str, bytes]:
        """The files in the folder, but for the state of an export, which counts its runs."""
        paths = (path for path in self.directory.rglob("*") if path.is_file())
        return {
            path.relative_to(self.directory).as_posix(): path.read_bytes()
            for path in paths
            if path.name != "state.sqlite"
        }

    def _invoke(self, request: Any) -> tuple[int, bytes]:
        if "DryRun" in str(request.headers.get("X-Amz-Invocation-Type")):
            return 204, b""
        answer = self.deployment.invoke(Payload=request.body)
        return 200, answer["Payload"].read()

    def _run_platform(self, clock: FakeClock) -> None:
        """While the tool waits the platform stops what it was asked to stop."""

        def sleep(_: SystemClock, seconds: float) -> None:
            clock.sleep(seconds)
            for message in self.lab.messages("stop"):
                self.lab.put_server("stopped", message["userId"], stop_requested_at=clock.now())

        self.monkeypatch.setattr(SystemClock, "now", lambda _: clock.now())
        self.monkeypatch.setattr(SystemClock, "sleep", sleep)


def describe(result: Any) -> str:
    """For a failed assertion: how a run ended, and what it said."""
    return f"{result.exit_code} {result.exception!r}\n{result.output}"
