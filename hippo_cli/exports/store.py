"""What earlier runs of an export have fetched: an SQLite file in the export's own folder.

It is what makes an export incremental, and lets it go on after an interruption: every object is noted with
the ETag of what is held of it. Tables are written from it, so none of them has to fit in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hippo_cli.data.bucket import Listed
from hippo_cli.data.records import FORMAT, Record
from hippo_cli.errors import MachineError, UsageError

RECORD, TRIAL = "record", "trial"
_PAGE = 500
_SCHEMA = """
create table if not exists meta (name text primary key, value text);
create table if not exists objects (
    key text primary key, kind text, etag text, size integer, modified text, run integer,
    held text, held_size integer, problem text, content text
);
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """An object that is there and could not be used."""

    key: str
    reason: str


class ExportStore:
    """The objects of one project: what the bucket has, and what is held of it here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explain():
            self._database = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            try:
                self._set_up()
            except BaseException:
                self._database.close()
                raise
        self._run = int(self._get("run") or 0)

    def _set_up(self) -> None:
        # A second export into the same folder is turned away at once.
        self._database.execute("pragma locking_mode = exclusive")
        # What is pruned must not stay in free pages: not every build of SQLite has this by itself.
        self._database.execute("pragma secure_delete = on")
        self._database.execute("begin exclusive")
        for statement in _SCHEMA.split(";"):
            self._database.execute(statement)
        self._database.execute("commit")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def begin(self, source: str) -> None:
        """A new run. Raises UsageError if the folder holds an export of another `source`."""
        held = self._get("source")
        if held not in (None, source):
            raise UsageError(f"this folder holds an export of {held}", "Give another folder by --out.")
        with self.write():
            if self._get("format") != str(FORMAT):
                self._database.execute("update objects set held = null where kind = ?", [RECORD])
            self._run += 1
            for name, value in (("source", source), ("format", FORMAT), ("run", self._run)):
                self._database.execute("insert or replace into meta values (?, ?)", [name, str(value)])

    @contextmanager
    def write(self) -> Iterator[None]:
        """Changes that are kept together. What was done before an error is kept as well."""
        with self._explain():
            self._database.execute("begin")
            try:
                yield
            finally:
                if self._database.in_transaction:  # a full disk has rolled it back already
                    self._database.execute("commit")

    def note(self, kind: str, listed: Iterable[Listed]) -> None:
        """What the bucket has now."""
        rows = (
            (entry.key, kind, entry.etag, entry.size, _write_time(entry.modified), self._run)
            for entry in listed
        )
        self._database.executemany(
            "insert into objects (key, kind, etag, size, modified, run) values (?, ?, ?, ?, ?, ?)"
            " on conflict (key) do update set kind = excluded.kind, etag = excluded.etag,"
            " size = excluded.size, modified = excluded.modified, run = excluded.run",
            rows,
        )

    def count_pending(self, kind: str, since: datetime | None) -> int:
        """How many objects have to be fetched."""
        query = f"select count(*) from objects where {_PENDING}"
        return int(self._select(query, self._bind(kind, since))[0][0])

    def list_pending(self, kind: str, since: datetime | None) -> Iterator[str]:
        """Their keys; what is fetched meanwhile does not come again."""
        after = ""
        while True:
            rows = self._select(
                f"select key from objects where {_PENDING} and key > ? order by key limit {_PAGE}",
                [*self._bind(kind, since), after],
            )
            if not rows:
                return
            yield from (key for (key,) in rows)
            after = rows[-1][0]

    def hold(self, key: str, etag: str, content: str | None = None, size: int = 0) -> None:
        """The object is fetched: `content` of a record, `size` of a file."""
        self._update(key, "held = ?, content = ?, held_size = ?, problem = null", etag, content, size)

    def hold_problem(self, key: str, etag: str, reason: str) -> None:
        """The object was read and cannot be used, until it changes. What was held of it before stays."""
        self._update(key, "held = ?, problem = ?", etag, reason)

    def let_go(self, key: str) -> None:
        """What is held of it is not there any more: it is fetched again."""
        self._update(key, "held = null")

    def miss(self, key: str) -> None:
        """The object was listed and is gone: what is held of it has vanished."""
        self._update(key, "run = run - 1")
        self._database.execute(f"delete from objects where key = ? and not {_HERE}", [key])

    def forget(self, key: str) -> None:
        """The object is of no concern any more."""
        self._database.execute("delete from objects where key = ?", [key])

    def count_records(self, since: datetime | None) -> int:
        """How many participants `list_records` gives."""
        query = "select count(*) from objects where kind = ? and content is not null and modified >= ?"
        return int(self._select(query, [RECORD, _write_time(since)])[0][0])

    def list_records(self, since: datetime | None) -> Iterator[Record]:
        """The participants, by user id; one at a time, since one can be some megabytes."""
        after = ""
        query = (
            "select key, content from objects where kind = ? and content is not null and modified >= ?"
            " and key > ? order by key limit 1"
        )
        while rows := self._select(query, [RECORD, _write_time(since), after]):
            after, content = rows.pop()
            yield Record.from_json(content)

    def list_held_files(self) -> Iterator[tuple[str, int]]:
        """Key and size of each file that is held."""
        after = ""
        while rows := self._select(
            "select key, held_size from objects where kind = ? and held is not null and problem is null"
            f" and key > ? order by key limit {_PAGE}",
            [TRIAL, after],
        ):
            yield from rows
            after = rows[-1][0]

    def list_problems(self) -> list[Problem]:
        """What the bucket has and could not be used."""
        rows = self._select(
            "select key, problem from objects where problem is not null and run = ? order by key", [self._run]
        )
        return [Problem(*row) for row in rows]

    def list_vanished(self, kind: str) -> list[str]:
        """Keys of what is held, and the bucket does not have any more."""
        query = f"select key from objects where kind = ? and run < ? and {_HERE} order by key"
        rows = self._select(query, [kind, self._run])
        return [key for (key,) in rows]

    def _bind(self, kind: str, since: datetime | None) -> list[object]:
        return [kind, self._run, _write_time(since)]

    def _update(self, key: str, changes: str, *values: object) -> None:
        self._database.execute(f"update objects set {changes} where key = ?", [*values, key])

    def _get(self, name: str) -> str | None:
        rows = self._select("select value from meta where name = ?", [name])
        return str(rows[0][0]) if rows else None

    def _select(self, query: str, values: list[object]) -> list[tuple]:  # type: ignore[type-arg]
        with self._explain():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _describe(error, self._path) from error


# A record that has to be read again is still here.
_HERE = "(held is not null or content is not null)"
_PENDING = "kind = ? and run = ? and modified >= ? and (held is null or held <> etag)"


def _describe(error: sqlite3.Error, path: Path) -> MachineError:
    text = str(error)
    if "full" in text:
        return MachineError(
            f"{path}: the disk is full", "Make room and run the same command again: it goes on from here."
        )
    if "locked" in text:
        return MachineError(f"{path} is in use", "Another export into the same folder is at work.")
    advice = "Export into a new folder by --out: it needs nothing of this one."
    return MachineError(f"{path}: {text}", advice)


def _write_time(moment: datetime | None) -> str:
    """Texts that sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else ""
