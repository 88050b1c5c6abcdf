"""The progress of each participant in a project. A record is read again only after it has changed."""

from dataclasses import dataclass
from datetime import datetime

from hippo.journey.progress import Phase, find_progress
from hippo_cli.data.bucket import Bucket, Listed
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.records import BrokenRecordError, Record, read_record
from hippo_cli.data.step_times import list_step_times
from hippo_cli.data.studies import Studies, knows_steps
from hippo_cli.progress import Advance

READING = "reading"  # the task that `advance` reports


@dataclass(frozen=True, slots=True)
class Journey:
    """One participant's progress, last activity, and time at each step in seconds."""

    user: str
    created: datetime | None
    last_seen: datetime | None
    step: int
    phase: Phase | None
    version: str | None
    seconds: tuple[tuple[int, float], ...]

    @property
    def finished(self) -> bool:
        """Whether they have reached the final step."""
        return self.phase is Phase.FINAL


def has_played(journey: Journey, studies: Studies) -> bool:
    """Return whether they have reached a game, and so have had a server."""
    game = studies.find_game(journey.version)
    return game is not None and (journey.phase is Phase.PLAYING or journey.step > game)


def build_journey(record: Record, modified: datetime, studies: Studies) -> Journey:
    """Return the journey of a record that was last written at `modified`."""
    study = studies.get(record.version)
    participant = record.as_participant()
    known = knows_steps(study)
    progress = find_progress(participant, study)
    times = [entry.moment for entry in record.entries if entry.moment]
    return Journey(
        record.user,
        participant.created or min(times, default=None),
        max([*times, *filter(None, [participant.game_shown_at])], default=modified),
        progress.step if known else max(record.next_step - 1, 0),
        progress.phase if known else None,
        record.version,
        tuple((step_time.step, step_time.seconds) for step_time in list_step_times(record)),
    )


class JourneyReader:
    """A reader of a project's participants. Each read takes one listing and the records changed since."""

    def __init__(self, bucket: Bucket, project_id: str, studies: Studies) -> None:
        self._bucket = bucket
        self._prefix = f"{project_id}/Users/"
        self._studies = studies
        self._known: dict[str, tuple[str, Journey | None]] = {}  # by key: ETag, None for a broken record

    @property
    def broken(self) -> int:
        """The number of records that cannot be read. `hippo export` says why."""
        return sum(journey is None for _, journey in self._known.values())

    def read(self, advance: Advance) -> list[Journey]:
        """Return the current journeys of all participants."""
        listed = {entry.key: entry for entry in self._bucket.list_level(self._prefix)}
        self._known = {key: known for key, known in self._known.items() if key in listed}
        changed = [entry for key, entry in listed.items() if self._read_etag(key) != entry.etag]
        for done, (key, etag, journey) in enumerate(map_bounded(self._read_journey, changed), 1):
            if etag is None:
                self._known.pop(key, None)
            else:
                self._known[key] = (etag, journey)
            advance(READING, done, len(changed))
        return [journey for _, journey in self._known.values() if journey]

    def _read_etag(self, key: str) -> str | None:
        known = self._known.get(key)
        return known[0] if known else None

    def _read_journey(self, entry: Listed) -> tuple[str, str | None, Journey | None]:
        return (entry.key, *read_journey(self._bucket, entry, self._studies))


def read_journey(bucket: Bucket, entry: Listed, studies: Studies) -> tuple[str | None, Journey | None]:
    """Return a record's ETag (None if it was deleted) and its journey (None if it is broken).

    A folder is a broken record: participants have none.
    """
    if entry.key.endswith("/"):
        return entry.etag, None
    stored = bucket.read(entry.key)
    if stored is None:
        return None, None
    try:
        record = read_record(entry.key.rpartition("/")[2], stored.body, studies.find_game)
    except BrokenRecordError:
        return stored.etag, None
    return stored.etag, build_journey(record, entry.modified, studies)
