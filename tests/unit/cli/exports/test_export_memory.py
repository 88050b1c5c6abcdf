"""`hippo export` holds little data in memory, however many participants there are."""

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hippo_cli.data.bucket import Listed
from hippo_cli.data.pool import WORKERS, map_bounded
from hippo_cli.data.records import Entry, Record
from hippo_cli.exports.files import Format, ParquetWriter, TableFiles
from hippo_cli.exports.rows import RECRUITER_IDS
from hippo_cli.exports.store import RECORD, ExportStore


def test_few_records_are_in_hand_at_once() -> None:
    """Given 5,000 records, at most twice the number of workers are read and not yet processed."""
    begun: list[int] = []
    most = done = 0

    for _ in map_bounded(begun.append, range(5000)):
        most = max(most, len(begun) - done)
        done += 1

    assert done == 5000
    assert 1 <= most <= 2 * WORKERS


def test_tables_are_written_without_holding_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given long answers, Parquet rows are flushed by size, long before there are 5,000."""
    held = []
    flush = ParquetWriter._flush
    monkeypatch.setattr(ParquetWriter, "_flush", lambda self: (held.append(len(self._rows)), flush(self)))
    (tmp_path / "private").mkdir()

    with TableFiles(tmp_path, [RECRUITER_IDS], Format()) as files:
        for _ in range(200):
            files.write(RECRUITER_IDS, ("u", "p", "x" * 100_000))
        files.commit()

    assert max(held) <= 41
    assert sum(held) == 200


def test_records_are_walked_one_by_one(tmp_path: Path) -> None:
    """Given many participants, objects fetched during the listing are neither repeated nor skipped."""
    store = ExportStore(tmp_path / "state.sqlite")
    store.begin("x")
    now = datetime.now(UTC)
    with store.write():
        store.record_listing(RECORD, (Listed(f"k{index:04d}", "e", 1, now) for index in range(1200)))

    fetched = []
    for key in store.list_pending(RECORD, None):
        fetched.append(key)
        store.mark_fetched(key, "e", "{}")

    assert fetched == [f"k{index:04d}" for index in range(1200)]
    assert store.count_pending(RECORD, None) == 0
    store.close()


def test_long_records_are_held_one_at_a_time(tmp_path: Path) -> None:
    """Given participants with long answers, iterating over all of them needs the memory of one or two."""
    size, number = 2_000_000, 12
    text = Record("u", 3, entries=[Entry(1, None, "POST", {"q": "x" * size})]).to_json()
    store = ExportStore(tmp_path / "state.sqlite")
    store.begin("x")
    with store.write():
        store.record_listing(
            RECORD, (Listed(f"k{index:02d}", "e", size, datetime.now(UTC)) for index in range(number))
        )
        for index in range(number):
            store.mark_fetched(f"k{index:02d}", "e", text)

    tracemalloc.start()
    try:
        seen = sum(1 for _ in store.list_records(None))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert seen == number
    assert most < 4 * size  # this record and the previous one, each as text and parsed
    store.close()
