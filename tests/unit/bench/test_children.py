"""Tests of the measurements in fresh interpreters; no time or size is asserted, since machines differ."""

import pytest

from bench.cold_starts import format_cold_starts_table, measure_cold_starts
from bench.lambda_python import FUNCTIONS
from bench.memory import format_memory_table, measure_memory


def test_every_handler_is_imported_cold() -> None:
    """Given an interpreter with boto3 only, each function creates its first client."""
    measured = measure_cold_starts(runs=1)

    assert sorted(measured) == FUNCTIONS
    assert all(own > 0 and yardstick > 0 for ((own, yardstick),) in measured.values())
    assert all(f"`{name}`" in format_cold_starts_table(measured) for name in FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_responds_in_its_own_interpreter(function: str) -> None:
    """Given two requests over HTTP, the function handles both, and its process is larger afterwards."""
    measured = measure_memory((function,))

    figures = measured[function]
    assert figures["empty"] <= figures["imported"] < figures["after first"] <= figures["after second"]
    assert f"`{function}`" in format_memory_table(measured)
