"""Tests of a network that fails at each request of each command: a second run completes the work."""

from collections.abc import Iterator
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from tests.unit.cli.fault_bench import Bench, Scenario, describe, open_bench
from tests.unit.cli.fault_scenarios import DOCTOR, SCENARIOS
from tests.unit.cli.faulty_wire import CUTS, Fault, name_targets

EVERY = (*SCENARIOS, DOCTOR)
CASES = [(scenario, fault) for scenario in SCENARIOS for fault in CUTS if scenario.count(fault)]
IDS = [f"{scenario.name}-{fault.name}-{scenario.count(fault)} cases" for scenario, fault in CASES]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Provide an account, a folder and the tool."""
    with open_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.mark.parametrize("scenario", EVERY, ids=[f"{one.name}-{one.counts[0]} requests" for one in EVERY])
def test_how_many_requests(bench: Bench, scenario: Scenario) -> None:
    """Given no fault, a command sends the number of requests that its scenario names."""
    bench.run_undisturbed(scenario)

    counts = tuple(bench.count(fault) for fault in (*CUTS, Fault.DENIED))
    assert counts == scenario.counts, (
        f"write {counts} into fault_scenarios.py, if all of these are needed:\n"
        + ("\n".join(bench.wire.labels))
    )


def check_message(bench: Bench, scenario: Scenario, result: Any) -> None:
    """Check that one message names the service and what to do, and that no success is claimed."""
    note = f"{bench.wire.faulty}\n{describe(result)}"
    assert "Traceback" not in result.output, note
    assert "unexpected error" not in result.output, note
    assert result.exit_code == ExitCode.AWS, note
    assert result.stderr.count("AWS cannot be reached") == 1, note
    targets = [target for label in bench.wire.failed for target in name_targets(label)]
    assert any(target in result.stderr for target in targets), note
    assert "run the same command again" in result.stderr, note
    assert not [promise for promise in scenario.promises if promise in result.output], note


def check_whole(bench: Bench, files: dict[str, bytes], state: dict[str, Any]) -> None:
    """Check that each file is complete, and that a listed study has all of its parts."""
    found = {name: body for name, body in bench.read_files().items() if not name.endswith(".unfinished")}
    assert {name: found[name] for name in found if found[name] != files.get(name)} == {}, bench.wire.faulty
    now = bench.read_state()
    if now["projects"] == state["projects"]:
        assert now["task definitions"] == state["task definitions"], bench.wire.faulty


@pytest.mark.parametrize(("scenario", "fault"), CASES, ids=IDS)
def test_network_fails_at_each_request(bench: Bench, scenario: Scenario, fault: Fault) -> None:
    """Given a network that fails at a request, it is reported, and a second run completes the work."""
    plain = bench.run_undisturbed(scenario)
    state, files = bench.read_state(), bench.read_files()
    for number in bench.list_numbers(fault):
        if scenario.changes:
            bench.renew(scenario)
        bench.wire.begin(fault, number)
        result = bench.run(scenario)
        check_message(bench, scenario, result)
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
def test_doctor_reports_a_failed_network(bench: Bench, scenario: Scenario) -> None:
    """Given a network that fails at a request, doctor reports that and its results so far."""
    plain = bench.run_undisturbed(scenario)
    for number in bench.list_numbers(Fault.LOST):
        bench.wire.begin(Fault.LOST, number)
        result = bench.run(scenario)
        note = f"{bench.wire.faulty}\n{describe(result)}"
        assert result.exit_code == ExitCode.PROBLEMS, note
        assert "AWS cannot be reached" in result.stdout, note
        assert name_targets(bench.wire.faulty)[0] in result.stdout, note
        assert result.stderr == "", note

    bench.wire.begin()
    assert bench.run(scenario).stdout == plain.stdout
