"""What a report shows: each chart with the figures that it is drawn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
_LAST = "; servers that were replaced are not counted"


@dataclass(frozen=True, slots=True)
class Listing:
    """A table under a title."""

    title: str
    names: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing (SVG, its texts escaped) with its figures."""

    title: str
    caption: str
    svg: str
    names: Sequence[str]
    rows: Sequence[Row]


def list_charts(summary: Summary) -> Iterator[Chart]:
    """Those for which there is anything to show."""
    if summary.steps:
        yield _show_funnel(summary)
        yield _show_drop_outs(summary)
    if any(step.seconds for step in summary.steps):
        yield _show_step_times(summary)
    if summary.ready_seconds:
        yield _show_ready_times(summary)
    if summary.days:
        yield from _show_days(summary)


def list_servers(summary: Summary) -> Iterator[Listing]:
    """Those that live, and those that failed."""
    if summary.servers:
        names = ("participant", "state", "age", "deadline", "cost so far, at most")
        yield Listing("Servers now", names, [*_list_living(summary)])
    if summary.failures:
        rows = [
            (failed.user, format_time(failed.time, summary.now), failed.reason) for failed in summary.failures
        ]
        yield Listing("Servers that failed", ("participant", "when", "why"), rows)


def _list_living(summary: Summary) -> Iterator[Row]:
    for server in summary.servers:
        deadline = format_time(server.deadline, summary.now) + (" passed" if server.late else "")
        yield server.user, server.state, format_duration(server.age), deadline, format_dollars(server.cost)


def _show_funnel(summary: Summary) -> Chart:
    rows = [(step.step, step.file, step.reached, step.reached_today) for step in summary.steps]
    names = ("step", "page", "so far", "today")
    return Chart("Funnel", "How many have come to each step", draw_funnel(summary), names, rows)


def _show_drop_outs(summary: Summary) -> Chart:
    rows = [(step.step, step.file, step.gone, step.here) for step in summary.steps]
    names = ("step", "page", "gone", "there now")
    return Chart("Drop-outs", "Where people went away", draw_drop_outs(summary), names, rows)


def _show_step_times(summary: Summary) -> Chart:
    rows = [
        (step.step, step.file, len(step.seconds), *map(format_duration, step.quartiles))
        for step in summary.steps
        if step.quartiles
    ]
    caption = "The middle half of people, and the median; at the game with the wait for the server"
    names = ("step", "page", "participants", "a quarter", "half", "three quarters")
    return Chart("Time per step", caption, draw_step_times(summary), names, rows)


def _show_ready_times(summary: Summary) -> Chart:
    ordered = sorted(summary.ready_seconds)
    places = {"fastest": 0, "half": (len(ordered) - 1) // 2, "slowest": -1}
    rows = [(name, format_duration(ordered[place])) for name, place in places.items()]
    caption = f"How long {len(ordered)} servers took to start"
    return Chart("Time to ready", caption, draw_ready_times(summary), ("", "time"), rows)


def _show_days(summary: Summary) -> Iterator[Chart]:
    rows = [
        (day, f"{figures.minutes:.0f}", format_dollars(figures.cost)) for day, figures in summary.days.items()
    ]
    names = ("day", "server minutes", "cost at most")
    yield Chart("Server minutes", f"By day{_LAST}", draw_days(summary, costs=False), names, rows)
    yield Chart("Cost", f"By day, at most{_LAST}", draw_days(summary, costs=True), names, rows)
