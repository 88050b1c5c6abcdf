"""Updates an export's copy of a project: list the bucket and fetch changed objects, a few at a time."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

from hippo_cli.data.bucket import Bucket, Listed
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.records import BrokenRecordError, read_record
from hippo_cli.data.studies import Studies
from hippo_cli.exports.paths import (
    PART,
    PRIVATE,
    UNUSABLE_NAME_ERRORS,
    FileSystem,
    TrialPaths,
    examine_file_system,
)
from hippo_cli.exports.store import RECORD, TRIAL, ExportStore
from hippo_cli.progress import Advance

_LISTED_AT_ONCE = 1000
_STORED_AT_ONCE = 50


@dataclass(frozen=True)
class Source:
    """The source of an export."""

    bucket: Bucket
    project_id: str
    studies: Studies

    @property
    def users(self) -> str:
        """The prefix of the participants' records."""
        return f"{self.project_id}/Users/"

    @property
    def trials(self) -> str:
        """The prefix of the files that game servers recorded."""
        return f"{self.project_id}/Trials/"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One fetched object. `etag` is None if it no longer exists. `problem` says why it cannot be used."""

    key: str
    etag: str | None
    content: str | None = None
    size: int = 0
    problem: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the object exists and can be used."""
        return self.etag is not None and self.problem is None


class Fetcher:
    """One run, which reports each completed object to `advance`."""

    def __init__(self, source: Source, store: ExportStore, directory: Path, advance: Advance) -> None:
        self._source = source
        self._store = store
        self._directory = directory
        self._advance = advance
        self.paths = TrialPaths(directory)  # known once the trials are listed

    def fetch_records(self, since: datetime | None) -> int:
        """Fetch the participants' records that have changed and return how many could be read."""
        self._store.remove_nested(RECORD, self._source.users)  # that an earlier release took for participants
        for folder in self._list(RECORD, self._source.bucket.list_level(self._source.users)):
            with self._store.write():
                self._store.mark_unusable(folder, "", "a folder, and so not a participant")
        return self._fetch(RECORD, since, self._read_record)

    def fetch_trials(self, since: datetime | None) -> int:
        """Fetch the files that game servers recorded into trials/ and return how many were written."""
        self.list_trials()
        self._invalidate_changed_files()
        return self._fetch(TRIAL, since, self._download)

    def list_trials(self) -> None:
        """Record which trial files exist, so that deleted ones can be found, and choose their paths."""
        limits = examine_file_system(self._directory / PRIVATE)
        if not self._store.has_plain_names:
            self._choose_paths(limits)
            self._rename_files()
        trials = self._source.bucket.list_tree(self._source.trials)
        self._list(TRIAL, (entry for entry in trials if not _is_folder(entry)))
        self._choose_paths(limits)

    def _choose_paths(self, limits: FileSystem) -> None:
        colliding = self._store.list_colliding(TRIAL) if limits.ignores_case else ()
        names = {key.removeprefix(self._source.trials) for key in colliding}
        self.paths = TrialPaths(self._directory, limits, names)

    def _rename_files(self) -> None:
        """Rename the files of an earlier release to what they are called now.

        In the order of keys, text that looks encoded makes room for a name that is encoded now.
        """
        for key in self._store.list_keys(TRIAL):
            name = key.removeprefix(self._source.trials)
            earlier, path = self.paths.find_earlier(name), self.paths.find(name)
            if earlier != path:
                _move(earlier, path, folders=name.count("/"))
        self._store.note_plain_names()

    def _list(self, kind: str, found: Iterator[Listed]) -> list[str]:
        """Record what exists, and return the folders among it."""
        folders: list[str] = []
        while page := list(islice(found, _LISTED_AT_ONCE)):
            folders += [entry.key for entry in page if _is_folder(entry)]
            with self._store.write():
                self._store.record_listing(kind, page)
        return folders

    def _fetch(self, kind: str, since: datetime | None, work: Callable[[str], Fetched]) -> int:
        total, done, usable = self._store.count_pending(kind, since), 0, 0
        self._advance(kind, done, total)
        with closing(map_bounded(work, self._store.list_pending(kind, since))) as results:
            while True:
                stored = 0
                with self._store.write():
                    for fetched in islice(results, _STORED_AT_ONCE):
                        self._store_result(fetched)
                        stored += 1
                        usable += fetched.is_usable
                        self._advance(kind, done + stored, total)
                done += stored
                if stored < _STORED_AT_ONCE:
                    return usable

    def _store_result(self, fetched: Fetched) -> None:
        if fetched.etag is None:
            self._store.mark_missing(fetched.key)
        elif fetched.problem is not None:
            self._store.mark_unusable(fetched.key, fetched.etag, fetched.problem)
        else:
            self._store.mark_fetched(fetched.key, fetched.etag, fetched.content, fetched.size)

    def _read_record(self, key: str) -> Fetched:
        stored = self._source.bucket.read(key)
        if stored is None:
            return Fetched(key, None)
        user = key.removeprefix(self._source.users)
        try:
            record = read_record(user, stored.body, self._source.studies.find_game)
        except BrokenRecordError as error:
            return Fetched(key, stored.etag, problem=str(error))
        return Fetched(key, stored.etag, record.to_json())

    def _download(self, key: str) -> Fetched:
        name = key.removeprefix(self._source.trials)
        path, former = self.paths.find(name), self.paths.find_former(name)
        # In the private folder, because a trial file may have the same name as the partial file.
        part = self._directory / PRIVATE / f"{uuid4().hex}{PART}"
        try:
            _prepare_path(path)  # before the download, because a name that is unusable stays so
            written = self._source.bucket.download(key, part)
            if written is None:
                return Fetched(key, None)
            part.replace(path)
        except OSError as error:
            if error.errno not in UNUSABLE_NAME_ERRORS:
                raise
            # Without an ETag, so that the next run tries again: the folder may have moved meanwhile.
            return Fetched(key, "", problem=f"{path}: {error.strerror}")
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        if former is not None:
            former.unlink(missing_ok=True)
        return Fetched(key, written.etag, size=written.size)

    def _invalidate_changed_files(self) -> None:
        """Mark files that were deleted or changed on this machine, so that they are fetched again."""
        for key, size in self._store.list_fetched_files():
            path = self.paths.find(key.removeprefix(self._source.trials))
            if not path.is_file() or path.stat().st_size != size:
                with self._store.write():
                    self._store.invalidate(key)


def _prepare_path(path: Path) -> None:
    """Create the folder of a file. Raises OSError if the file's name is unusable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with suppress(FileNotFoundError):
        path.lstat()


def _move(earlier: Path, path: Path, *, folders: int) -> None:
    """Move a file if it exists, and remove those of its folders (it has `folders`) that are empty then."""
    try:
        if not earlier.is_file():
            return
        _prepare_path(path)
        earlier.replace(path)
    except OSError as error:  # an unusable name is reported when the file is fetched
        if error.errno not in UNUSABLE_NAME_ERRORS:
            raise
    with suppress(OSError):  # not empty
        for folder in list(earlier.parents)[:folders]:
            folder.rmdir()


def _is_folder(entry: Listed) -> bool:
    """Return whether the object only marks a folder. Consoles create such empty objects."""
    return entry.key.endswith("/")
