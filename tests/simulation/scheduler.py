"""Virtual time, and programs that run in it one at a time.

A program (such as one invocation of a handler) is ordinary code in a greenlet. It runs until it waits; then
whatever is due next runs, and time jumps to it. Nothing really sleeps and no two programs run at once, so a
run is repeatable to the last call, and a whole hour of it takes milliseconds.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import greenlet

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
FOREVER = float("inf")


class Death(BaseException):  # noqa: N818  # not an error of the code: its process is gone
    """The program ends here and now, as when Lambda's time is up: no `except Exception` sees it."""


class Program:
    """Code that runs concurrently with others for up to `limit` seconds; it is killed at `ends`."""

    def __init__(self, scheduler: "Scheduler", name: str, work: Callable[[], Any], limit: float) -> None:
        self.name = name
        self.limit = limit
        self.began = scheduler.time
        self.ends = scheduler.time + limit
        self.is_over = False
        self.is_dead = False
        self.is_frozen = False
        self.answer: Any = None
        self.error: BaseException | None = None
        self._scheduler = scheduler
        self._work = work
        self.when_over: Callable[[Program], None] | None = None
        self.calls: deque[float] = deque(maxlen=2)  # when its last calls began
        self.greenlet = greenlet(self._run, parent=scheduler.hub)

    def resume(self) -> None:
        """Continue where it waited; called by the scheduler only."""
        if not self.is_over and not self.is_frozen:
            self._scheduler.switch_to(self)

    def _run(self) -> None:
        try:
            self.answer = self._work()
        except Death as death:
            self.is_dead, self.error = True, death
        except Exception as error:  # noqa: BLE001  # what leaves a handler is Lambda's business
            self.error = error
        self.is_over = True
        if self.when_over:
            self.when_over(self)


class Scheduler:
    """The clock and the list of planned events. Times are seconds since the beginning."""

    def __init__(self) -> None:
        self.time = 0.0
        self.current: Program | None = None
        self.frozen: list[Program] = []
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._numbers = itertools.count()
        self._limit = 0.0
        self.after_each: Callable[[], None] | None = None
        self.hub = greenlet.getcurrent()

    def now(self) -> datetime:
        """Return the time in UTC in whole milliseconds, as the real clock does."""
        return START + timedelta(milliseconds=int(self.time * 1000 + 1e-6))

    def sleep(self, seconds: float) -> None:
        """Wait, as the code under test knows it."""
        self.wait(seconds)

    def plan(self, seconds: float, act: Callable[[], Any]) -> None:
        """Let something happen after so many seconds."""
        heapq.heappush(self._due, (self.time + seconds, next(self._numbers), act))

    def begin(self, name: str, work: Callable[[], Any], limit: float) -> Program:
        """Return a program that begins as soon as its caller waits, and may take `limit` seconds."""
        program = Program(self, name, work, limit)
        self.plan(0, program.resume)
        return program

    def wait(self, seconds: float) -> None:
        """Let the calling program wait; outside of any, let that much time pass."""
        program, target = self.current, self.time + seconds
        if program is None:
            self.run_until(target)
            return
        target = min(target, program.ends)
        if target <= self._limit and not (self._due and self._due[0][0] <= target):
            self.time = target  # nothing happens meanwhile: no need to switch
        else:
            heapq.heappush(self._due, (target, next(self._numbers), program.resume))
            self.hub.switch()
        self._check_life(program)

    def freeze(self) -> None:
        """Stop the program that calls this until it is thawed, or its time is up."""
        program = self.current
        assert program
        program.is_frozen = True
        self.frozen.append(program)
        self.plan(max(program.ends - self.time, 0), lambda: self.thaw(program))
        self.hub.switch()
        self._check_life(program)

    def thaw(self, program: Program) -> None:
        """Let a frozen program continue."""
        if program.is_frozen:
            program.is_frozen = False
            self.frozen.remove(program)
            self.plan(0, program.resume)

    def run_until(self, limit: float) -> None:
        """Let everything happen that is due by then."""
        self._limit = limit
        while self._due and self._due[0][0] <= limit:
            self.take_next()
        if limit < FOREVER:
            self.time = max(self.time, limit)

    def run(self, limit: float = FOREVER) -> bool:
        """Let everything happen; return False if something is still due after `limit` seconds."""
        latest = self.time + limit
        self._limit = latest
        while self._due and self._due[0][0] <= latest:
            self.take_next()
        return not self._due

    def run_program(self, program: Program) -> None:
        """Let everything happen until that program is over."""
        self._limit = FOREVER
        while not program.is_over:
            self.take_next()

    def take_next(self) -> None:
        """Let the next due event happen."""
        moment, _, act = heapq.heappop(self._due)
        self.time = max(self.time, moment)
        act()
        if self.after_each:
            self.after_each()

    def switch_to(self, program: Program) -> None:
        """Let a program run until it waits or is over."""
        self.current = program
        program.greenlet.switch()
        self.current = None

    def _check_life(self, program: Program) -> None:
        if self.time >= program.ends:
            raise Death(f"{program.name}: its time is up")
