"""How long participants were at each step: from the answer before it to its own."""

from dataclasses import dataclass
from datetime import datetime

from hippo_cli.data.records import Record


@dataclass(frozen=True, slots=True)
class Visit:
    """One step of one participant: from the answer before it to its own."""

    step: int
    shown: datetime
    left: datetime

    @property
    def seconds(self) -> float:
        """How long it took them, a wait for the game's server included."""
        return round((self.left - self.shown).total_seconds(), 3)


def list_visits(record: Record) -> list[Visit]:
    """The steps that are done, in order; those without a time are left out."""
    visits: dict[int, Visit] = {}
    shown: datetime | None = None
    for entry in record.entries:
        if entry.repeat or entry.moment is None:
            continue
        if entry.step > 0 and shown is not None:
            # Polls of older deployments stand at the game's step one after the other: it ends with the last.
            begun = visits[entry.step].shown if entry.step in visits else shown
            visits[entry.step] = Visit(entry.step, begun, entry.moment)
        shown = entry.moment
    return list(visits.values())
