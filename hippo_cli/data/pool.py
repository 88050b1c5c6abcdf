"""Concurrent requests with a bounded number of results in memory."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
WORKERS = 8  # a botocore client keeps ten connections


def map_bounded(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS
) -> Generator[Result, None, None]:
    """Yield results as they complete. At most 2 x `workers` items are in progress or not yet consumed.

    The first error ends the iteration. Results completed before it are yielded first, and items not yet
    started are dropped.
    """
    pending: set[Future[Result]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.add(pool.submit(work, item))
                if len(pending) >= 2 * workers:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from _list_results(done)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from _list_results(done)
        finally:
            for future in pending:
                future.cancel()


def _list_results(done: Iterable[Future[Result]]) -> Iterator[Result]:
    for future in sorted(done, key=lambda finished: finished.exception() is not None):
        yield future.result()
