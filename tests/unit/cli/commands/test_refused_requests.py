"""Tests of refused requests and lost responses, at each request of each command."""

import json
from collections.abc import Iterator

import pytest

from hippo_cli.errors import ExitCode
from tests.unit.cli.fault_bench import Bench, Scenario, describe, open_bench
from tests.unit.cli.fault_scenarios import DOCTOR, SCENARIOS
from tests.unit.cli.faulty_wire import Fault

EVERY = (*SCENARIOS, DOCTOR)
RETRYABLE = [
    (scenario, fault)
    for fault in (Fault.THROTTLED, Fault.BLIP)
    for scenario in EVERY
    if scenario.count(fault)
]
RETRYABLE_IDS = [
    f"{scenario.name}-{fault.name}-{scenario.count(fault)} requests" for scenario, fault in RETRYABLE
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Provide an account, a folder and the tool."""
    with open_bench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.mark.parametrize(("scenario", "fault"), RETRYABLE, ids=RETRYABLE_IDS)
def test_retries(bench: Bench, scenario: Scenario, fault: Fault) -> None:
    """Given requests that are throttled once, or whose responses are lost once, the tool retries them."""
    plain = bench.run_undisturbed(scenario)
    state, files = bench.read_state(), bench.read_files()
    bench.renew(scenario)
    bench.wire.begin(fault)

    result = bench.run(scenario)

    note = "\n".join(bench.wire.labels) + describe(result)
    assert len(bench.wire.failed) == bench.count(fault), note
    assert result.exit_code == ExitCode.FINE, note
    if fault is Fault.BLIP and "RegisterTaskDefinition" in note:
        check_revisions(bench)  # ECS has no token that identifies a retry
        assert bench.read_files() == files, note
        return
    assert result.stdout == plain.stdout, note
    assert bench.read_files() == files, note
    assert bench.read_state() == state, note


@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=[f"{one.name}-{one.count(Fault.DENIED)} cases" for one in SCENARIOS]
)
def test_denied(bench: Bench, scenario: Scenario) -> None:
    """Given a missing permission, the command reports it, names the operator, and claims no success."""
    plain = bench.run_undisturbed(scenario)
    files = bench.read_files()
    for number in bench.list_numbers(Fault.DENIED):
        if scenario.changes:
            bench.renew(scenario)
        bench.wire.begin(Fault.DENIED, number)

        result = bench.run(scenario)

        note = f"{bench.wire.faulty}\n{describe(result)}"
        assert "unexpected error" not in result.output, note
        if result.exit_code == ExitCode.FINE:
            excuse = scenario.find_excuse(bench.wire.faulty)
            assert excuse is not None, note
            assert excuse in result.output, note
            assert excuse or result.stdout == plain.stdout, note
            continue
        assert result.exit_code == ExitCode.AWS, note
        assert result.stderr.count("access denied") == 1, note
        assert "operator" in result.stderr, note
        assert not [promise for promise in scenario.promises if promise in result.output], note
        found = bench.read_files()
        assert {name for name in found if found[name] != files.get(name)} <= _list_unfinished(found), note


@pytest.mark.parametrize("scenario", [DOCTOR], ids=[f"{DOCTOR.count(Fault.DENIED)} cases"])
def test_doctor_reports_what_is_denied(bench: Bench, scenario: Scenario) -> None:
    """Given a missing permission, doctor reports it in that check, and continues with the others."""
    plain = json.loads(bench.run_undisturbed(scenario).stdout)
    for number in bench.list_numbers(Fault.DENIED):
        bench.wire.begin(Fault.DENIED, number)

        result = bench.run(scenario)

        note = f"{bench.wire.faulty}\n{describe(result)}"
        assert result.exit_code in (ExitCode.FINE, ExitCode.PROBLEMS), note
        assert result.stderr == "", note
        found = [one for one in json.loads(result.stdout) if one["outcome"] in ("failure", "could not look")]
        if scenario.find_excuse(bench.wire.faulty) is not None:
            assert found == [], note
            continue
        assert any("no permission for" in one["found"] for one in found), note
        assert all(one["advice"] for one in found if "no permission for" in one["found"]), note
        rest = [one for one in json.loads(result.stdout) if one not in found]
        assert [one for one in rest if one not in plain] == [], note
        assert rest[-1]["what"] == "Docker", note


def check_revisions(bench: Bench) -> None:
    """Check that the extra revision is identical, and that the listed study names one of the two."""
    first, second = bench.read_state()["task definitions"]["small"]
    assert first == second
    (task,) = [project["ecsTask"] for project in bench.stack_world.read_list() if project["id"] == "small"]
    assert task == "small:2"


def _list_unfinished(files: dict[str, bytes]) -> set[str]:
    """Return the files that a withdrawal keeps for its next run."""
    return {name for name in files if name.endswith(".unfinished")}
