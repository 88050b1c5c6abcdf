"""A progress bar on standard error, for people only: nothing of it reaches a pipe or a file."""

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

Advance = Callable[[str, int, int], None]  # of what, how many are done, of how many


@contextmanager
def show_progress(
    labels: dict[str, str], *, hidden: bool = False, in_bytes: bool = False
) -> Iterator[Advance]:
    """Gives the function that is told of each step; `labels` say what its first argument stands for."""
    count = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    console = Console(stderr=True)
    disabled = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=console, disable=disabled, transient=True) as bar:
        tasks = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(labels[what], total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield advance
