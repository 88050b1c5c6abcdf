"""Time as an argument, so that nothing in a test has to wait for it."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from hippo.errors import TransientError

T = TypeVar("T")


class Clock(Protocol):
    """What the project knows of time."""

    def now(self) -> datetime:
        """The time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """The time in UTC, in whole milliseconds: what is stored and read again is then the same time."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def sleep(self, seconds: float) -> None:
        """Wait, really."""
        time.sleep(seconds)


def to_wire(moment: datetime | None) -> str | None:
    """UTC ISO 8601 with milliseconds, as all times are stored; None stays None."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else None


def from_wire(text: object) -> datetime | None:
    """The reverse of `to_wire`; what is not a time (records come from elsewhere too) is None."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def write_stamp(moment: datetime) -> str:
    """UTC as `20300101T120000000Z`: sorts by time, and holds nothing that a key or name could not."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"


def parse_stamp(text: str) -> datetime | None:
    """The reverse of `write_stamp`; None for anything else."""
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
    """Ask until `check` answers something other than None and give that.

    Waits `first` seconds, then half as long again each time up to `most`, with jitter, so that many
    invocations at once do not fall into step (ECS allows 20 Describe calls a second for an account).
    Raises TransientError naming `what` when `until` has come.
    """
    wait = first
    while (answer := check()) is None:
        left = (until - clock.now()).total_seconds()
        if left <= 0:
            raise TransientError(f"still waiting for {what}")
        clock.sleep(min(wait * random.uniform(0.8, 1.2), max(left, 0.05)))
        wait = min(wait * 1.5, most)
    return answer


class Pace:
    """Says when the next of many looks is due: at once, then at the intervals of `poll`.

    For a look that costs an AWS call beside one that costs nothing and is done oftener.
    """

    def __init__(self, clock: Clock, first: float = 1.0, most: float = 5.0) -> None:
        self._clock = clock
        self._wait = first
        self._most = most
        self._due = clock.now()

    def is_due(self) -> bool:
        """Whether to look now; if so, the next look is due an interval later."""
        now = self._clock.now()
        if now < self._due:
            return False
        self._due = now + timedelta(seconds=self._wait * random.uniform(0.8, 1.2))
        self._wait = min(self._wait * 1.5, self._most)
        return True
