"""The game servers of a project or of the whole stack, as table rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import to_wire
from hippo.records.codes import TicketUse
from hippo.records.server import ServerRecord
from hippo_cli.aws_errors import is_denied
from hippo_cli.data.bucket import Bucket, Stored
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.project import Project
from hippo_cli.data.studies import Studies, find_entry
from hippo_cli.errors import AwsError, CliError
from hippo_cli.findings import format_count
from hippo_cli.operations.platform import Platform, explaining_denial
from hippo_cli.reports.journeys import has_played, read_journey
from hippo_cli.reports.servers import (
    HIDDEN_RECORDS,
    NO_RECORD_VISIBLE,
    PREFIX,
    ServerReader,
    ServerSize,
    Visibility,
    describe_odd,
    find_odd,
    find_size,
    find_span,
    find_user,
    is_alive,
    parse_server,
)

# docs/explanation/security.md explains it.
WITHOUT_TICKETS = "without tickets: ECS refused to pass the key to the container"
_DELETE_RECORD = (
    "Ask the operator to delete the record. The next sweep then stops any server that it was for\n"
    "(docs/howto/operate.md). Then run the same command again."
)
FindSize = Callable[[str], ServerSize]
_ASK_FOR_TAG = (
    "Ask the operator to attach the stack's ResearcherPolicy to you and to tag you with your project\n"
    "(hippo-project). Records last written before the stack tagged them can be read after their next change\n"
    "(docs/howto/let-researchers-in.md)."
)


class HiddenServerError(AwsError):
    """A server record that exists, and that these credentials may not read."""

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"access denied: these credentials may not read server records such as that of {user_id}",
            "It belongs to another project, or to none. Ask the operator, or a steward of that project.",
        )


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server with its age, its running time and its maximum cost so far."""

    record: ServerRecord
    age: float | None  # minutes since the participant's server was requested
    minutes: float  # running time of its task
    dollars: float

    @property
    def reason(self) -> str:
        """The reason for its end or failure, why its start is stuck, and whether it lacks tickets."""
        record = self.record
        texts = [record.error or record.reason]
        if not record.error and record.start_problem:
            texts = [": ".join(filter(None, (record.reason, record.start_problem)))]
        if record.tickets == TicketUse.NONE and is_alive(record):
            texts.append(WITHOUT_TICKETS)
        return "; ".join(filter(None, texts))

    def as_json(self) -> dict[str, Any]:
        """Return the row for programs, with times in UTC."""
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
            "tickets": record.tickets or None,
            "reason": record.reason or None,
            "error": record.error or None,
            "problem": record.start_problem or None,
        }


def read_project_servers(project: Project, warn: Callable[[str], None]) -> list[ServerRecord]:
    """Return the servers of a project's participants, the most recently active first.

    Raises AwsError if access to all of them is denied. `warn` is called if this cannot be determined.
    """
    found, visibility = find_project_servers(project, warn)
    if visibility is Visibility.DENIED:
        raise AwsError(
            f"access denied: these credentials may not read server records of {project.id}", _ASK_FOR_TAG
        )
    if visibility is Visibility.UNCERTAIN:
        warn(NO_RECORD_VISIBLE)
    return found


def find_project_servers(
    project: Project, warn: Callable[[str], None] = lambda _: None
) -> tuple[list[ServerRecord], Visibility]:
    """Return the servers of a project's participants, and how much is known of them.

    `warn` is called with records that cannot be read.
    """
    folder = f"{project.id}/Users/"
    listed = sorted(
        project.records.list_tree(folder, flat=True), key=lambda entry: entry.modified, reverse=True
    )
    entries = {entry.key.removeprefix(folder): entry for entry in listed if entry.key != folder}

    def played(user: str) -> bool:
        journey = read_journey(project.records, entries[user], project.studies)[1]
        return journey is not None and has_played(journey, project.studies)

    reader = ServerReader(project.platform, project.id)
    found = reader.read(entries, played)
    _warn_of_broken(reader.broken, warn)
    if reader.odd:
        warn(describe_odd(reader.odd))
    if reader.hidden and reader.visibility not in (Visibility.DENIED, Visibility.UNCERTAIN):
        warn(f"{format_count(len(reader.hidden), 'server record')} left out: {HIDDEN_RECORDS}")
    return found, reader.visibility


def read_all_servers(bucket: Bucket, warn: Callable[[str], None]) -> list[ServerRecord]:
    """Return the servers of all projects whose records these credentials may read.

    `warn` is called with records that are broken, and with the number of those that are hidden.
    """
    hidden: list[str] = []

    def read(key: str) -> tuple[str, Stored | None]:
        try:
            return key, bucket.read(key)
        except ClientError as error:
            if not is_denied(error):
                raise
            hidden.append(key)
            return key, None

    with explaining_denial("list the servers of all projects"):
        listed = [entry.key for entry in bucket.list_level(PREFIX)]
    keys = [key for key in listed if find_user(key)]
    if odd := find_odd(listed):
        warn(describe_odd(odd))
    stored = [(key, found) for key, found in map_bounded(read, keys) if found is not None]
    records = [(key, parse_server(key, found.body)) for key, found in stored]
    _warn_of_broken([key for key, record in records if record is None], warn)
    if hidden:
        warn(f"{len(hidden)} of {format_count(len(keys), 'server record')} left out: {HIDDEN_RECORDS}")
    return [record for _, record in records if record is not None]


def _warn_of_broken(keys: list[str], warn: Callable[[str], None]) -> None:
    if keys:
        warn(f"{', '.join(keys)} cannot be read: a server may be running for each.\n{_DELETE_RECORD}")


def read_server(bucket: Bucket, user_id: str) -> ServerRecord | None:
    """Return a participant's server, or None if they never had one.

    Raises HiddenServerError for a record that these credentials may not read, AwsError if AWS fails, and
    CliError for a record that is broken.
    """
    key = f"{PREFIX}{user_id}.json"
    with explaining_denial("read server records"):
        try:
            stored = bucket.read(key)
            record = parse_server(key, stored.body) if stored else None
            if stored and record is None:
                raise CliError(f"{key} cannot be read: a server may be running", _DELETE_RECORD)
            return record
        except ClientError as error:
            if not is_denied(error):
                raise
            # With permission to list by prefix only, S3 also denies access to missing objects (S3 API
            # reference, GetObject).
            if not bucket.holds(key):
                return None
            raise HiddenServerError(user_id) from error


def build_server_rows(records: Iterable[ServerRecord], size_of: FindSize, now: datetime) -> list[ServerRow]:
    """Return one row per server: live servers, oldest first, then ended servers, latest first."""
    rows = [_build_row(record, size_of(record.project_id), now) for record in records]
    alive = sorted((row for row in rows if is_alive(row.record)), key=lambda row: -(row.age or 0))
    return [*alive, *sorted((row for row in rows if not is_alive(row.record)), key=_rank_age)]


def _rank_age(row: ServerRow) -> float:
    return float("inf") if row.age is None else row.age


def _build_row(record: ServerRecord, size: ServerSize, now: datetime) -> ServerRow:
    begun = record.requested_at or record.started_at
    span = find_span(record, now)
    duration = span[1] - span[0] if span else now - now
    age = max((now - begun).total_seconds() / 60, 0) if begun else None
    return ServerRow(record, age, duration.total_seconds() / 60, size.price(duration))


def build_size_lookup(platform: Platform) -> FindSize:
    """Return a function that finds a project's server size once, or the default size if access is denied."""

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
