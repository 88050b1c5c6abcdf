"""One run of an export: fetch changed objects, then write the tables again from all records kept here."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hippo_cli.errors import UsageError
from hippo_cli.exports.dictionary import build_dictionary
from hippo_cli.exports.fetch import Fetcher, Source
from hippo_cli.exports.files import Format, TableFiles
from hippo_cli.exports.paths import PART, PRIVATE, STATE_FILE, UNUSABLE_NAME_ERRORS, TrialPaths
from hippo_cli.exports.rows import DICTIONARY, PARTICIPANT_TABLES, PROBLEMS, build_rows
from hippo_cli.exports.store import RECORD, TRIAL, ExportStore, Problem
from hippo_cli.progress import Advance

WRITTEN = "written"  # the task that `advance` reports besides the kinds of objects


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run. `prune` deletes data no longer in the bucket. `since` leaves out older objects."""

    since: datetime | None = None
    file_format: Format = Format()
    trials: bool = True
    prune: bool = False


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of a run. `rows` counts rows by table. `vanished` lists keys no longer in the bucket."""

    rows: dict[str, int]
    records_fetched: int
    trials_fetched: int
    problems: list[Problem]
    vanished: list[str]
    files: list[Path]


def export(source: Source, directory: Path, options: Options, advance: Advance) -> ExportResult:
    """Bring the export in `directory` up to date.

    Raises UsageError if the folder holds anything else. After an error, the next run does not fetch objects
    again that were already fetched.
    """
    with _open_store(directory) as store:
        store.begin(f"project {source.project_id} in the bucket {source.bucket.name}")
        fetcher = Fetcher(source, store, directory, advance)
        records = fetcher.fetch_records(options.since)
        trials = fetcher.fetch_trials(options.since) if options.trials else 0
        if options.prune and not options.trials:
            fetcher.list_trials()  # so that files of withdrawn participants are deleted, too
        trials_listed = options.trials or options.prune
        vanished = store.list_vanished(RECORD) + (store.list_vanished(TRIAL) if trials_listed else [])
        if options.prune:
            _prune(source, store, fetcher.paths, vanished)
        problems = store.list_problems()
        rows, files = _write_tables(source, store, directory, options, advance)
        return ExportResult(rows, records, trials, problems, [] if options.prune else vanished, files)


@contextmanager
def _open_store(directory: Path) -> Iterator[ExportStore]:
    state = directory / PRIVATE / STATE_FILE
    # An export that failed at its start may have left an empty folder for its state.
    others = (path for path in directory.rglob("*") if path != state.parent)
    if not state.exists() and next(others, None):
        raise UsageError(
            f"{directory} is not empty and does not contain an export",
            "Pass a new folder with --out, or the folder of an earlier export to update it.",
        )
    state.parent.mkdir(parents=True, exist_ok=True)
    state.parent.chmod(0o700)
    with closing(ExportStore(state)) as store:
        for left in state.parent.glob(f"*{PART}"):  # from a run that was killed
            left.unlink()
        yield store


def _prune(source: Source, store: ExportStore, paths: TrialPaths, vanished: list[str]) -> None:
    for key in vanished:
        if key.startswith(source.trials):
            name = key.removeprefix(source.trials)
            _delete(paths.find(name), folders=name.count("/"))
            if former := paths.find_former(name):
                _delete(former, folders=name.count("/"))
        with store.write():
            store.remove(key)


def _delete(path: Path, *, folders: int) -> None:
    """Delete a file, and those of its folders, of which it has `folders`, that are empty then."""
    try:
        if not path.is_dir():  # the folder of other files, if the file could never be written
            path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in UNUSABLE_NAME_ERRORS:
            raise
    with suppress(OSError):  # not empty
        for folder in list(path.parents)[:folders]:
            folder.rmdir()


def _write_tables(
    source: Source, store: ExportStore, directory: Path, options: Options, advance: Advance
) -> tuple[dict[str, int], list[Path]]:
    tables = (*PARTICIPANT_TABLES, DICTIONARY, PROBLEMS)
    rows: Counter[str] = Counter({table.name: 0 for table in tables})
    versions: dict[str | None, None] = {}
    total = store.count_records(options.since)
    with TableFiles(directory, tables, options.file_format) as files:
        for done, record in enumerate(store.list_records(options.since), 1):
            versions[record.version] = None
            for table, row in build_rows(record, source.studies):
                files.write(table, row)
                rows[table.name] += 1
            advance(WRITTEN, done, total)
        versions[source.studies.current_version] = None
        for row in build_dictionary(source.studies, sorted(versions, key=str)):
            files.write(DICTIONARY, row)
            rows[DICTIONARY.name] += 1
        for problem in store.list_problems():
            files.write(PROBLEMS, (problem.key, problem.reason))
            rows[PROBLEMS.name] += 1
        return dict(rows), files.commit()
