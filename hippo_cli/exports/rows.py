"""The tables of an export: their columns and rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hippo.journey.progress import Phase, find_progress
from hippo_cli.data.records import Entry, Record
from hippo_cli.data.step_times import list_step_times
from hippo_cli.data.studies import Studies, find_page, knows_steps

Value = str | int | float | bool | datetime | None
Row = tuple[Value, ...]


class Kind(Enum):
    """Type of a column. Cells without a value are empty."""

    TEXT = "text"
    NUMBER = "number"  # whole
    REAL = "real"
    TRUTH = "truth"
    TIME = "time"  # UTC


@dataclass(frozen=True, slots=True)
class Table:
    """A table, named as its file without the extension. `private` tables identify participants."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    private: bool = False


_TEXT, _NUMBER, _REAL, _TRUTH, _TIME = Kind.TEXT, Kind.NUMBER, Kind.REAL, Kind.TRUTH, Kind.TIME
PARTICIPANTS = Table(
    "participants",
    (
        ("user", _TEXT),
        ("created", _TIME),
        ("version", _TEXT),
        ("group", _NUMBER),
        ("step", _NUMBER),
        ("page", _TEXT),
        ("place", _TEXT),
        ("finished", _TRUTH),
        ("answers", _NUMBER),
        ("repeats", _NUMBER),
        ("last_seen", _TIME),
        ("minutes", _REAL),
        ("consent_time", _TIME),
        ("consent_sha256", _TEXT),
    ),
)
ANSWERS = Table(
    "answers",
    (
        ("user", _TEXT),
        ("step", _NUMBER),
        ("page", _TEXT),
        ("group", _NUMBER),
        ("question", _TEXT),
        ("value", _TEXT),
        ("time", _TIME),
        ("version", _TEXT),
        ("repeat", _TRUTH),
    ),
)
STEPS = Table(
    "steps",
    (
        ("user", _TEXT),
        ("step", _NUMBER),
        ("page", _TEXT),
        ("group", _NUMBER),
        ("shown", _TIME),
        ("left", _TIME),
        ("seconds", _REAL),
        ("version", _TEXT),
    ),
)
RECRUITER_IDS = Table(
    "recruiter_ids", (("user", _TEXT), ("parameter", _TEXT), ("value", _TEXT)), private=True
)
DICTIONARY = Table(
    "dictionary",
    (
        ("version", _TEXT),
        ("step", _NUMBER),
        ("page", _TEXT),
        ("group", _NUMBER),
        ("question", _TEXT),
        ("kind", _TEXT),
        ("required", _TRUTH),
        ("label", _TEXT),
        ("options", _TEXT),
    ),
)
PROBLEMS = Table("problems", (("key", _TEXT), ("reason", _TEXT)))
PARTICIPANT_TABLES = (PARTICIPANTS, ANSWERS, STEPS, RECRUITER_IDS)


def build_rows(record: Record, studies: Studies) -> Iterator[tuple[Table, Row]]:
    """Yield all rows of one participant."""
    yield PARTICIPANTS, _build_participant(record, studies)
    study = studies.get(record.version)
    for entry in record.entries:
        shown = find_page(study, entry.step, record.user, record.group)
        for question, value in entry.answers.items():
            page = (entry.step, shown.file, shown.group)
            row = (record.user, *page, question, value, entry.moment, record.version, entry.repeat)
            yield ANSWERS, row
    for step_time in list_step_times(record):
        shown = find_page(study, step_time.step, record.user, record.group)
        times = (step_time.shown, step_time.left, step_time.seconds)
        yield STEPS, (record.user, step_time.step, shown.file, shown.group, *times, record.version)
    links = [record.parameters, *record.other_parameters]
    for name, value in dict.fromkeys(pair for link in links for pair in link.items()):
        yield RECRUITER_IDS, (record.user, name, value)


def _build_participant(record: Record, studies: Studies) -> Row:
    study = studies.get(record.version)
    known = knows_steps(study)
    progress = find_progress(record.as_participant(), study)
    step = progress.step if known else max(record.next_step - 1, 0)
    answered = [entry for entry in record.entries if entry.answers]
    times = [entry.moment for entry in record.entries if entry.moment]
    consent: Entry | None = next((entry for entry in record.entries if entry.consent), None)
    last = max(times, default=None)
    begun = record.created or min(times, default=None)
    return (
        record.user,
        record.created,
        record.version,
        record.group,
        step,
        find_page(study, step, record.user, record.group).file,
        progress.phase.value if known else None,
        progress.phase is Phase.FINAL if known else None,
        sum(not entry.repeat for entry in answered),
        sum(entry.repeat for entry in answered),
        last,
        round((last - begun).total_seconds() / 60, 2) if last and begun else None,
        consent.moment if consent else None,
        consent.consent if consent else None,
    )
