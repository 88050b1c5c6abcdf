"""Tests of the measurement of stored bytes, which also hold the bounds that the documentation states."""

from bench.stored import KIB, LARGEST, MIB, Stored, format_studies_table, measure_requests


def test_a_large_request_stores_about_its_size() -> None:
    """Given 256 KiB of é, they are stored as they are; more requests never store over 2 MiB at once."""
    ((one, many),) = measure_requests(["French é"]).values()

    assert LARGEST <= one.newest <= LARGEST + 4 * KIB
    assert many.largest <= 2 * MIB
    assert many.newest == many.largest


def test_old_versions_of_a_study_are_those_that_are_not_the_newest() -> None:
    """Given the versions of one record, the table multiplies them by the participants."""
    table = format_studies_table(
        {"French": Stored(newest=2_000, largest=2_000, total=5_000, versions=3)}, 1_000
    )

    assert "| French | 2.0 | 2 | 3 |" in table
