"""Time that passes only in sleeps, and triggers what a test has planned for a moment."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.support import fakes


class FakeClock(fakes.FakeClock):
    """A clock that sleeps move; whatever is due meanwhile happens at its own moment."""

    def __init__(self) -> None:
        super().__init__()
        self._plans: list[tuple[datetime, Callable[[], object]]] = []

    def now(self) -> datetime:
        """Return the time in UTC, in whole milliseconds as the real clock does."""
        return self.moment.replace(microsecond=self.moment.microsecond // 1000 * 1000)

    def plan(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something happen after so many seconds."""
        self._plans.append((self.moment + timedelta(seconds=seconds), act))

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        target = self.moment + timedelta(seconds=seconds)
        while due := [plan for plan in self._plans if plan[0] <= target]:
            plan = min(due, key=lambda entry: entry[0])
            self._plans.remove(plan)
            self.moment = max(self.moment, plan[0])
            plan[1]()
        self.moment = max(self.moment, target)
