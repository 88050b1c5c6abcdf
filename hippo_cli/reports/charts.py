"""The charts of a report as SVG, drawn by matplotlib. Text stays text, so that it can be searched and scaled.

Each chart is as wide as a phone's screen. On wider screens the page shows several side by side.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from hippo_cli.output import only_printable
from hippo_cli.reports.formatting import format_duration
from hippo_cli.reports.summary import StepCount, Summary

_WIDTH = 4.6  # inches of 72 points: 331 SVG units
_BLUE, _LIGHT, _RED, _GREY = "#1f5fa8", "#9ec3e6", "#c0392b", "#59636e"
_MAX_NAME_LENGTH = 19
_MAX_DAYS = 31
_BINS = 12
_SPACE = 1.2  # of an axis, so that the label of the longest bar fits
_TICKS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)  # seconds
_MAX_TICKS = 4
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hippo",  # the same data produce the same file
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def draw_funnel(summary: Summary) -> str:
    """Return a chart of the participants who reached each step, in total and today."""
    names = [_name(step) for step in summary.steps]
    with _figure(len(names)) as (figure, axes):
        rows = range(len(names))
        axes.barh(rows, [step.reached for step in summary.steps], color=_LIGHT, label="total")
        axes.barh(
            rows, [step.reached_today for step in summary.steps], height=0.4, color=_BLUE, label="today"
        )
        for row, step in zip(rows, summary.steps, strict=True):
            _label(axes, str(step.reached), step.reached, row)
        _name_rows(axes, names)
        axes.set_xlabel("participants")
        _show_counts(axes, max((step.reached for step in summary.steps), default=0))
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0)
    return figure.svg


def draw_drop_outs(summary: Summary) -> str:
    """Return a chart of the participants who dropped out at each step."""
    names = [_name(step) for step in summary.steps]
    with _figure(len(names)) as (figure, axes):
        dropped_out = [step.dropped_out for step in summary.steps]
        axes.barh(range(len(names)), dropped_out, color=_RED, height=0.6)
        for row, number in enumerate(dropped_out):
            if number:
                _label(axes, str(number), number, row)
        _name_rows(axes, names)
        axes.set_xlabel("participants who dropped out")
        _show_counts(axes, max(dropped_out, default=0))
    return figure.svg


def draw_step_times(summary: Summary) -> str:
    """Return a chart of the time at each step: the middle half of the participants and the median."""
    steps = [step for step in summary.steps if step.seconds]
    with _figure(len(steps)) as (figure, axes):
        for row, step in enumerate(steps):
            low, middle, high = step.quartiles or (0.0, 0.0, 0.0)
            axes.barh(row, max(high - low, 0), left=low, height=0.6, color=_LIGHT)
            axes.plot([middle, middle], [row - 0.3, row + 0.3], color=_BLUE, linewidth=2.5)
            _label(axes, format_duration(middle), high, row)
        _name_rows(axes, [_name(step) for step in steps])
        _show_durations(axes, max(step.quartiles[2] for step in steps if step.quartiles))
        axes.set_xlabel("middle half and median")
    return figure.svg


def draw_ready_times(summary: Summary) -> str:
    """Return a chart of the time from the request of a server until it was ready."""
    shortest, longest = min(summary.ready_seconds), max(summary.ready_seconds)
    with _figure(5) as (figure, axes):
        axes.hist(
            summary.ready_seconds,
            bins=min(_BINS, max(3, len(summary.ready_seconds))),
            range=(shortest, max(longest, shortest + 1)),
            color=_BLUE,
            rwidth=0.92,
        )
        _show_durations(axes, longest)
        axes.set_xlabel("time from request to ready")
        axes.set_ylabel("servers")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    return figure.svg


def draw_days(summary: Summary, *, costs: bool) -> str:
    """Return a chart of server minutes or maximum costs by day."""
    days = list(summary.days.items())[-_MAX_DAYS:]
    with _figure(5) as (figure, axes):
        values = [figures.cost if costs else figures.minutes for _, figures in days]
        axes.bar(range(len(days)), values, color=_BLUE, width=0.7)
        every = max(1, -(-len(days) // 6))
        shown = range(0, len(days), every)
        axes.set_xticks(list(shown), [f"{days[index][0]:%d %b}" for index in shown])
        axes.set_xlim(-0.6, max(len(days), 4) - 0.4)
        axes.set_ylim(0, 1.05 * max(values) or 1)
        axes.set_ylabel("USD, maximum" if costs else "server minutes")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure.svg


class _Drawing:
    """A figure whose SVG text is available once it is complete."""

    svg = ""


@contextmanager
def _figure(rows: int) -> Iterator[tuple[_Drawing, Axes]]:
    drawing = _Drawing()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Warnings about characters that matplotlib's own font lacks. Browsers have other fonts.
        warnings.filterwarnings("ignore", "Glyph")
        figure = Figure(figsize=(_WIDTH, 0.9 + 0.34 * max(rows, 3)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        yield drawing, axes
        axes.margins(x=0.16 if axes.get_ylabel() == "" else 0.02)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # The page is HTML, so the SVG must not contain an XML declaration or a doctype.
    drawing.svg = re.sub(r"^.*?(?=<svg)", "", text.getvalue(), count=1, flags=re.DOTALL)


def _name(step: StepCount) -> str:
    name = only_printable(step.file).removesuffix(".html") or "?"
    name = name if len(name) <= _MAX_NAME_LENGTH else f"{name[: _MAX_NAME_LENGTH - 1]}…"
    return f"{step.step} {name}"


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows from top to bottom."""
    axes.set_yticks(list(range(len(names))), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _label(axes: Axes, text: str, end: float, row: int) -> None:
    """Write a text after the end of a bar."""
    axes.annotate(text, (end, row), (3, 0), textcoords="offset points", va="center")


def _show_counts(axes: Axes, most: int) -> None:
    """Begin the axis at 0, with ticks at whole numbers, and leave space for the labels of the bars."""
    axes.set_xlim(0, _SPACE * max(most, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))


def _show_durations(axes: Axes, longest: float) -> None:
    """Format the axis as durations, with a few ticks at round values."""
    longest = max(longest, 1)
    step = next((step for step in _TICKS if longest / step <= _MAX_TICKS), longest / _MAX_TICKS)
    axes.set_xlim(0, _SPACE * longest)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: format_duration(max(seconds, 0.0))))
