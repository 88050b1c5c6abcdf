"""Memory and time of `hippo export`: whether they grow with the number of participants."""

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
    """By the number of participants: seconds, megabytes, rows; each in a process of its own."""
    return {size: _measure(size) for size in sizes}


def _measure(participants: int) -> dict[str, float]:
    script = ROOT / "bench" / "children" / "export_project.py"
    with TemporaryDirectory() as directory:
        words = [str(ROOT), f"{directory}/out", str(participants), str(_ANSWER_BYTES)]
        done = subprocess.run(
            [sys.executable, str(script), *words], stdout=subprocess.PIPE, text=True, check=True
        )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def format_exports_table(figures: dict[int, dict[str, float]]) -> str:
    """As Markdown."""
    rows = (
        (f"{size:,}", f"{each['rows']:,.0f}", f"{each['seconds']:.1f}", f"{each['megabytes']:.0f}")
        for size, each in figures.items()
    )
    return format_table(("participants", "answers", "seconds", "most memory, MB"), rows)
