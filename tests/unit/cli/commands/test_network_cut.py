"""The network is gone in the middle, at each request of each command: a second run goes on."""

from collections.abc import Iterator
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from tests.unit.cli.fault_bench import Bench, Scenario, describe, open_bench
from tests.unit.cli.fault_scenarios import DOCTOR, SCENARIOS
from tests.unit.cli.faulty_wire import CUTS, Fault, name_places

EVERY = (*SCENARIOS, DOCTOR)
CASES = [(scenario, fault) for scenario in SCENARIOS for fault in CUTS if scenario.count(fault)]
IDS = [f"{scenario.name}-{fault.name}-{scenario.count(fault)} cases" for scenario, fault in CASES]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An account, a folder and the tool."""
    with open_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.mark.parametrize("scenario", EVERY, ids=[f"{one.name}-{one.counts[0]} requests" for one in EVERY])
def test_how_many_requests(bench: Bench, scenario: Scenario) -> None:
    """Given nothing in the way, then a command sends as many requests as its scenario says."""
    bench.run_undisturbed(scenario)

    counts = tuple(bench.count(fault) for fault in (*CUTS, Fault.DENIED))
    assert counts == scenario.counts, (
        f"write {counts} into fault_scenarios.py, if all of these are needed:\n"
        + ("\n".join(bench.wire.labels))
    )


def check_told(bench: Bench, scenario: Scenario, result: Any) -> None:
    """One message that names the service and says what to do; nothing is promised."""
    note = f"{bench.wire.faulty}\n{describe(result)}"
    assert "Traceback" not in result.output, note
    assert "unexpected error" not in result.output, note
    assert result.exit_code == ExitCode.AWS, note
    assert result.stderr.count("AWS cannot be reached") == 1, note
    places = [place for label in bench.wire.failed for place in name_places(label)]
    assert any(place in result.stderr for place in places), note
    assert "run the same command again" in result.stderr, note
    assert not [promise for promise in scenario.promises if promise in result.output], note


def check_whole(bench: Bench, files: dict[str, bytes], state: dict[str, Any]) -> None:
    """What is in the folder is as it will be; what participants can see has all of its parts."""
    there = {name: body for name, body in bench.read_files().items() if not name.endswith(".unfinished")}
    assert {name: there[name] for name in there if there[name] != files.get(name)} == {}, bench.wire.faulty
    now = bench.read_state()
    if now["projects"] == state["projects"]:
        assert now["task definitions"] == state["task definitions"], bench.wire.faulty


@pytest.mark.parametrize(("scenario", "fault"), CASES, ids=IDS)
def test_gone_at_each_request(bench: Bench, scenario: Scenario, fault: Fault) -> None:
    """Given a network that is gone at a request, then that is told, and a second run ends as ever."""
    plain = bench.run_undisturbed(scenario)
    state, files = bench.read_state(), bench.read_files()
    for place in bench.list_places(fault):
        if scenario.changes:
            bench.renew(scenario)
        bench.wire.begin(fault, place)
        result = bench.run(scenario)
        check_told(bench, scenario, result)
        check_whole(bench, files, state)
        faulty = bench.wire.faulty

        bench.wire.begin()
        again = bench.run(scenario)

        assert again.exit_code == ExitCode.FINE, f"{faulty}\n{describe(again)}"
        assert bench.read_state() == state, faulty
        assert bench.read_files() == files, faulty
        if not scenario.changes:
            assert again.stdout == plain.stdout, faulty


@pytest.mark.parametrize("scenario", [DOCTOR], ids=[f"{DOCTOR.counts[0]} cases"])
def test_doctor_tells_a_network_that_is_gone(bench: Bench, scenario: Scenario) -> None:
    """Given a network that is gone at a request, then what was seen is told, and that AWS is not reached."""
    plain = bench.run_undisturbed(scenario)
    for place in bench.list_places(Fault.LOST):
        bench.wire.begin(Fault.LOST, place)
        result = bench.run(scenario)
        note = f"{bench.wire.faulty}\n{describe(result)}"
        assert result.exit_code == ExitCode.PROBLEMS, note
        assert "AWS cannot be reached" in result.stdout, note
        assert name_places(bench.wire.faulty)[0] in result.stdout, note
        assert result.stderr == "", note

    bench.wire.begin()
    assert bench.run(scenario).stdout == plain.stdout
