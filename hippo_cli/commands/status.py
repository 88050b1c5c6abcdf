"""`hippo status`: the progress of participants and their servers, once, continuously, or as a report."""

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from hippo.clock import SystemClock
from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.errors import MachineError, UsageError
from hippo_cli.output import JsonOption, make_console, say, show_json, show_json_line, show_lines
from hippo_cli.progress import show_progress
from hippo_cli.reports.journeys import READING
from hippo_cli.reports.json_report import build_json
from hippo_cli.reports.summary import Summary
from hippo_cli.reports.terminal import render
from hippo_cli.reports.watch import Observer, watch

_LEAST_SECONDS, _MOST_SECONDS = 2, 86400


def status(
    context: typer.Context,
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id (default: the study in this folder).")
    ] = None,
    watching: Annotated[bool, typer.Option("--watch", "-w", help="Refresh until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two refreshes.")] = 10,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report with charts into one file.")
    ] = None,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show participants by step, today's participants, and servers that wait, run or have failed."""
    if watching and html:
        raise UsageError("--watch and --html cannot be combined", "Pass only one of them.")
    if not _LEAST_SECONDS <= interval <= _MOST_SECONDS:
        raise UsageError(
            f"--interval {interval:g} is out of range", f"Pass {_LEAST_SECONDS} to {_MOST_SECONDS} seconds."
        )
    if html:
        _check_charts()
    found = open_project(context.obj, project, bucket)
    observer = Observer(found, SystemClock())

    def look(*, hidden: bool = as_json or watching) -> Summary:
        with show_progress({READING: "participants"}, hidden=hidden) as advance:
            return observer.look(advance)

    if watching:
        if not as_json:
            look(hidden=False)  # the first takes longest; the others read only what has changed
        _watch(look, interval, as_json)
        return
    summary = look()
    if html:
        _write_report(summary, html)
    if as_json:
        show_json(build_json(summary))
    elif html:
        say(f"{html}: a report on {summary.total} participants; open it in a browser.")
    else:
        show_lines(render(summary))


def _watch(look: Callable[[], Summary], interval: float, as_json: bool) -> None:
    def pause() -> None:
        time.sleep(interval)

    if as_json:
        watch(look, lambda summary, note: show_json_line({**build_json(summary), "note": note}), pause)
        return
    if not sys.stdout.isatty():
        watch(look, lambda summary, note: show_lines(render(summary, note)), pause)
        return
    with Live(console=make_console(), auto_refresh=False, screen=True) as live:
        watch(look, lambda summary, note: live.update(render(summary, note), refresh=True), pause)


def _check_charts() -> None:
    """Raise MachineError if charts cannot be drawn. They need an extra that most users do not install."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MachineError(
            "charts need the extra `report`, which is not installed",
            "Install it: `uv tool install '.[report]'` or `pip install '.[report]'`.",
        )


def _write_report(summary: Summary, path: Path) -> None:
    from hippo_cli.reports.html import write_report

    write_report(summary, path)
