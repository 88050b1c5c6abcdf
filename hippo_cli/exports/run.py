"""One run of an export: fetch what has changed, then write the tables anew from all that is held."""

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
from hippo_cli.exports.paths import PART, PRIVATE, STATE_FILE, find_trial_path
from hippo_cli.exports.rows import DICTIONARY, OF_PARTICIPANTS, PROBLEMS, build_rows
from hippo_cli.exports.store import RECORD, TRIAL, ExportStore, Problem
from hippo_cli.progress import Advance

WRITTEN = "written"  # of what `advance` is told besides the kinds of objects


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for. `prune` drops what the bucket has no more; `since` leaves out what is older."""

    since: datetime | None = None
    form: Format = Format()
    trials: bool = True
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: `rows` by table, what was fetched, what is of no use, what the bucket has no more."""

    rows: dict[str, int]
    records_fetched: int
    trials_fetched: int
    problems: list[Problem]
    vanished: list[str]
    files: list[Path]


def export(source: Source, directory: Path, options: Options, advance: Advance) -> Outcome:
    """Bring the export in `directory` up to date.

    Raises UsageError for a folder that holds anything else; what was fetched before an error is not fetched
    again by the next run.
    """
    with _open_store(directory) as store:
        store.begin(f"project {source.project_id} in the bucket {source.bucket.name}")
        fetcher = Fetcher(source, store, directory, advance)
        records = fetcher.fetch_records(options.since)
        trials = fetcher.fetch_trials(options.since) if options.trials else 0
        if options.prune and not options.trials:
            fetcher.list_trials()  # who has withdrawn leaves no files behind either
        looked = options.trials or options.prune
        vanished = store.list_vanished(RECORD) + (store.list_vanished(TRIAL) if looked else [])
        if options.prune:
            _prune(source, store, directory, vanished)
        problems = store.list_problems()
        rows, files = _write_tables(source, store, directory, options, advance)
        return Outcome(rows, records, trials, problems, [] if options.prune else vanished, files)


@contextmanager
def _open_store(directory: Path) -> Iterator[ExportStore]:
    state = directory / PRIVATE / STATE_FILE
    # An export that failed before it began may have left the folder of its state, empty.
    others = (path for path in directory.rglob("*") if path != state.parent)
    if not state.exists() and next(others, None):
        raise UsageError(
            f"{directory} is not empty, and holds no export",
            "Give a new folder by --out, or that of an earlier export to bring it up to date.",
        )
    state.parent.mkdir(parents=True, exist_ok=True)
    state.parent.chmod(0o700)
    with closing(ExportStore(state)) as store:
        for left in state.parent.glob(f"*{PART}"):  # by a run that was killed
            left.unlink()
        yield store


def _prune(source: Source, store: ExportStore, directory: Path, vanished: list[str]) -> None:
    for key in vanished:
        if key.startswith(source.trials):
            path = find_trial_path(directory, key.removeprefix(source.trials))
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty
                for folder in list(path.parents)[: len(path.relative_to(directory).parts) - 2]:
                    folder.rmdir()
        with store.write():
            store.forget(key)


def _write_tables(
    source: Source, store: ExportStore, directory: Path, options: Options, advance: Advance
) -> tuple[dict[str, int], list[Path]]:
    tables = (*OF_PARTICIPANTS, DICTIONARY, PROBLEMS)
    rows: Counter[str] = Counter({table.name: 0 for table in tables})
    versions: dict[str | None, None] = {}
    total = store.count_records(options.since)
    with TableFiles(directory, tables, options.form) as files:
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
        return dict(rows), files.keep()
