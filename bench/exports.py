"""Memory and time of `hippo export`, by the number of participants."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.tables import format_table

ROOT = Path(__file__).parents[1]
SIZES = (100, 1_000, 10_000)
_ANSWER_BYTES = 1_000


def measure_exports(sizes: tuple[int, ...] = SIZES) -> dict[int, dict[str, float]]:
    """Return seconds, megabytes and rows by the number of participants, each from its own process."""
    return {size: _measure(size) for size in sizes}


def _measure(participants: int) -> dict[str, float]:
    script = ROOT / "bench" / "children" / "export_project.py"
    with TemporaryDirectory() as directory:
        arguments = [str(ROOT), f"{directory}/out", str(participants), str(_ANSWER_BYTES)]
        done = subprocess.run(
            [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True, check=True
        )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def format_exports_table(figures: dict[int, dict[str, float]]) -> str:
    """Return a table with a row for each number of participants."""
    rows = (
        (f"{size:,}", f"{each['rows']:,.0f}", f"{each['seconds']:.1f}", f"{each['megabytes']:.0f}")
        for size, each in figures.items()
    )
    return format_table(("participants", "answers", "seconds", "most memory, MB"), rows)
