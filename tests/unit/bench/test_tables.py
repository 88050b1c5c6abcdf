"""Tests of the tables, their statistics and the report of the load measurement."""

from typing import Any

import pytest

from bench.__main__ import MEASUREMENTS, main
from bench.lateness import format_lateness_table, measure_lateness
from bench.load import Sample, StudyRun, format_load_table
from bench.parallel_reads import format_reads_table, measure_reads
from bench.ready import Start, format_starts_table
from bench.tables import format_table, milliseconds, percentile
from tests.support.paths import ROOT


@pytest.mark.parametrize(("percent", "expected"), [(50, 2), (75, 3), (76, 4), (100, 4), (1, 1)])
def test_percentile_is_a_measured_value(percent: float, expected: float) -> None:
    """Given measured values, a percentile is the smallest of them that the given per cent do not exceed."""
    assert percentile([4, 1, 3, 2], percent) == expected


def test_milliseconds_are_the_median() -> None:
    """Given one slow run, the figure does not change."""
    assert milliseconds([0.001, 0.002, 9.0]) == "2.0"


def test_table_is_markdown() -> None:
    """Given rows, names are aligned to the left and figures to the right."""
    assert format_table(["a", "b"], [["x", 1]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"


def test_start_is_beyond_its_task_by_what_comes_before_and_after() -> None:
    """Given a start, the task's own time is not counted."""
    assert format_starts_table([Start(0.25, 2.0, 0.5)]).endswith("| 1 | 0.25 | 2.00 | 0.50 | 0.75 |\n")


def test_a_failed_run_says_why() -> None:
    """Given a participant who fails, the failure is a result of the measurement and does not end it."""

    class LostParticipant:
        answer: dict[str, Any] = {}

        def begin(self) -> None:
            raise ConnectionError("no route")

    run = StudyRun(LostParticipant()).run()  # type: ignore[arg-type]  # only begin() is used

    assert run.error == "ConnectionError: no route"


def test_load_table_groups_requests_by_kind() -> None:
    """Given samples of one kind from several participants, they share a row."""
    runs = [
        StudyRun(None, [Sample("poll", seconds)])  # type: ignore[arg-type]  # only samples are read
        for seconds in (1.0, 3.0)
    ]

    assert "| poll | 2 | 1.00 | 3.00 | 3.00 | 3.00 | 3.00 |" in format_load_table(runs)


def test_lateness_is_never_negative() -> None:
    """Given measured starts, no server is ready before its port responds and its name is known."""
    measured = measure_lateness(runs=5, seconds_to_sync=30.0)

    assert all(start.seconds >= 0 and start.name_polls > 0 for start in measured)
    assert "| name known after 30 s |" in format_lateness_table({30.0: measured})


def test_reads_are_measured_both_ways() -> None:
    """Given both ways to read, each reads both records, and the table names them."""
    measured = measure_reads(runs=1, delay=0.001)

    assert {way: len(seconds) for way, seconds in measured.items()} == {
        "in sequence": 1,
        "in parallel": 1,
    }
    assert "| 1 ms a call |" in format_reads_table({0.001: measured})


def test_command_runs_the_requested_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    """Given `python -m bench reads`, it writes that table and no other."""
    assert main(["reads", "--runs", "1", "--delay-ms", "1"]) == 0

    assert capsys.readouterr().out.count("## ") == 1


def test_every_command_of_the_documentation_is_known() -> None:
    """Given a measurement, docs/explanation/benchmarks.md names its command."""
    text = (ROOT / "docs/explanation/benchmarks.md").read_text(encoding="utf-8")

    assert [name for name in MEASUREMENTS if f"python -m bench {name}" not in text] == []
