"""Markdown tables of figures, and their statistics."""

import statistics
from collections.abc import Iterable, Sequence


def format_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are numbers and aligned to the right."""
    lines = [_format_row(headers), _format_row(["---", *("---:" for _ in headers[1:])])]
    return "\n".join([*lines, *(_format_row(row) for row in rows)]) + "\n"


def _format_row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` per cent of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def milliseconds(seconds: Iterable[float]) -> str:
    """Return the median, in milliseconds."""
    return f"{1000 * statistics.median(seconds):.1f}"
