"""The game servers of a project or of the whole stack, as one table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import to_wire
from hippo.records.server import ServerRecord
from hippo_cli.aws_errors import is_denied
from hippo_cli.data.bucket import Bucket, Stored
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.project import Project
from hippo_cli.data.studies import Studies, find_entry
from hippo_cli.errors import AwsError, CliError
from hippo_cli.operations.platform import Platform, asking
from hippo_cli.reports.journeys import has_played, read_journey
from hippo_cli.reports.servers import (
    NONE_SEEN,
    PREFIX,
    ServerReader,
    ServerSize,
    Sight,
    find_size,
    find_span,
    is_alive,
    parse_server,
)

_LOOK = (
    "Have the operator delete it: the next sweep stops what runs without a record (docs/howto/operate.md).\n"
    "Then run the same command again."
)
FindSize = Callable[[str], ServerSize]
_OWN = (
    "Ask the operator to tag you with your project (hippo-project), and for the stack's ResearcherPolicy.\n"
    "Records last written before the stack tagged them only a steward may read "
    "(docs/howto/let-researchers-in.md)."
)


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One server: how old its attempt is, when it ends at the latest, and what it has cost at most."""

    record: ServerRecord
    age: float | None  # minutes since the participant's server was asked for
    minutes: float  # that its task has run
    dollars: float

    @property
    def reason(self) -> str:
        """Why it ended, or failed."""
        return self.record.error or self.record.reason

    def as_json(self) -> dict[str, Any]:
        """For programs; times in UTC."""
        record = self.record
        return {
            "userId": record.user_id,
            "projectId": record.project_id,
            "state": record.state,
            "attempt": record.attempt,
            "capacityProvider": record.capacity_provider or None,
            "requestedAt": to_wire(record.requested_at),
            "readyAt": to_wire(record.ready_at),
            "stoppedAt": to_wire(record.stopped_at),
            "deadline": to_wire(record.deadline),
            "ageMinutes": None if self.age is None else round(self.age, 1),
            "minutes": round(self.minutes, 1),
            "dollarsAtMost": round(self.dollars, 4),
            "reason": record.reason or None,
            "error": record.error or None,
        }


def read_project_servers(project: Project, tell: Callable[[str], None]) -> list[ServerRecord]:
    """The servers of a project's participants, those heard of last first.

    Raises AwsError if none of them may be seen; `tell` is told where this cannot be known.
    """
    folder = f"{project.id}/Users/"
    listed = sorted(project.records.list_tree(folder), key=lambda entry: entry.modified, reverse=True)
    entries = {entry.key.removeprefix(folder): entry for entry in listed if entry.key != folder}

    def played(user: str) -> bool:
        journey = read_journey(project.records, entries[user], project.studies)[1]
        return journey is not None and has_played(journey, project.studies)

    reader = ServerReader(project.platform, project.id)
    found = reader.read(entries, played)
    _tell_broken(reader.broken, tell)
    if reader.sight is Sight.REFUSED:
        raise AwsError(f"access denied: these credentials may not read server records of {project.id}", _OWN)
    if reader.sight is Sight.DOUBTFUL:
        tell(NONE_SEEN)
    return found


def read_all_servers(bucket: Bucket, tell: Callable[[str], None]) -> list[ServerRecord]:
    """The servers of all projects; `tell` is told of records that cannot be read."""

    def read(key: str) -> tuple[str, Stored | None]:
        return key, bucket.read(key)

    with asking("list the servers of all projects"):
        keys = [entry.key for entry in bucket.list_tree(PREFIX)]
        stored = [(key, found) for key, found in map_bounded(read, keys) if found is not None]
    records = [(key, parse_server(found.body)) for key, found in stored]
    _tell_broken([key for key, record in records if record is None], tell)
    return [record for _, record in records if record is not None]


def _tell_broken(keys: list[str], tell: Callable[[str], None]) -> None:
    if keys:
        tell(f"{', '.join(keys)} cannot be read: a server may be running for each.\n{_LOOK}")


def read_server(bucket: Bucket, user_id: str) -> ServerRecord | None:
    """One participant's server; None if there was never one.

    Raises AwsError, and CliError for a record that cannot be read.
    """
    key = f"{PREFIX}{user_id}.json"
    with asking("read server records"):
        try:
            stored = bucket.read(key)
            record = parse_server(stored.body) if stored else None
            if stored and record is None:
                raise CliError(f"{key} cannot be read: a server may be running", _LOOK)
            return record
        except ClientError as error:
            # Who may list by prefix only is refused what is not there, too (S3 API reference, GetObject).
            if is_denied(error) and not bucket.holds(key):
                return None
            raise


def make_lines(records: Iterable[ServerRecord], size_of: FindSize, now: datetime) -> list[ServerLine]:
    """Those that live first, the oldest of them first; then the others, the latest first."""
    lines = [_make_line(record, size_of(record.project_id), now) for record in records]
    alive = sorted((line for line in lines if is_alive(line.record)), key=lambda line: -(line.age or 0))
    return [*alive, *sorted((line for line in lines if not is_alive(line.record)), key=_since)]


def _since(line: ServerLine) -> float:
    return float("inf") if line.age is None else line.age


def _make_line(record: ServerRecord, size: ServerSize, now: datetime) -> ServerLine:
    begun = record.requested_at or record.started_at
    span = find_span(record, now)
    duration = span[1] - span[0] if span else now - now
    age = max((now - begun).total_seconds() / 60, 0) if begun else None
    return ServerLine(record, age, duration.total_seconds() / 60, size.price(duration))


def make_sizes(platform: Platform) -> FindSize:
    """The size of each project's servers, looked up once; what may not be seen has the default one."""

    @cache
    def find(project_id: str) -> ServerSize:
        entry = find_entry(platform.bucket, project_id)
        if entry is None:
            return ServerSize()
        try:
            studies = Studies(platform.bucket.beside(str(entry.get("bucket") or "")), project_id, entry)
            return find_size(platform.connection.make_client, studies.current)
        except ClientError as error:
            if is_denied(error):
                return ServerSize()
            raise

    return find
