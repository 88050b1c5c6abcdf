"""`python -m tests.simulation`: the full set, or one case, order or seed of it again.

python -m tests.simulation [all]
python -m tests.simulation case 'start/retry/5:LOST,31:KILLED'
python -m tests.simulation order 'start ∥ stop' 'swapped/3,5'
python -m tests.simulation withdrawal 'start/5/killed/newest'
python -m tests.simulation withdrawals
SIMULATION_SEED=1 python -m tests.simulation histories
"""

import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable

from tests.simulation import cases, interleavings, meetings, units, withdrawals
from tests.simulation.deployment import DEPLOYMENT
from tests.simulation.units import Report
from tests.simulation.world import World


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; return 1 if anything was found."""
    logging.disable(logging.CRITICAL)
    command, *names = arguments or ["all"]
    with DEPLOYMENT.install():
        if command == "case":
            return _replay_case(names[0])
        if command == "order":
            return _replay_order(*names)
        if command == "withdrawal":
            return _replay_withdrawal(names[0])
        if command == "withdrawals":
            return _show([units.run_withdrawals(act) for act in withdrawals.ACTS])
        if command == "histories":
            return _show([units.run_histories(units.choose_seed())])
        return _run_quickly() if command == "quick" else _run_all()


def _run_all() -> int:
    seed, began = units.choose_seed(), time.perf_counter()
    _say(f"SIMULATION_SEED={seed}")
    todo = list(units.list_units(seed))
    processes = min(os.cpu_count() or 1, 8)
    global _todo  # noqa: PLW0603  # what a forked process inherits need not be pickled
    _todo = todo
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        reports = []
        for report in pool.imap_unordered(_run_unit, range(len(todo)), chunksize=1):
            reports.append(report)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{len(reports)} of {len(todo)}  ")
    status = _show(_sum_up(reports))
    _say(f"{time.perf_counter() - began:.0f} s on {processes} processes")
    return status


def _run_quickly() -> int:
    """Return the first finding of a selection."""
    units.MOST_FOUND = 1
    for unit in units.list_quick_units():
        report = unit()
        if report.found:
            _say(f"{report.kind}: {report.found[0].splitlines()[0][:300]}")
            return 1
    return 0


_todo: list[units.Unit] = []


def _run_unit(number: int) -> Report:
    return _todo[number]()


def _sum_up(reports: Iterable[Report]) -> list[Report]:
    """Return one report for each kind and name."""
    sums: dict[tuple[str, str], Report] = {}
    for report in reports:
        total = sums.setdefault((report.kind, report.name), Report(report.kind, report.name))
        total.cases += report.cases
        total.found += report.found
        total.seconds += report.seconds
        total.swept += report.swept
        total.excess = max(total.excess, report.excess)
    return list(sums.values())


def _show(reports: list[Report]) -> int:
    _say(f"{'run':<12} {'of':<30} {'cases':>8} {'found':>6} {'seconds':>8}")
    for report in reports:
        found = len(report.found)
        _say(f"{report.kind:<12} {report.name:<30} {report.cases:>8} {found:>6} {report.seconds:>8.1f}")
    for kind in dict.fromkeys(report.kind for report in reports):
        total = sum(report.cases for report in reports if report.kind == kind)
        _say(f"{kind}: {total} {'operations' if kind == 'histories' else 'cases'}")
    _say(f"longest life of a task beyond its deadline: {max(report.excess for report in reports):.0f} s")
    _say(f"cases after which the sweep had something to do: {sum(report.swept for report in reports)}")
    texts = [text for report in reports for text in report.found]
    for text in texts[:20]:
        _say(f"  python -m tests.simulation {text}")
    return 1 if texts else 0


def _replay_case(name: str) -> int:
    case = cases.Case.parse(name)
    return _replay(lambda: cases.run_case(case))


def _replay_withdrawal(name: str) -> int:
    withdrawal = withdrawals.Withdrawal.parse(name)
    return _replay(lambda: withdrawals.run_withdrawal(withdrawal))


def _replay(run: Callable[[], object]) -> int:
    """Print every call of the case, then what it violates."""
    try:
        run()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what was found
        _tell(DEPLOYMENT.world)
        _say(f"{type(error).__name__}: {error}")
        return 1
    _tell(DEPLOYMENT.world)
    return 0


def _replay_order(name: str, order: str) -> int:
    side, _, numbers = order.partition("/")
    schedule = tuple(int(number) for number in numbers.split(",") if number)
    meeting = meetings.MEETINGS[name]
    _, seen = interleavings.run_schedule(meeting, schedule, swapped=side == "swapped")
    _tell(DEPLOYMENT.world)
    _say(str(seen.error or "nothing is violated"))
    return 1 if seen.error else 0


def _tell(world: World | None) -> None:
    for number, point in enumerate(world.boundary.points if world else ()):
        _say(f"{number:4} {point}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
