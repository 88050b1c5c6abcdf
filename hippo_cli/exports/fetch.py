"""Updates an export's copy of a project: list the bucket and fetch changed objects, a few at a time."""

from collections.abc import Callable
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
from hippo_cli.exports.paths import PART, PRIVATE, UNUSABLE_NAME_ERRORS, find_trial_path
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


class Fetcher:
    """One run, which reports each completed object to `advance`."""

    def __init__(self, source: Source, store: ExportStore, directory: Path, advance: Advance) -> None:
        self._source = source
        self._store = store
        self._directory = directory
        self._advance = advance

    def fetch_records(self, since: datetime | None) -> int:
        """Fetch the participants' records that have changed and return how many."""
        self._list(RECORD, self._source.users)
        return self._fetch(RECORD, since, self._read_record)

    def fetch_trials(self, since: datetime | None) -> int:
        """Fetch the files that game servers recorded into trials/ and return how many were written."""
        self.list_trials()
        self._invalidate_changed_files()
        return self._fetch(TRIAL, since, self._download)

    def list_trials(self) -> None:
        """Record which trial files exist, so that deleted ones can be found."""
        self._list(TRIAL, self._source.trials)

    def _list(self, kind: str, prefix: str) -> None:
        found = (entry for entry in self._source.bucket.list_tree(prefix) if not _is_folder(entry))
        while page := list(islice(found, _LISTED_AT_ONCE)):
            with self._store.write():
                self._store.record_listing(kind, page)

    def _fetch(self, kind: str, since: datetime | None, work: Callable[[str], Fetched]) -> int:
        total, done = self._store.count_pending(kind, since), 0
        self._advance(kind, done, total)
        with closing(map_bounded(work, self._store.list_pending(kind, since))) as results:
            while True:
                stored = 0
                with self._store.write():
                    for fetched in islice(results, _STORED_AT_ONCE):
                        self._store_result(fetched)
                        stored += 1
                        self._advance(kind, done + stored, total)
                done += stored
                if stored < _STORED_AT_ONCE:
                    return done

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
        path = find_trial_path(self._directory, key.removeprefix(self._source.trials))
        # In the private folder, because a trial file may have the same name as the partial file.
        part = self._directory / PRIVATE / f"{uuid4().hex}{PART}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            written = self._source.bucket.download(key, part)
            if written is None:
                return Fetched(key, None)
            part.replace(path)
        except OSError as error:
            if error.errno not in UNUSABLE_NAME_ERRORS:
                raise
            return Fetched(key, "", problem=f"{path}: {error.strerror}")
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return Fetched(key, written.etag, size=written.size)

    def _invalidate_changed_files(self) -> None:
        """Mark files that were deleted or changed on this machine, so that they are fetched again."""
        prefix = self._source.trials
        for key, size in self._store.list_fetched_files():
            path = find_trial_path(self._directory, key.removeprefix(prefix))
            if not path.is_file() or path.stat().st_size != size:
                with self._store.write():
                    self._store.invalidate(key)


def _is_folder(entry: Listed) -> bool:
    """Return whether the object only marks a folder. Consoles create such empty objects."""
    return entry.key.endswith("/")
