"""Cold import of each handler, as a ratio to `import boto3` with one client."""

import statistics
from collections.abc import Mapping
from pathlib import Path

from bench.lambda_python import FIRST_SERVICE, FUNCTIONS, ROOT, find_folders, run_child, unpack_functions
from bench.tables import format_table, milliseconds


def measure_cold_starts(runs: int, tree: Path = ROOT) -> dict[str, list[tuple[float, float]]]:
    """Return, for each function, pairs of seconds: the handler's, and the baseline's right before it.

    They are measured in pairs because a busy machine slows both. `tree` holds layer/ and functions/.
    """
    with unpack_functions(tree) as package:
        pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in FUNCTIONS}
        for _ in range(runs):
            for name, done in pairs.items():
                done.append(_measure_pair(package, name))
    return pairs


def _measure_pair(package: Path, function: str) -> tuple[float, float]:
    service = FIRST_SERVICE.get(function, "s3")
    baseline = float(run_child("cold_start.py", service))
    return float(run_child("cold_start.py", service, *find_folders(package, function))), baseline


def format_cold_starts_table(measured: Mapping[str, list[tuple[float, float]]]) -> str:
    """Return a table with a row for each function; figures are medians."""
    rows = [
        [
            f"`{name}`",
            FIRST_SERVICE.get(name, "s3"),
            milliseconds(baseline for _, baseline in pairs),
            milliseconds(own for own, _ in pairs),
            f"{statistics.median(own / baseline for own, baseline in pairs):.2f}",
        ]
        for name, pairs in measured.items()
    ]
    return format_table(
        ["function", "first client", "boto3 and client, ms", "handler and client, ms", "ratio"], rows
    )
