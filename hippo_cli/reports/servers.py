"""The game servers of a project: current servers, failed servers and their cost so far."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from hippo.ids import is_user_id
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord, read_record
from hippo.stored_json import UNREADABLE, parse_object
from hippo.studies.study import Study
from hippo.studies.task_rules import DEFAULT_CPU, DEFAULT_MEMORY
from hippo_cli.aws_errors import is_denied
from hippo_cli.data.bucket import Bucket, Listed, Stored
from hippo_cli.data.pool import map_bounded
from hippo_cli.findings import format_count
from hippo_cli.prices import ServerCost

PREFIX = "_servers/"
_ALIVE = (ServerState.STARTING, ServerState.READY, ServerState.STOPPING)
_SEARCH_STEP = timedelta(hours=1)
_PROBES = 20  # records to try before concluding that access to all of them is denied
HIDDEN_RECORDS = (
    "these credentials may not read them. They belong to other projects, or to none, or were last written\n"
    "before the stack tagged them. Ask the operator about these servers."
)
NO_RECORD_VISIBLE = (
    "No server records are visible: either there are none yet, or these credentials may not read them."
)


class Visibility(Enum):
    """How much is known of a project's servers, given that S3 may also deny access to missing records."""

    COMPLETE = "complete"  # all servers are visible
    UNCERTAIN = "uncertain"  # no server is visible: there is none yet, or access is denied
    DENIED = "denied"  # no server is visible, not even that of a participant who has played


@dataclass(frozen=True, slots=True)
class ServerSize:
    """The size of a server. `known` is true if it comes from the task definition, not from a default."""

    cpu: float = DEFAULT_CPU
    memory: float = DEFAULT_MEMORY
    known: bool = False

    def price(self, duration: timedelta) -> float:
        """Return the maximum cost in USD, which is the on-demand price. Spot costs about a third."""
        return ServerCost(self.cpu, self.memory, 60).dollars * duration.total_seconds() / 3600


class ServerReader:
    """A reader of a project's server records. A record is read again only after it has changed.

    If the caller may list all records, each one that they may read is visible. Otherwise, as for researchers,
    the records of the project's participants are read by name.
    """

    def __init__(self, bucket: Bucket, project_id: str) -> None:
        self._bucket = bucket
        self._project_id = project_id
        self._known: dict[str, tuple[str, ServerRecord | None]] = {}
        self._denied: dict[str, str] = {}  # ETags of listed records that may not be read
        self.visibility = Visibility.COMPLETE
        self.odd: list[str] = []  # keys that no server record has
        self.hidden: list[str] = []  # keys of participants' records that exist and may not be read

    @property
    def broken(self) -> list[str]:
        """The keys of records that cannot be read, in any project."""
        return [key for key, (_, record) in self._known.items() if record is None]

    def read(self, users: Iterable[str], has_played: Callable[[str], bool]) -> list[ServerRecord]:
        """Return the project's servers, read by name for these participants (likeliest first) if necessary.

        `visibility` then says how to interpret an empty result. `has_played` may be called for some of the
        participants.
        """
        wanted = {f"{PREFIX}{user}.json": user for user in users}
        try:
            listed = list(self._bucket.list_level(PREFIX))
        except ClientError as error:
            if not is_denied(error):
                raise
            self._read_by_name(wanted, has_played)
        else:
            self.odd = find_odd(entry.key for entry in listed)
            self._read_listed([entry for entry in listed if find_user(entry.key)], wanted, has_played)
        return [
            record
            for _, record in self._known.values()
            if record is not None and record.project_id == self._project_id
        ]

    def _read_listed(
        self, listed: list[Listed], wanted: Mapping[str, str], has_played: Callable[[str], bool]
    ) -> None:
        """Read all records but those of other projects, which stewards may list and not read."""
        etags = {entry.key: entry.etag for entry in listed}
        self._known = {key: known for key, known in self._known.items() if key in etags}
        self._denied = {key: etag for key, etag in self._denied.items() if etags.get(key) == etag}
        seen = {key: etag for key, (etag, _) in self._known.items()} | self._denied
        changed = [key for key, etag in etags.items() if seen.get(key) != etag]
        for key, stored, denied in map_bounded(self._try_fetch, changed):
            self._keep(key, stored)
            if denied:
                self._denied[key] = etags[key]
        self.hidden = [key for key in self._denied if key in wanted]
        self.visibility = Visibility.COMPLETE
        if self.hidden and not self._known:
            has_server = any(has_played(wanted[key]) for key in self.hidden[:_PROBES])
            self.visibility = Visibility.DENIED if has_server else Visibility.UNCERTAIN

    def _read_by_name(self, wanted: Mapping[str, str], has_played: Callable[[str], bool]) -> None:
        """Read records by name. S3 denies access to missing and foreign records as to forbidden ones."""
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        keys = list(wanted)
        allowed = self._read_allowed(keys[:_PROBES])
        if not allowed and not self._known and any(has_played(wanted[key]) for key in keys[:_PROBES]):
            self.visibility = Visibility.DENIED
            return
        allowed = self._read_allowed(keys[_PROBES:]) or allowed
        self.visibility = Visibility.COMPLETE if allowed or self._known or not keys else Visibility.UNCERTAIN

    def _read_allowed(self, keys: Iterable[str]) -> bool:
        """Read records and return whether access to any of them was allowed."""
        allowed = []
        for key, stored, denied in map_bounded(self._try_fetch, keys):
            self._keep(key, stored)
            allowed.append(not denied)
        return any(allowed)

    def _keep(self, key: str, stored: Stored | None) -> None:
        if stored is None:
            self._known.pop(key, None)
            return
        self._known[key] = (stored.etag, parse_server(key, stored.body))

    def _fetch(self, key: str) -> tuple[str, Stored | None]:
        return key, self._bucket.read(key)

    def _try_fetch(self, key: str) -> tuple[str, Stored | None, bool]:
        try:
            return (*self._fetch(key), False)
        except ClientError as error:
            if is_denied(error):
                return key, None, True
            raise


