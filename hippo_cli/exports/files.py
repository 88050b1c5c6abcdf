"""Writes tables as CSV and Parquet, row by row; what was there before stays until all are whole."""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TextIO

from hippo_cli.exports.paths import PART, PRIVATE
from hippo_cli.exports.rows import Kind, Row, Table, Value

_ROWS = 5000  # of a row group of Parquet, the most that is held of a table
_CHARACTERS = 4_000_000  # likewise, for long answers
# What spreadsheets take for a formula, https://owasp.org/www-community/attacks/CSV_Injection; not a number.
_FORMULA = re.compile(r"[=@\t\r\n＝＋－＠]|[+-](?![0-9.,]*\Z)")


@dataclass(frozen=True, slots=True)
class Format:
    """How files are written. `excel`: as spreadsheets want CSV; `parquet`: that too, by pyarrow."""

    excel: bool = False
    parquet: bool = True


class Writer(Protocol):
    """Writes one table to one file."""

    def write(self, row: Row) -> None:
        """Add a row."""

    def close(self) -> None:
        """No more rows."""

    def abandon(self) -> None:
        """The file is of no use: let go of it, whatever comes of that."""


class CsvWriter:
    """UTF-8, header first, RFC 4180; times as ISO 8601 in UTC, truth as true and false."""

    def __init__(self, file: TextIO, table: Table, *, excel: bool) -> None:
        self._excel = excel
        self._file = file
        self._csv = csv.writer(file)
        self._csv.writerow([name for name, _ in table.columns])

    def write(self, row: Row) -> None:
        """Add a row."""
        self._csv.writerow([self._form(value) for value in row])

    def close(self) -> None:
        """No more rows."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with suppress(OSError):  # closing flushes, which a full disk refuses once more
            self._file.close()

    def _form(self, value: Value) -> object:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._excel and isinstance(value, str) and _FORMULA.match(value):
            return f"'{value}"
        return value


class ParquetWriter:
    """Row groups of at most _ROWS rows."""

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
        """No more rows."""
        self._flush()
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with suppress(OSError, ValueError):
            self._writer.close()
        self._writer.is_open = False  # or it tries once more when it is collected, and complains
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
    """What writes Parquet; None where the extra `report` is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        return None
    return pyarrow  # type: ignore[no-any-return]


class TableFiles:
    """The files of several tables, written side by side; `keep` puts all in their places, at the end.

    As a context: whatever was not kept is removed.
    """

    def __init__(self, directory: Path, tables: Sequence[Table], form: Format) -> None:
        self._directory = directory
        self._parts: list[Path] = []
        self._writers: dict[Table, list[Writer]] = {}
        pyarrow = find_pyarrow() if form.parquet else None
        try:
            for table in tables:
                self._begin(table, form, pyarrow)
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

    def keep(self) -> list[Path]:
        """All rows are there: the files take their places. Gives their paths."""
        for writers in self._writers.values():
            for writer in writers:
                writer.close()
        kept = [part.with_name(part.name.removesuffix(PART)) for part in self._parts]
        for part, path in zip(self._parts, kept, strict=True):
            part.replace(path)
        return kept

    def _begin(self, table: Table, form: Format, pyarrow: ModuleType | None) -> None:
        writers = self._writers.setdefault(table, [])
        encoding = "utf-8-sig" if form.excel else "utf-8"
        text = self._add_part(table, "csv").open("w", encoding=encoding, newline="")
        writers.append(CsvWriter(text, table, excel=form.excel))
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
