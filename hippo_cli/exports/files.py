"""Tables as CSV and Parquet files, written row by row. Earlier files stay until all new ones are complete."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TextIO

from hippo_cli.exports.paths import PART, PRIVATE
from hippo_cli.exports.rows import Kind, Row, Table, Value
from hippo_cli.exports.spreadsheets import Spreadsheet

_ROWS = 5000  # per Parquet row group: the most rows of a table that are in memory
_CHARACTERS = 4_000_000  # the same limit for long answers


@dataclass(frozen=True, slots=True)
class Format:
    """How to write the files. `spreadsheet` writes CSV for spreadsheets. `parquet` adds Parquet files."""

    spreadsheet: Spreadsheet | None = None
    parquet: bool = True


class Writer(Protocol):
    """Writer of one table to one file."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def close(self) -> None:
        """Finish the file."""

    def abandon(self) -> None:
        """Close the file without finishing it, and ignore errors."""


class CsvWriter:
    """Writer of RFC 4180 CSV with a header. Times are ISO 8601 in UTC, and booleans are true and false."""

    def __init__(self, file: TextIO, table: Table, spreadsheet: Spreadsheet | None) -> None:
        self._spreadsheet = spreadsheet
        self._file = file
        self._csv = csv.writer(file, delimiter=spreadsheet.separator if spreadsheet else ",")
        self._csv.writerow([name for name, _ in table.columns])

    def write(self, row: Row) -> None:
        """Add a row."""
        self._csv.writerow([self._format(value) for value in row])

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def abandon(self) -> None:
        """Close the file without finishing it."""
        with suppress(OSError):  # closing flushes, which fails again on a full disk
            self._file.close()

    def _format(self, value: Value) -> object:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._spreadsheet and isinstance(value, str):
            return self._spreadsheet.format_text(value)
        if self._spreadsheet and isinstance(value, float):
            return self._spreadsheet.format_number(value)
        return value


class ParquetWriter:
    """Writer of Parquet with row groups of at most _ROWS rows."""

    def __init__(self, file: Any, table: Table, pyarrow: ModuleType) -> None:
        self._file = file
        self._schema = _build_schema(pyarrow, table)
        self._pyarrow = pyarrow
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._characters = 0

    def write(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        self._characters += sum(len(value) for value in row if isinstance(value, str))
        if len(self._rows) >= _ROWS or self._characters >= _CHARACTERS:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Close the file without finishing it."""
        with suppress(OSError, ValueError):
            self._writer.close()
        self._writer.is_open = False  # otherwise it tries to close again, and warns, when collected
        with suppress(OSError):
            self._file.close()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._schema)
        arrays = [
            self._pyarrow.array(list(column), type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_batch(self._pyarrow.record_batch(arrays, schema=self._schema))
        self._rows, self._characters = [], 0


def _build_schema(pyarrow: ModuleType, table: Table) -> Any:
    types = {
        Kind.TEXT: pyarrow.string(),
        Kind.NUMBER: pyarrow.int64(),
        Kind.REAL: pyarrow.float64(),
        Kind.TRUTH: pyarrow.bool_(),
        Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in table.columns])


def find_pyarrow() -> ModuleType | None:
    """Return pyarrow, or None if the extra `report` is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        return None
    return pyarrow  # type: ignore[no-any-return]


class TableFiles:
    """The files of several tables, written together. `commit` moves all of them into place at the end.

    On exit, the context removes files that were not committed.
    """

    def __init__(self, directory: Path, tables: Sequence[Table], file_format: Format) -> None:
        self._directory = directory
        self._parts: list[Path] = []
        self._writers: dict[Table, list[Writer]] = {}
        pyarrow = find_pyarrow() if file_format.parquet else None
        try:
            for table in tables:
                self._begin(table, file_format, pyarrow)
        except BaseException:
            self._clear()
            raise

    def __enter__(self) -> "TableFiles":
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def write(self, table: Table, row: Row) -> None:
        """Add a row to a table."""
        for writer in self._writers[table]:
            writer.write(row)

    def commit(self) -> list[Path]:
        """Finish the files, move them into place and return their paths."""
        for writers in self._writers.values():
            for writer in writers:
                writer.close()
        paths = [part.with_name(part.name.removesuffix(PART)) for part in self._parts]
        for part, path in zip(self._parts, paths, strict=True):
            part.replace(path)
        return paths

    def _begin(self, table: Table, file_format: Format, pyarrow: ModuleType | None) -> None:
        writers = self._writers.setdefault(table, [])
        encoding = "utf-8-sig" if file_format.spreadsheet else "utf-8"
        text = self._add_part(table, "csv").open("w", encoding=encoding, newline="")
        writers.append(CsvWriter(text, table, file_format.spreadsheet))
        if pyarrow:
            binary = self._add_part(table, "parquet").open("wb")
            writers.append(ParquetWriter(binary, table, pyarrow))

    def _add_part(self, table: Table, ending: str) -> Path:
        folder = self._directory / PRIVATE if table.private else self._directory
        part = folder / f"{table.name}.{ending}{PART}"
        self._parts.append(part)
        return part

    def _clear(self) -> None:
        for writers in self._writers.values():
            for writer in writers:
                writer.abandon()
        for part in self._parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)
