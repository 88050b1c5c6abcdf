"""The content of a report: each chart with its figures, and tables of servers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hippo_cli.findings import format_count
from hippo_cli.reports.charts import (
    draw_days,
    draw_drop_outs,
    draw_funnel,
    draw_ready_times,
    draw_step_times,
)
from hippo_cli.reports.formatting import format_dollars, format_duration, format_time
from hippo_cli.reports.summary import Summary

Row = Sequence[object]
_NOT_COUNTED = ", not counting replaced servers"


@dataclass(frozen=True, slots=True)
class TitledTable:
    """A table with a title."""

    title: str
    names: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, as SVG with escaped text, and its figures."""

    title: str
    caption: str
    svg: str
    names: Sequence[str]
    rows: Sequence[Row]


def list_charts(summary: Summary) -> Iterator[Chart]:
    """Yield the charts that have data."""
    if any(step.reached for step in summary.steps):
        yield _show_funnel(summary)
    if any(step.dropped_out for step in summary.steps):
        yield _show_drop_outs(summary)
    if any(step.seconds for step in summary.steps):
        yield _show_step_times(summary)
    if summary.ready_seconds:
        yield _show_ready_times(summary)
    if summary.days:
        yield from _show_days(summary)


def list_servers(summary: Summary) -> Iterator[TitledTable]:
    """Yield the tables of current servers, of delayed starts and of failed servers."""
    if summary.servers:
        names = ("participant", "state", "age", "deadline", "maximum cost so far")
        yield TitledTable("Current servers", names, [*_list_current(summary)])
    if delayed := [server for server in summary.servers if server.problem]:
        rows = [(server.user, format_duration(server.age), server.problem) for server in delayed]
        yield TitledTable("Delayed starts", ("participant", "waiting for", "last problem"), rows)
    if summary.failures:
        rows = [
            (failed.user, format_time(failed.time, summary.now), failed.reason) for failed in summary.failures
        ]
        yield TitledTable("Failed servers", ("participant", "time", "reason"), rows)


def _list_current(summary: Summary) -> Iterator[Row]:
    for server in summary.servers:
        deadline = format_time(server.deadline, summary.now) + (" passed" if server.overdue else "")
        yield server.user, server.state, format_duration(server.age), deadline, format_dollars(server.cost)


def _show_funnel(summary: Summary) -> Chart:
    rows = [(step.step, step.file, step.reached, step.reached_today) for step in summary.steps]
    names = ("step", "page", "total", "today")
    return Chart("Funnel", "Participants who reached each step", draw_funnel(summary), names, rows)


def _show_drop_outs(summary: Summary) -> Chart:
    rows = [(step.step, step.file, step.dropped_out, step.active) for step in summary.steps]
    names = ("step", "page", "dropped out", "active now")
    return Chart(
        "Drop-outs", "Participants who dropped out at each step", draw_drop_outs(summary), names, rows
    )


def _show_step_times(summary: Summary) -> Chart:
    rows = [
        (step.step, step.file, len(step.seconds), *map(format_duration, step.quartiles))
        for step in summary.steps
        if step.quartiles
    ]
    caption = "Middle half and median; the game's time includes the wait for the server"
    names = ("step", "page", "participants", "first quartile", "median", "third quartile")
    return Chart("Time per step", caption, draw_step_times(summary), names, rows)


def _show_ready_times(summary: Summary) -> Chart:
    ordered = sorted(summary.ready_seconds)
    ranks = {"fastest": 0, "median": (len(ordered) - 1) // 2, "slowest": -1}
    rows = [(name, format_duration(ordered[rank])) for name, rank in ranks.items()]
    caption = f"Start time of {format_count(len(ordered), 'server')}"
    return Chart("Time to ready", caption, draw_ready_times(summary), ("", "time"), rows)


def _show_days(summary: Summary) -> Iterator[Chart]:
    rows = [
        (day, f"{figures.minutes:.0f}", format_dollars(figures.cost)) for day, figures in summary.days.items()
    ]
    names = ("day", "server minutes", "maximum cost")
    yield Chart("Server minutes", f"By day{_NOT_COUNTED}", draw_days(summary, costs=False), names, rows)
    yield Chart("Cost", f"Maximum cost by day{_NOT_COUNTED}", draw_days(summary, costs=True), names, rows)