def find_user(key: str) -> str | None:
    """Return the participant whose server record has this key; None for another key."""
    user_id = key.removeprefix(PREFIX).removesuffix(".json")
    return user_id if is_user_id(user_id) and key == f"{PREFIX}{user_id}.json" else None


def find_odd(keys: Iterable[str]) -> list[str]:
    """Return the keys that no server record has."""
    return [key for key in keys if find_user(key) is None]


def describe_odd(keys: Sequence[str]) -> str:
    """Return the warning about keys that no server record has."""
    such = keys[0].removeprefix(PREFIX)
    return f"{format_count(len(keys), 'object')} in {PREFIX} left out: not server records, such as {such}"


def parse_server(key: str, body: bytes) -> ServerRecord | None:
    """Return the server record in a stored object, or None if it is not that of its participant."""
    try:
        record = read_record(parse_object(body))
    except UNREADABLE:
        return None
    return record if record.user_id == find_user(key) else None


def is_alive(record: ServerRecord) -> bool:
    """Return whether the server is starting, ready or stopping."""
    return record.state in _ALIVE


def has_failed(record: ServerRecord) -> bool:
    """Return whether the server's last attempt failed, or ended before any try of its start succeeded."""
    never_started = bool(record.start_problem) and record.state in (ServerState.STOPPING, ServerState.STOPPED)
    return record.state == ServerState.FAILED or bool(record.error) or never_started


def is_delayed(record: ServerRecord) -> bool:
    """Return whether the last try of a start failed, so that the participant still waits."""
    return record.state == ServerState.STARTING and bool(record.start_problem)


def find_span(record: ServerRecord, now: datetime) -> tuple[datetime, datetime] | None:
    """Return start and end of the last attempt, or None if no task ever ran. A live attempt ends `now`.

    The record does not contain earlier attempts of the same participant.
    """
    begun = record.started_at or record.requested_at
    if begun is None or not (record.task_arn or record.public_ip):
        return None
    ended = now if is_alive(record) else record.stopped_at or record.deadline
    return (begun, max(begun, min(ended or now, now)))


def find_time_to_ready(record: ServerRecord) -> float | None:
    """Return the seconds from the request of the participant's server until it was ready."""
    begun = record.requested_at if record.attempt == 1 else record.started_at or record.requested_at
    if begun is None or record.ready_at is None or record.ready_at < begun:
        return None
    return (record.ready_at - begun).total_seconds()


def split_by_day(begun: datetime, ended: datetime, zone: tzinfo | None) -> Iterator[tuple[date, timedelta]]:
    """Yield a span's share of each day in a time zone (None means this machine's)."""
    begun, ended = begun.astimezone(UTC), ended.astimezone(UTC)
    while begun < ended:
        until = min(_find_day_end(begun, zone), ended)
        yield begun.astimezone(zone).date(), until - begun
        begun = until


def _find_day_end(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return the end of a moment's day, which is always after the moment, in UTC.

    It is searched for in UTC. A local midnight cannot be computed from a date: where clocks change at
    midnight, it may not exist, occur twice, or be before the moment.
    """
    day = moment.astimezone(zone).date()
    low, high = moment, moment + _SEARCH_STEP
    while high.astimezone(zone).date() == day:
        low, high = high, high + _SEARCH_STEP
    while high - low > timedelta.resolution:
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(zone).date() == day else (low, middle)
    return high


def find_size(make_client: Any, study: Study) -> ServerSize:
    """Return the size of the study's servers from its task definition, or else its config, in one call."""
    size = _read_setup(study)
    if not study.task_definition:
        return size
    try:
        response = make_client("ecs").describe_task_definition(taskDefinition=study.task_definition)
        definition = response["taskDefinition"]
        return ServerSize(int(definition["cpu"]) / 1024, int(definition["memory"]) / 1024, known=True)
    except (ClientError, KeyError, ValueError):
        return size  # costs are estimates, and reading answers does not require this permission


def _read_setup(study: Study) -> ServerSize:
    setup = study.config.get("awsSetup")
    try:
        cpu, memory = float(setup["cpu"]), float(setup["memory"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return ServerSize()
    return ServerSize(cpu, memory)
