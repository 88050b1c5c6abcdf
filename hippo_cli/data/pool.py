"""Many requests at once, few results held at once."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
WORKERS = 8  # a client of botocore keeps ten connections


def map_bounded(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS
) -> Generator[Result, None, None]:
    """Results as they come; `items` are taken only as fast as results are, 2 x `workers` at most in hand.

    The first error ends it: what was done by then is given first, what had not begun is dropped.
    """
    waiting: set[Future[Result]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.add(pool.submit(work, item))
                if len(waiting) >= 2 * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from _give(done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from _give(done)
        finally:
            for future in waiting:
                future.cancel()


def _give(done: Iterable[Future[Result]]) -> Iterator[Result]:
    for future in sorted(done, key=lambda finished: finished.exception() is not None):
        yield future.result()
