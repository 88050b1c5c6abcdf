"""AWS calls, bytes and the handler's own time, for each kind of request."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from bench.kinds import Kind, list_server_kinds, list_study_kinds
from bench.meter import Meter, Traffic
from bench.tables import format_table, milliseconds
from bench.worlds import open_server_world, open_study_world


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a kind of request, over all runs."""

    kind: str
    runs: list[Traffic]

    @property
    def calls(self) -> dict[str, int]:
        """The number of calls by operation. Raises ValueError if the runs differ."""
        first, *others = (run.calls for run in self.runs)
        if any(calls != first for calls in others):
            raise ValueError(f"{self.kind}: the AWS calls differ from run to run")
        return first


def measure_calls(runs: int, delay: float) -> list[Cost]:
    """Measure every kind `runs` times, each for a new participant, with `delay` seconds for each call."""
    with open_study_world() as study:
        costs = _measure(list_study_kinds(study), Meter(study.aws, delay), runs)
    with open_server_world() as servers:
        costs += _measure(list_server_kinds(servers), Meter(servers.aws, delay), runs)
    return costs


def _measure(kinds: Iterable[Kind], meter: Meter, runs: int) -> list[Cost]:
    costs = []
    for number, kind in enumerate(kinds):
        done = []
        for run in range(runs + 1):
            user = f"kind-{number}-run-{run}"
            kind.prepare(user)
            done.append(meter.measure(partial(kind.send, user)))
        costs.append(Cost(kind.name, done[1:]))  # the first run creates clients
    return costs


def format_calls_table(costs: Iterable[Cost], delay: float) -> str:
    """Return a table with a row for each kind; times are medians."""
    headers = ["request", "calls", "of them", "bytes sent", "bytes received", "handler adds, ms"]
    rows = [
        [
            cost.kind,
            sum(cost.calls.values()),
            ", ".join(f"{count} {name}" for name, count in sorted(cost.calls.items())),
            max(run.sent for run in cost.runs),
            max(run.received for run in cost.runs),
            milliseconds(run.own_seconds for run in cost.runs),
            milliseconds(run.own_seconds + run.delay_seconds for run in cost.runs),
        ]
        for cost in costs
    ]
    return format_table([*headers, f"with {1000 * delay:g} ms a call, ms"], rows)
