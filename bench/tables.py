"""Figures as Markdown tables, and what is taken from many of them."""

import statistics
from collections.abc import Iterable, Sequence


def format_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are numbers and stand to the right."""
    lines = [_format_row(headers), _format_row(["---", *("---:" for _ in headers[1:])])]
    return "\n".join([*lines, *(_format_row(row) for row in rows)]) + "\n"


def _format_row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many per cent of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def milliseconds(seconds: Iterable[float]) -> str:
    """The median, in milliseconds."""
    return f"{1000 * statistics.median(seconds):.1f}"
