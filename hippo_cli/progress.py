"""A progress bar on standard error, shown only on a terminal and never written to a pipe or file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[str, int, int], None]  # task, number done, total


@contextmanager
def show_progress(
    labels: dict[str, str], *, hidden: bool = False, in_bytes: bool = False
) -> Iterator[Advance]:
    """Yield the function that reports progress. `labels` holds the text for each task."""
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    console = Console(stderr=True)
    disabled = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=console, disable=disabled, transient=True) as bar:
        tasks = {}

        def advance(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(labels[task], total=total)
            bar.update(tasks[task], completed=done, total=total)

        yield advance
