"""Two invocations at once, in every order of their AWS calls with up to so many pre-emptions.

A schedule such as `(3, 5)` means: the first one makes three calls and is held before its fourth; the second
makes five and is held; the first continues to its end, then the second. A held one may be held until its time
is up. Programs are not held at waiting polls (see boundary), in which time passes as usual.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.simulation.boundary import Point
from tests.simulation.cases import repeat_start
from tests.simulation.scheduler import Program
from tests.simulation.world import World

Schedule = tuple[int, ...]
UNBOUNDED = 99  # pre-emptions: more than any two invocations have


@dataclass(slots=True)
class Switcher:
    """A switch between two programs: it holds one while the other makes its calls."""

    world: World
    schedule: Schedule
    programs: list[Program] = field(default_factory=list)
    turn: int = 0
    switches: int = 0
    made: int = 0  # calls of the program whose turn it is, since it has it

    def begin(self, *programs: Program) -> None:
        """Hold and release these two programs from now on."""
        self.programs = list(programs)
        for program in programs:
            self._follow(program)
        self.world.boundary.before_point = self._meet

    def _follow(self, program: Program) -> None:
        before = program.when_over

        def end(over: Program) -> None:
            if before:
                before(over)
            self._give_turn(1 - self.programs.index(over))

        program.when_over = end

    def _meet(self, point: Point) -> None:
        """Decide before a call of one of the two."""
        program = point.program
        if program is None or program not in self.programs:
            return
        number = self.programs.index(program)
        if number != self.turn:
            self.world.scheduler.freeze()
        elif self._is_to_switch() and not self.programs[1 - number].is_over:
            self.switches += 1
            self._give_turn(1 - number)
            self.world.scheduler.freeze()
        self.made += 1

    def _is_to_switch(self) -> bool:
        return self.switches < len(self.schedule) and self.made == self.schedule[self.switches]

    def _give_turn(self, number: int) -> None:
        self.turn, self.made = number, 0
        self.world.scheduler.thaw(self.programs[number])


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two invocations: how the world is before, and how they begin; `most` is the number of pre-emptions."""

    prepare: Callable[[World], None]
    begin: Callable[[World], tuple[Program, Program]]
    finish: Callable[[World], None]
    most: int = 3


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a meeting, and what it violates, if anything."""

    schedule: Schedule
    swapped: bool
    error: Exception | None

    def __str__(self) -> str:
        numbers = ",".join(map(str, self.schedule))
        return f"{'swapped' if self.swapped else 'as named'}/{numbers}"


def run_schedule(meeting: Meeting, schedule: Schedule, *, swapped: bool = False) -> tuple[Switcher, Order]:
    """Run one order in a world of its own."""
    world = World()
    meeting.prepare(world)
    first, second = meeting.begin(world)
    switcher = Switcher(world, schedule)
    switcher.begin(*((second, first) if swapped else (first, second)))
    error = None
    try:
        for program in (first, second):
            world.scheduler.run_program(program)
        world.boundary.before_point = None
        meeting.finish(world)
        world.settle()
        repeat_start(world)
    except AssertionError as violation:
        error = violation
    return switcher, Order(schedule, swapped, error)


def explore(meeting: Meeting) -> Iterator[Order]:
    """Yield every order once; a schedule is extended as far as its switches take effect."""
    for swapped in (False, True):
        yield run_schedule(meeting, (), swapped=swapped)[1]
        yield from _extend(meeting, (), swapped)


def _extend(meeting: Meeting, before: Schedule, swapped: bool) -> Iterator[Order]:
    # A program makes at least one call in its turn: otherwise the order is that of a shorter schedule.
    number = 1
    while True:
        schedule = (*before, number)
        switcher, order = run_schedule(meeting, schedule, swapped=swapped)
        if switcher.switches < len(schedule):
            return
        yield order
        if len(schedule) < meeting.most:
            yield from _extend(meeting, schedule, swapped)
        number += 1
