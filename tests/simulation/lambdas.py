"""Lambda: asynchronous invocations with two retries and a dead-letter queue, and a time limit.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
A retry is the same event under the same request id, a minute after the first failure and two after the
second. A function that ran out of time or memory has failed like one that raised. An execution environment
serves one invocation at a time and is reused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.scheduler import Program, Scheduler
from tests.simulation.sns import Message

RETRY_AFTER = (60.0, 120.0)


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context of an invocation."""

    aws_request_id: str
    scheduler: Scheduler
    ends: float

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return int((self.ends - self.scheduler.time) * 1000)


@dataclass(slots=True)
class Invocation:
    """One asynchronous event on its way through a function; `retries` are those it still has."""

    function: str
    message: Message
    request_id: str
    retries: list[float] = field(default_factory=lambda: list(RETRY_AFTER))
    has_dead_letters: bool = True
    program: Program | None = None


@dataclass(slots=True)
class Function:
    """A deployed function: what it runs, and its time limit in seconds."""

    handler: Callable[[dict[str, Any], Context], Any]
    timeout: float


class SimulatedLambda:
    """Functions by name. `in_flight` are the events that it holds, `dead_letters` those it has given up."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.functions: dict[str, Function] = {}
        self.in_flight: list[Invocation] = []
        self.dead_letters: list[Invocation] = []
        self.unexpected: list[BaseException] = []
        self.form_invocation: Callable[[str, Message, str], Invocation] = Invocation
        self.programs: list[Program] = []  # those that are running
        self._count = 0

    def invoke_later(self, function: str, message: Message) -> Invocation:
        """Accept an event for asynchronous invocation."""
        self._count += 1
        invocation = self.form_invocation(function, message, f"{function}-{self._count}")
        self.in_flight.append(invocation)
        self._begin(invocation)
        return invocation

    def invoke(self, function: str, event: dict[str, Any]) -> Program:
        """Invoke and wait: a synchronous invocation, which is not retried."""
        self._count += 1
        return self._run(function, event, f"{function}-{self._count}")

    def _run(self, function: str, event: dict[str, Any], request_id: str) -> Program:
        deployed = self.functions[function]
        context = Context(request_id, self._scheduler, self._scheduler.time + deployed.timeout)
        program = self._scheduler.begin(
            request_id, lambda: deployed.handler(event, context), deployed.timeout
        )
        self.programs.append(program)
        program.when_over = self._forget
        return program

    def _forget(self, program: Program) -> None:
        self.programs.remove(program)
        if program.error is not None and not program.is_dead:
            self._note(program.error)

    def _begin(self, invocation: Invocation) -> None:
        program = self._run(invocation.function, invocation.message.as_event(), invocation.request_id)
        invocation.program = program
        program.when_over = lambda over: self._end(invocation, over)

    def _end(self, invocation: Invocation, program: Program) -> None:
        self._forget(program)
        if program.error is None:
            self.in_flight.remove(invocation)
        elif invocation.retries:
            self._scheduler.plan(invocation.retries.pop(0), lambda: self._begin(invocation))
        else:
            self.in_flight.remove(invocation)
            if invocation.has_dead_letters:
                self.dead_letters.append(invocation)

    def _note(self, error: BaseException) -> None:
        """Note an error: handlers raise this project's errors only, and any other is a defect."""
        if not type(error).__module__.startswith("hippo."):
            self.unexpected.append(error)
