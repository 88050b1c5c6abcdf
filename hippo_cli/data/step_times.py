"""The time that participants spent at each step, from the previous answer to the step's own."""

from dataclasses import dataclass
from datetime import datetime

from hippo_cli.data.records import Record


@dataclass(frozen=True, slots=True)
class StepTime:
    """One step of one participant. It is shown with the previous answer and left with its own."""

    step: int
    shown: datetime
    left: datetime

    @property
    def seconds(self) -> float:
        """Seconds at the step, including any wait for the game server."""
        return round((self.left - self.shown).total_seconds(), 3)


def list_step_times(record: Record) -> list[StepTime]:
    """Return the completed steps in order, without those that have no time."""
    step_times: dict[int, StepTime] = {}
    shown: datetime | None = None
    for entry in record.entries:
        if entry.repeat or entry.moment is None:
            continue
        if entry.step > 0 and shown is not None:
            # Older deployments recorded each poll at the game's step. The step ends with the last poll.
            begun = step_times[entry.step].shown if entry.step in step_times else shown
            step_times[entry.step] = StepTime(entry.step, begun, entry.moment)
        shown = entry.moment
    return list(step_times.values())
