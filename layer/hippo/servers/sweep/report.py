"""The metrics that a sweep reports: servers by state, slots in use, the queue, and faults."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from hippo import metrics
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord
from hippo.servers.capacity.slots import CapacityView, parse_slot
from hippo.servers.sweep.findings import is_past_deadline


def report_sweep(
    records: Iterable[ServerRecord],
    view: CapacityView | None,
    faults: Mapping[metrics.Metric, float],
    complete: bool,
    now: datetime,
) -> None:
    """Record what exists; a sweep that was cut short, or has not seen everything, reports only faults."""
    records = list(records)
    states = [record.state for record in records]
    late = sum(is_past_deadline(record, now) for record in records)
    values: dict[metrics.Metric, float] = dict(faults)
    if late or complete:
        values["ServersPastDeadline"] = late
    if complete:
        values["StartingServers"] = states.count(ServerState.STARTING)
        values["ReadyServers"] = states.count(ServerState.READY)
        values["StoppingServers"] = states.count(ServerState.STOPPING)
    if view is not None:
        slots = map(parse_slot, view.held)
        values["SlotsInUse"] = sum(slot is not None and not slot[1] for slot in slots)
        values["Queue"] = len(view.queue)
    metrics.record(values)
