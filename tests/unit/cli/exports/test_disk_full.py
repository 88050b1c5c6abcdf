"""A full disk at each write of each command that writes: it is reported, and a second run finishes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.exports import store
from tests.unit.cli.fault_bench import Bench, Scenario, describe, open_bench
from tests.unit.cli.fault_scenarios import SCENARIOS
from tests.unit.cli.full_disk import FullDisk

# The number of writes of each command. `hippo publish` has none.
WRITES = {"export": 33, "status --html": 2, "withdraw": 7, "updateProject.py": 4, "publish": 0}
CASES = [(scenario, WRITES[scenario.name]) for scenario in SCENARIOS if scenario.name in WRITES]
(EXPORT,) = [scenario for scenario in SCENARIOS if scenario.name == "export"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Yield an account, a folder and the tool."""
    with open_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.mark.parametrize(
    ("scenario", "writes"), CASES, ids=[f"{one.name}-{number} cases" for one, number in CASES]
)
def test_full_at_each_write(bench: Bench, scenario: Scenario, writes: int) -> None:
    """Given a disk that is full from one write on, no partial file remains and a second run finishes."""
    bench.renew(scenario)
    disk = FullDisk(bench.directory)
    with disk.fit():
        bench.run(scenario)
    state, files = bench.read_state(), bench.read_files()
    assert len(disk.writes) == writes, "\n".join(disk.writes)
    for room in range(writes):
        bench.renew(scenario)
        with disk.fit(room):
            result = bench.run(scenario)
        note = f"{disk.writes[room]}\n{describe(result)}"
        check_told(scenario, result, note)
        check_whole(bench, files, note)

        again = bench.run(scenario)

        assert again.exit_code == ExitCode.FINE, f"{note}\n{describe(again)}"
        assert bench.read_state() == state, note
        assert bench.read_files() == files, note


@pytest.mark.parametrize("pages", [4], ids=lambda number: f"{number} cases")
def test_full_under_the_state_of_an_export(bench: Bench, pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a disk with room for some pages of the state, this is reported and a second run finishes."""
    bench.renew(EXPORT)
    bench.run(EXPORT)
    state, files = bench.read_state(), bench.read_files()
    with closing(sqlite3.connect(bench.directory / "data" / "private" / "state.sqlite")) as database:
        ((needed,),) = database.execute("pragma page_count")
    assert needed == pages + 1
    for room in range(1, pages + 1):
        bench.renew(EXPORT)
        with monkeypatch.context() as patch:
            patch.setattr(store, "sqlite3", _Limited(room))
            result = bench.run(EXPORT)
        note = f"{room} pages\n{describe(result)}"
        check_told(EXPORT, result, note)
        check_whole(bench, files, note)

        again = bench.run(EXPORT)

        assert again.exit_code == ExitCode.FINE, f"{note}\n{describe(again)}"
        assert bench.read_state() == state, note
        assert bench.read_files() == files, note


class _Limited:
    """The module `sqlite3` with a limit on the pages of its databases."""

    Error = sqlite3.Error

    def __init__(self, pages: int) -> None:
        self._pages = pages

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """Return a database with a limited number of pages."""
        database = sqlite3.connect(*arguments, **options)
        database.execute(f"pragma max_page_count = {self._pages}")
        return database


def check_told(scenario: Scenario, result: Any, note: str) -> None:
    """Check that the full disk is reported, and nothing that promises success."""
    assert result.exit_code == ExitCode.MACHINE, note
    assert "disk is full" in result.stderr or "No space left on device" in result.stderr, note
    if scenario.name != "updateProject.py":  # which writes its files after it has published
        assert not [promise for promise in scenario.promises if promise in result.output], note


def check_whole(bench: Bench, files: dict[str, bytes], note: str) -> None:
    """Check that each existing file is complete."""
    there = {name: body for name, body in bench.read_files().items() if not name.endswith(".unfinished")}
    assert {name: there[name] for name in there if there[name] != files.get(name)} == {}, note
