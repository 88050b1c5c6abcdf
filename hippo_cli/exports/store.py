"""The state of an export: objects that earlier runs fetched, in an SQLite file in the export's folder.

The state makes an export incremental and lets it continue after an interruption, because it holds the ETag of
each fetched object. Tables are written from it, so they need not fit in memory.
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
from hippo_cli.exports.paths import fold_name

RECORD, TRIAL = "record", "trial"
_PAGE = 500
_NAMES = "none hidden"  # how the files of trials are named, in releases after 0.2
_SCHEMA = """
create table if not exists meta (name text primary key, value text);
create table if not exists objects (
    key text primary key, kind text, etag text, size integer, modified text, run integer,
    held text, held_size integer, problem text, content text
);
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """An object in the bucket that cannot be used."""

    key: str
    reason: str


class ExportStore:
    """The objects of one project: those in the bucket and those fetched so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explain():
            self._database = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            self._database.create_function("fold", 1, fold_name, deterministic=True)
            try:
                self._set_up()
            except BaseException:
                self._database.close()
                raise
        self._run = int(self._get("run") or 0)

    def _set_up(self) -> None:
        # A second export into the same folder fails at once.
        self._database.execute("pragma locking_mode = exclusive")
        # Pruned data must not stay in free pages. Not every SQLite build has this on by default.
        self._database.execute("pragma secure_delete = on")
        self._database.execute("begin exclusive")
        for statement in _SCHEMA.split(";"):
            self._database.execute(statement)
        self._database.execute("commit")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def begin(self, source: str) -> None:
        """Start a new run. Raises UsageError if the folder holds an export of another `source`."""
        earlier = self._get("source")
        if earlier not in (None, source):
            raise UsageError(
                f"this folder contains an export of {earlier}", "Pass another folder with --out."
            )
        with self.write():
            if self._get("format") != str(FORMAT):
                self._database.execute("update objects set held = null where kind = ?", [RECORD])
            self._run += 1
            for name, value in (("source", source), ("format", FORMAT), ("run", self._run)):
                self._database.execute("insert or replace into meta values (?, ?)", [name, str(value)])

    @contextmanager
    def write(self) -> Iterator[None]:
        """Commit the changes of the context together. Changes before an error are committed as well."""
        with self._explain():
            self._database.execute("begin")
            try:
                yield
            finally:
                if self._database.in_transaction:  # SQLite has already rolled back on a full disk
                    self._database.execute("commit")

    def record_listing(self, kind: str, listed: Iterable[Listed]) -> None:
        """Record objects that are in the bucket now."""
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
        """Return how many objects must be fetched."""
        query = f"select count(*) from objects where {_PENDING}"
        return int(self._select(query, self._bind(kind, since))[0][0])

    def list_pending(self, kind: str, since: datetime | None) -> Iterator[str]:
        """Yield the keys of objects to fetch. An object fetched in the meantime is not yielded again."""
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

    def mark_fetched(self, key: str, etag: str, content: str | None = None, size: int = 0) -> None:
        """Record that the object was fetched, with the `content` of a record or the `size` of a file."""
        self._update(key, "held = ?, content = ?, held_size = ?, problem = null", etag, content, size)

    def mark_unusable(self, key: str, etag: str, reason: str) -> None:
        """Record that the object cannot be used until it changes. Its earlier content stays."""
        self._update(key, "held = ?, problem = ?", etag, reason)

    def invalidate(self, key: str) -> None:
        """Record that the object's file was lost or changed, so that it is fetched again."""
        self._update(key, "held = null")

    def mark_missing(self, key: str) -> None:
        """Record that the object was deleted after it was listed."""
        self._update(key, "run = run - 1")
        self._database.execute(f"delete from objects where key = ? and not {_KEPT}", [key])

    def remove(self, key: str) -> None:
        """Remove the object from the state."""
        self._database.execute("delete from objects where key = ?", [key])

    def remove_nested(self, kind: str, prefix: str) -> None:
        """Remove folders below a prefix, and the objects in them, from the state."""
        with self.write():
            self._database.execute(
                "delete from objects where kind = ? and instr(substr(key, ?), '/') > 0",
                [kind, len(prefix) + 1],
            )

    def count_records(self, since: datetime | None) -> int:
        """Return how many participants `list_records` yields."""
        query = "select count(*) from objects where kind = ? and content is not null and modified >= ?"
        return int(self._select(query, [RECORD, _write_time(since)])[0][0])

    def list_records(self, since: datetime | None) -> Iterator[Record]:
        """Yield the participants by user id, one at a time because a record can be several megabytes."""
        after = ""
        query = (
            "select key, content from objects where kind = ? and content is not null and modified >= ?"
            " and key > ? order by key limit 1"
        )
        while rows := self._select(query, [RECORD, _write_time(since), after]):
            after, content = rows.pop()
            yield Record.from_json(content)

    def list_fetched_files(self) -> Iterator[tuple[str, int]]:
        """Yield key and size of each fetched file."""
        after = ""
        while rows := self._select(
            "select key, held_size from objects where kind = ? and held is not null and problem is null"
            f" and key > ? order by key limit {_PAGE}",
            [TRIAL, after],
        ):
            yield from rows
            after = rows[-1][0]

    def list_keys(self, kind: str) -> Iterator[str]:
        """Yield all keys in their order, whether or not the objects still exist."""
        after = ""
        query = f"select key from objects where kind = ? and key > ? order by key limit {_PAGE}"
        while rows := self._select(query, [kind, after]):
            yield from (key for (key,) in rows)
            after = rows[-1][0]

    @property
    def has_plain_names(self) -> bool:
        """Whether the files have the names under which none of them is hidden."""
        return self._get("names") == _NAMES

    def note_plain_names(self) -> None:
        """Record that the files have the names under which none of them is hidden."""
        with self.write():
            self._database.execute("insert or replace into meta values ('names', ?)", [_NAMES])

    def list_colliding(self, kind: str) -> list[str]:
        """Return the keys that differ from another key only in the case of letters."""
        query = (
            "select key from objects where kind = ? and fold(key) in"
            " (select fold(key) from objects where kind = ? group by 1 having count(*) > 1)"
        )
        return [key for (key,) in self._select(query, [kind, kind])]

    def list_problems(self) -> list[Problem]:
        """Return the objects in the bucket that cannot be used."""
        rows = self._select(
            "select key, problem from objects where problem is not null and run = ? order by key", [self._run]
        )
        return [Problem(*row) for row in rows]

    def list_vanished(self, kind: str) -> list[str]:
        """Return the keys of fetched objects that are no longer in the bucket."""
        query = f"select key from objects where kind = ? and run < ? and {_KEPT} order by key"
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


# A record that must be read again is still kept.
_KEPT = "(held is not null or content is not null)"
_PENDING = "kind = ? and run = ? and modified >= ? and (held is null or held <> etag)"


def _describe(error: sqlite3.Error, path: Path) -> MachineError:
    text = str(error)
    if "full" in text:
        return MachineError(
            f"{path}: the disk is full", "Free some space and run the same command again to continue."
        )
    if "locked" in text:
        return MachineError(f"{path} is in use", "Wait until the other export into this folder has finished.")
    advice = "Pass a new folder with --out. It does not need any data from this one."
    return MachineError(f"{path}: {text}", advice)


def _write_time(moment: datetime | None) -> str:
    """Return text that sorts in the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else ""
