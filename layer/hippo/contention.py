"""Compare-and-swap against rival writers: how often to try, and how long to pause before the next try.

A loop of MOST_WRITE_TRIES pauses for 1.8 s at most. A newcomer's request can meet three such loops
(admission, group, participant's record) and one of four tries (the count of finished participants), so it
pauses for 5.6 s at most. `next_step` repeats a request no later than 10 s (MARGIN_SECONDS) before Lambda ends
it: these pauses fit into that reserve, but not together with a call that hangs for 10 s.
docs/decisions/0103-one-policy-for-compare-and-swap.md has the reasons.
"""

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from hippo.clock import Clock
from hippo.errors import ConflictError, TransientError

T = TypeVar("T")

# Tries of one write; the attempts to start a server are counted elsewhere (MAX_ATTEMPTS, records/server.py).
MOST_WRITE_TRIES = 10
_LEAST_PAUSE, _PAUSE_STEP = 0.02, 0.04  # seconds


def list_write_tries(clock: Clock, most: int = MOST_WRITE_TRIES) -> Iterator[int]:
    """Yield the numbers of the tries, with a pause before each but the first.

    The pauses grow and have jitter, so that rivals do not collide again.
    """
    for number in range(most):
        if number:
            clock.sleep(random.uniform(_LEAST_PAUSE, _PAUSE_STEP * number))
        yield number


def retry_conflicts(clock: Clock, what: str, swap: Callable[[], T], most: int = MOST_WRITE_TRIES) -> T:
    """Return the result of `swap`, which is repeated when it loses a conflict.

    `swap` is a whole unit of work: it reads, decides, writes and does what follows from the write. For a stop
    that includes the teardown, so each repetition must be harmless. Raises TransientError naming `what` when
    rivals keep winning.
    """
    for _ in list_write_tries(clock, most):
        try:
            return swap()
        except ConflictError:
            continue
    raise TransientError(f"{what}: others kept changing it, try again")
