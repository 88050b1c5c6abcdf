"""Compare-and-swap against rival writers: how often to try, and how long to pause before the next try."""

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from hippo.clock import Clock
from hippo.errors import ConflictError, TransientError

T = TypeVar("T")

# All pauses together take less than two seconds; a request's own retry (functions/next_step/app.py) follows.
MOST_TRIES = 10
_LEAST_PAUSE, _PAUSE_STEP = 0.02, 0.04  # seconds


def list_tries(clock: Clock, most: int = MOST_TRIES) -> Iterator[int]:
    """Yield the numbers of the tries, with a pause before each but the first.

    The pauses grow and have jitter, so that rivals do not collide again.
    """
    for number in range(most):
        if number:
            clock.sleep(random.uniform(_LEAST_PAUSE, _PAUSE_STEP * number))
        yield number


def retry_conflicts(clock: Clock, what: str, swap: Callable[[], T], most: int = MOST_TRIES) -> T:
    """Return the result of `swap`, which reads, decides and writes, and is repeated when it loses a conflict.

    Raises TransientError naming `what` when rivals keep winning.
    """
    for _ in list_tries(clock, most):
        try:
            return swap()
        except ConflictError:
            continue
    raise TransientError(f"{what}: others kept changing it, try again")
