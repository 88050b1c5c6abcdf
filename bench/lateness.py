"""How late `start_server` notices that a server is usable, in simulated time and so without machine noise.

A local platform cannot show this: name servers that take 30 s, and tasks that take up to a minute.
"""

import random
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.tables import format_table, percentile
from tests.fakes.world import LifecycleWorld

_PORT_SECONDS = (15.0, 60.0)  # uniform time from RunTask until the port accepts connections


@dataclass(frozen=True, slots=True)
class Lateness:
    """A start: seconds from usable (port and name) to `ready`, and the number of polls."""

    seconds: float
    task_polls: int
    name_polls: int


def measure_lateness(runs: int, seconds_to_sync: float) -> list[Lateness]:
    """Measure starts on a warm function, each with its own task, all with the same speed of name servers."""
    random.seed(1)  # also for the jitter of the waits, so that the figures are the same each time
    return [_measure(random.uniform(*_PORT_SECONDS), seconds_to_sync) for _ in range(runs)]


def _measure(port_seconds: float, seconds_to_sync: float) -> Lateness:
    world = LifecycleWorld()
    world.port_opens_after = port_seconds
    world.host_names.seconds_to_sync = seconds_to_sync
    named: list[datetime] = []
    create = world.host_names.create

    def note_creation(name: str, address: str) -> str:
        named.append(world.clock.now())
        return create(name, address)

    world.host_names.create = note_creation  # type: ignore[method-assign]  # to see when it is called
    world.start()
    (task,) = world.containers.list_living()
    usable = max(task.made + timedelta(seconds=port_seconds), named[0] + timedelta(seconds=seconds_to_sync))
    ready = world.record().ready_at
    assert ready
    polls = (len(world.journal.names(n)) for n in ("containers.describe_task", "host_names.is_in_sync"))
    return Lateness((ready - usable).total_seconds(), *polls)


def format_lateness_table(measured: dict[float, Iterable[Lateness]]) -> str:
    """Return a table with a row for each speed of name servers."""
    rows = []
    for seconds_to_sync, starts in measured.items():
        done = list(starts)
        late = [start.seconds for start in done]
        figures = [f"{statistics.median(late):.2f}", f"{percentile(late, 95):.2f}", f"{max(late):.2f}"]
        figures.append(f"{statistics.mean(start.task_polls for start in done):.1f}")
        figures.append(f"{statistics.mean(start.name_polls for start in done):.1f}")
        rows.append([f"name known after {seconds_to_sync:g} s", *figures])
    return format_table(["", "median, s", "p95, s", "most, s", "DescribeTasks", "GetChange"], rows)
