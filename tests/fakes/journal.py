"""Every call to a fake in order, and what a test lets happen at one of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


class Crash(BaseException):  # noqa: N818  # not an error of the code: the invocation's process is gone
    """The invocation ends here and now, as when Lambda runs out of time: no `except Exception` sees it."""


@dataclass(slots=True)
class Call:
    """One call, such as `containers.run_task`, and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(slots=True)
class _Plan:
    name: str
    act: Callable[[], None]
    times: int
    after: bool


@dataclass
class Journal:
    """The calls of one test's fakes."""

    calls: list[Call] = field(default_factory=list)
    _plans: list[_Plan] = field(default_factory=list)

    @contextmanager
    def call(self, name: str, /, **arguments: Any) -> Iterator[None]:
        """Note a call; what is planned for it happens before or after its effect."""
        self.calls.append(Call(name, arguments))
        number = len(self.calls) - 1
        self._carry_out(name, number, after=False)
        yield
        self._carry_out(name, number, after=True)

    def fail(self, name: str, error: BaseException, *, times: int = 1) -> None:
        """Let the next `times` calls of that name raise without an effect."""
        self._plans.append(_Plan(name, _raiser(error), times, after=False))

    def lose_answer(self, name: str, error: BaseException) -> None:
        """Let the next call of that name take effect, and raise."""
        self._plans.append(_Plan(name, _raiser(error), 1, after=True))

    def before(self, name: str, act: Callable[[], object]) -> None:
        """Let something happen just before the next call of that name takes effect."""
        self._plans.append(_Plan(name, lambda: (act(), None)[1], 1, after=False))

    def after(self, name: str, act: Callable[[], object]) -> None:
        """Let something happen just after the next call of that name has taken effect."""
        self._plans.append(_Plan(name, lambda: (act(), None)[1], 1, after=True))

    def crash_at(self, number: int, *, after: bool) -> None:
        """Let the invocation end at the call with that number, before or after its effect."""
        self._plans.append(_Plan(f"#{number}", _raiser(Crash()), 1, after))

    def names(self, *prefixes: str) -> list[str]:
        """Return the calls in order, all or those that begin with a prefix."""
        return [call.name for call in self.calls if not prefixes or call.name.startswith(prefixes)]

    def arguments(self, name: str) -> list[dict[str, Any]]:
        """Return the arguments of each call of that name."""
        return [call.arguments for call in self.calls if call.name == name]

    def _carry_out(self, name: str, number: int, *, after: bool) -> None:
        for plan in self._plans:
            if plan.times and plan.after is after and plan.name in (name, f"#{number}"):
                plan.times -= 1
                plan.act()
                return


def _raiser(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act
