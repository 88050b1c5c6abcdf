"""The runs in portions: each reports its number of cases, its findings and its duration."""

import dataclasses
import os
import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation import cases, meetings, withdrawals
from tests.simulation.histories import Histories
from tests.simulation.interleavings import explore

Unit = Callable[[], "Report"]
STEPS = 100  # operations of a history
MOST_FOUND = 20  # of one report
OPERATIONS, QUICK_OPERATIONS = 20_000, 10_000
_ALL_HEALTHY = list(hypothesis.HealthCheck)


@dataclass(slots=True)
class Report:
    """The result of a run. `found` are the names of cases to replay, with what they violate."""

    kind: str
    name: str
    cases: int = 0
    found: list[str] = field(default_factory=list)
    seconds: float = 0.0
    excess: float = 0.0  # the most by which a task has outlived its deadline, in seconds
    swept: int = 0  # cases after which the sweep had something to do


def run_singles(act: str) -> Report:
    """Run one fault at each call of the act."""
    return _run_cases("one fault", act, cases.list_single(act))


def run_pairs(act: str, first: int | None = None, every: int = 1) -> Report:
    """Run two faults, a sample of those that begin at call `first` (None: at any)."""
    begun = (
        case for case in cases.list_single(act) if case.faults and case.faults[0][1] in cases.PAIR_FAULTS
    )
    chosen = (case for case in begun if first is None or case.faults[0][0] == first)
    pairs = (pair for case in chosen for pair in cases.list_pairs(case))
    return _run_cases("two faults", act, islice(pairs, 0, None, every))


def run_meeting(name: str, most: int | None = None) -> Report:
    """Run the orders of two invocations, with at most so many pre-emptions (None: the meeting's own)."""
    meeting = meetings.MEETINGS[name]
    if most is not None:
        meeting = dataclasses.replace(meeting, most=min(most, meeting.most))
    report, began = Report("orders", name), time.perf_counter()
    for order in explore(meeting):
        report.cases += 1
        if order.error:
            report.found.append(f"order '{name}' '{order}': {order.error}")
        if len(report.found) >= MOST_FOUND:
            break
    report.seconds = time.perf_counter() - began
    return report


def run_withdrawals(act: str) -> Report:
    """Run a withdrawal at each call of the act, once with everything that may follow."""
    report, began = Report("withdrawals", act), time.perf_counter()
    for withdrawal in withdrawals.list_withdrawals(act):
        report.cases += 1
        try:
            invariants = withdrawals.run_withdrawal(withdrawal).invariants
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was found
            report.found.append(f"withdrawal '{withdrawal}': {type(error).__name__}: {error}")
        else:
            report.excess = max(report.excess, invariants.longest_excess)
            report.swept += invariants.swept
        if len(report.found) >= MOST_FOUND:
            break
    report.seconds = time.perf_counter() - began
    return report


def choose_seed() -> int:
    """Return SIMULATION_SEED, or a new seed."""
    return int(os.environ.get("SIMULATION_SEED") or random.SystemRandom().randrange(2**32))


def run_histories(seed: int, operations: int = OPERATIONS) -> Report:
    """Run random histories from one seed, until so many operations have been done."""
    report, began = Report("histories", f"seed {seed}"), time.perf_counter()
    Histories.operations = 0
    portion = seed
    while Histories.operations < operations and not report.found:
        examples = max((operations - Histories.operations) // STEPS, 1)
        try:
            run_state_machine_as_test(
                hypothesis.seed(portion)(Histories), settings=_history_settings(examples)
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was found
            report.found.append(f"SIMULATION_SEED={seed}: {_report_all(error)}")
        portion += 1
    report.cases, report.seconds = Histories.operations, time.perf_counter() - began
    return report


def _report_all(error: BaseException) -> str:
    """The error first, then where it came from: hypothesis hides what a rule has raised behind its own."""
    return f"{type(error).__name__}: {error}\n{''.join(traceback.format_exception(error))}"


def _history_settings(examples: int) -> hypothesis.settings:
    # A run that only asks whether there is a finding does not wait until it has been shrunk.
    left_out = {hypothesis.Phase.shrink, hypothesis.Phase.explain} if MOST_FOUND == 1 else set()
    return hypothesis.settings(
        phases=[phase for phase in hypothesis.Phase if phase not in left_out],
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=_ALL_HEALTHY,
    )


def _run_cases(kind: str, name: str, todo: Iterable[cases.Case]) -> Report:
    report, began = Report(kind, name), time.perf_counter()
    case = None
    try:
        for case in todo:
            report.cases += 1
            _run_case(case, report)
            if len(report.found) >= MOST_FOUND:
                break
    except Exception as error:  # noqa: BLE001  # to count its calls a case is run without the last fault
        report.found.append(f"case '{case or name + '/retry/'}': {type(error).__name__}: {error}")
    report.seconds = time.perf_counter() - began
    return report


def _run_case(case: cases.Case, report: Report) -> None:
    try:
        invariants = cases.run_case(case).world.invariants
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what was found
        report.found.append(f"case '{case}': {type(error).__name__}: {error}")
        return
    report.excess = max(report.excess, invariants.longest_excess)
    report.swept += invariants.swept


def list_units(seed: int) -> Iterator[Unit]:
    """List the full set, the long ones first; each can run in a process of its own."""
    for act in cases.PAIR_ACTS:
        for first in range(cases.count_calls(act)):
            yield _later(run_pairs, act, first)
    yield from (_later(run_meeting, name) for name in meetings.MEETINGS)
    yield from (_later(run_singles, act) for act in cases.ACTS)
    yield from (_later(run_withdrawals, act) for act in withdrawals.ACTS)
    yield _later(run_histories, seed)


def list_quick_units() -> Iterator[Unit]:
    """List a selection that notices defects within seconds."""
    yield from (_later(run_singles, act) for act in cases.ACTS)
    yield from (_later(run_withdrawals, act) for act in withdrawals.ACTS)
    yield from (_later(run_meeting, name, 1) for name in meetings.MEETINGS)
    yield _later(run_histories, 1, QUICK_OPERATIONS)
    yield from (_later(run_pairs, act, None, 100) for act in cases.PAIR_ACTS)


def _later(run: Callable[..., Report], *arguments: object) -> Unit:
    return lambda: run(*arguments)
