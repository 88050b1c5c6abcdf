"""Time as an argument, so that no test must wait for it."""

import random
import time
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Protocol, TypeVar

from hippo.errors import TransientError

T = TypeVar("T")


class Clock(Protocol):
    """The project's view of time."""

    def now(self) -> datetime:
        """Return the time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """Return the time in UTC, in whole milliseconds, so that storing and reading keeps it the same."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


def to_wire(moment: datetime | None) -> str | None:
    """Return UTC ISO 8601 with milliseconds, as all times are stored; None stays None."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else None


def from_wire(text: object) -> datetime | None:
    """Reverse `to_wire`; return None for anything else (records may come from elsewhere).

    Times in the first or last year that Python has are left out: they have no time in other zones.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year in (MINYEAR, MAXYEAR):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def write_stamp(moment: datetime) -> str:
    """Return UTC as `20300101T120000000Z`, which sorts by time and fits into keys and names."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"


def parse_stamp(text: str) -> datetime | None:
    """Reverse `write_stamp`; return None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def poll(
    check: Callable[[], T | None],
    *,
    clock: Clock,
    until: datetime,
    what: str,
    first: float = 1.0,
    most: float = 5.0,
) -> T:
    """Call `check` until its result is not None, and return that.

    Waits `first` seconds, then half as long again each time up to `most`, with jitter, so that many
    invocations at once do not fall into step (ECS allows 20 Describe calls a second per account).
    Raises TransientError naming `what` when `until` has passed.
    """
    wait = first
    while (result := check()) is None:
        left = (until - clock.now()).total_seconds()
        if left <= 0:
            raise TransientError(f"still waiting for {what}")
        clock.sleep(min(wait * random.uniform(0.8, 1.2), max(left, 0.05)))
        wait = min(wait * 1.5, most)
    return result


class Pace:
    """The schedule of repeated checks: the first is due at once, the others at the intervals of `poll`.

    It is for a check that costs an AWS call, next to another check that costs nothing and is made more often.
    """

    def __init__(self, clock: Clock, first: float = 1.0, most: float = 5.0) -> None:
        self._clock = clock
        self._wait = first
        self._most = most
        self._due = clock.now()

    def is_due(self) -> bool:
        """Return whether a check is due; if so, the next one is due an interval later."""
        now = self._clock.now()
        if now < self._due:
            return False
        self._due = now + timedelta(seconds=self._wait * random.uniform(0.8, 1.2))
        self._wait = min(self._wait * 1.5, self._most)
        return True
