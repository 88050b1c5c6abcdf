"""Changing an object that many requests share: by compare-and-swap, with jitter and a bound."""

import random
from collections.abc import Callable
from typing import TypeVar

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.errors import ConflictError, TransientError

T = TypeVar("T")

# In all under two seconds of waiting: a request's own retry (functions/next_step/app.py) goes on from there.
MOST_TRIES = 8


def change_object(
    store: ObjectStore,
    key: str,
    clock: Clock,
    change: Callable[[bytes | None], tuple[bytes | None, T]],
    tries: int = MOST_TRIES,
) -> T:
    """Carry out a change and give its result: one read and one write, and two more for each faster rival.

    `change` gets the content, None where there is no object yet, and gives the new content, None to leave it
    as it is. It is carried out anew on what a rival has written, so it has to find its own effect there:
    botocore may have tried a write again that had succeeded. Raises TransientError when rivals keep winning.
    """
    for attempt in range(tries):
        stored = store.read(key)
        body, result = change(stored.body if stored else None)
        if body is None:
            return result
        try:
            if stored:
                store.replace(key, body, stored.etag)
            else:
                store.create(key, body)
        except ConflictError:
            clock.sleep(random.uniform(0.02, 0.04 * (attempt + 1)))
            continue
        return result
    raise TransientError(f"{key}: others kept changing it, try again")
