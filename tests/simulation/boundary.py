"""The boundary between the handlers' code and AWS: every client call passes here.

A call is a *point*: there it may fail, take effect with its response lost, end its program, or let another
program go first. Waiting polls are collapsed: a call that repeats another since which its program has changed
nothing is not a new point.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, ClassVar

from tests.simulation.limits import Limits
from tests.simulation.refusals import answer_lost, not_reached, refuse
from tests.simulation.scheduler import Death, Program, Scheduler

_READS = ("Get", "Describe", "List")
_TRIES, _QUICK_TRIES = 6, 2  # of botocore: PATIENT and QUICK in hippo.aws.clients


class Fault(Enum):
    """A fault that a call may meet."""

    NOT_DONE = "not done"
    LOST = "done, answer lost"
    REPEATED = "done, answer lost, done again by botocore"
    REFUSED = "refused, in the way of this call"
    TASK_ENDS = "before it the participant's task crashes"
    TASK_ENDS_UNHEARD = "before it the task crashes, and the event of that comes an hour late"
    KILLED = "the process is killed after it"


class Point:
    """One call at which a fault or another program may intervene."""

    __slots__ = ("operation", "program")

    def __init__(self, program: Program | None, operation: str) -> None:
        self.program = program
        self.operation = operation

    def __repr__(self) -> str:
        return f"{self.program.name if self.program else 'test'}: {self.operation}"


class Boundary:
    """The path of a call to AWS and back; `observer` receives each call: program, operation, arguments."""

    observer: ClassVar[Callable[[str, str, dict[str, Any]], None] | None] = None

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.limits = Limits()
        self.points: list[Point] = []
        self.faults: dict[int, Fault] = {}
        self.calm_since = 0.0  # a program that began earlier may have met a fault
        self.draw_latency: Callable[[], float] | None = None
        self.choose_fault: Callable[[Point], Fault | None] | None = None
        self.before_point: Callable[[Point], None] | None = None
        self.own_refusals: dict[str, Callable[[], None]] = {}  # operation: lets its next call be refused
        self.end_tasks: Callable[[bool], None] = lambda is_heard: None
        self.watchers: list[Callable[[], None]] = []
        self._seen: dict[Program | None, set[tuple[Any, ...]]] = {}

    def call(self, operation: str, effect: Callable[[], Any], look: tuple[Any, ...] | None) -> Any:
        """Do `effect` as AWS would, or not; `look` tells one waiting poll from another, None for a write."""
        program = self.scheduler.current
        if program is None:
            return effect()
        if program.is_over or program.is_dead:
            raise Death(f"{program.name} is dead")
        program.calls.append(self.scheduler.time)
        fault = self._pass_point(program, operation, look)
        if self.draw_latency:
            self.scheduler.wait(self.draw_latency())
        self._wait_for_room(operation, _TRIES if program.limit > 60 else _QUICK_TRIES)
        if fault is Fault.NOT_DONE:
            raise not_reached()
        if fault in (Fault.TASK_ENDS, Fault.TASK_ENDS_UNHEARD):
            self.end_tasks(fault is Fault.TASK_ENDS)
            fault = None
        if fault is Fault.REFUSED:
            if operation not in self.own_refusals:
                raise refuse(operation, "ThrottlingException", "Rate exceeded")
            self.own_refusals[operation]()
        try:
            answer = self._do(effect, program, look)
        finally:
            if fault is Fault.KILLED:
                program.is_dead = True
                raise Death(f"{program.name} died after {operation}")
        if fault is Fault.LOST:
            raise answer_lost()
        return self._do(effect, program, look) if fault is Fault.REPEATED else answer

    def _do(self, effect: Callable[[], Any], program: Program, look: tuple[Any, ...] | None) -> Any:
        answer = effect()
        if look is None:
            self._seen.pop(program, None)
            for watch in self.watchers:
                watch()
        return answer

    def _pass_point(self, program: Program, operation: str, look: tuple[Any, ...] | None) -> Fault | None:
        if look is not None:
            seen = self._seen.setdefault(program, set())
            if look in seen:
                return None
            seen.add(look)
        point = Point(program, operation)
        self.points.append(point)
        fault = self.faults.get(len(self.points) - 1)
        if fault is None and self.choose_fault:
            fault = self.choose_fault(point)
        if self.before_point:
            self.before_point(point)
        return fault

    def _wait_for_room(self, operation: str, tries: int) -> None:
        """Wait and retry, as botocore does, when AWS reports too many requests."""
        for attempt in range(tries):
            if self.limits.let_pass(operation, self.scheduler.time):
                return
            self.scheduler.wait(min(2.0**attempt, 20))
        raise refuse(operation, "ThrottlingException", "Rate exceeded")


def operation(
    name: str, is_refused: Callable[..., bool] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a method of a simulated client as the AWS operation of that name, such as `ecs:RunTask`.

    `is_refused` returns whether a write would be refused now, so that asking again is a waiting poll.
    """
    reads = name.partition(":")[2].startswith(_READS)

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, **arguments: Any) -> Any:
            program = self.boundary.scheduler.current
            if Boundary.observer and program:
                Boundary.observer(program.name, name, arguments)
            waits = reads or (is_refused is not None and is_refused(self, **arguments))
            look = (name, *map(str, arguments.values())) if waits else None
            return self.boundary.call(name, lambda: method(self, **arguments), look)

        return call

    return mark


class Listing:
    """A paginator whose answers fit on one page."""

    def __init__(self, method: Callable[..., dict[str, Any]]) -> None:
        self._method = method

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """One page."""
        yield self._method(**arguments)
