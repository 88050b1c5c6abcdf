"""The game servers of a project: those that run, those that failed, and what they have cost so far."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord, read_record
from hippo.studies.study import Study
from hippo_cli.aws_errors import is_denied
from hippo_cli.data.bucket import Bucket, Listed, Stored
from hippo_cli.data.pool import map_bounded
from hippo_cli.prices import DEFAULT_CPU, DEFAULT_MEMORY, ServerCost

PREFIX = "_servers/"
_ALIVE = (ServerState.STARTING, ServerState.READY, ServerState.STOPPING)
_LOOKED_AT = 20  # records asked for before one concludes that none may be read
NONE_SEEN = "No server record can be seen: there is none yet, or these credentials may not read them."


class Sight(Enum):
    """What is known of a project's servers, where a record is refused that is foreign or not there."""

    CLEAR = "clear"  # those that are seen are all that there are
    DOUBTFUL = "doubtful"  # none is seen: there is none yet, or none may be read
    REFUSED = "refused"  # none is seen, not even of somebody who has played


@dataclass(frozen=True, slots=True)
class ServerSize:
    """What a server is made of; `known`: as its task definition says, not as configs are by default."""

    cpu: float = DEFAULT_CPU
    memory: float = DEFAULT_MEMORY
    known: bool = False

    def price(self, duration: timedelta) -> float:
        """USD at most: on demand; Spot costs about a third."""
        return ServerCost(self.cpu, self.memory, 60).dollars * duration.total_seconds() / 3600


class ServerReader:
    """Reads the server records of a project, again only where they have changed.

    Whoever may list all of them sees each, of whomever it is; whoever may not, as researchers, asks for those
    of the project's participants by name.
    """

    def __init__(self, bucket: Bucket, project_id: str) -> None:
        self._bucket = bucket
        self._project_id = project_id
        self._known: dict[str, tuple[str, ServerRecord | None]] = {}
        self.sight = Sight.CLEAR

    @property
    def broken(self) -> list[str]:
        """Keys of records that cannot be read, of whichever project they are."""
        return [key for key, (_, record) in self._known.items() if record is None]

    def read(self, users: Iterable[str], has_played: Callable[[str], bool]) -> list[ServerRecord]:
        """The project's servers; by name those of these participants (likeliest first).

        `sight` then says what it means if there is none. `has_played` is asked of some of them, if need be.
        """
        wanted = {f"{PREFIX}{user}.json": user for user in users}
        try:
            listed = list(self._bucket.list_tree(PREFIX))
        except ClientError as error:
            if not is_denied(error):
                raise
            self._read_by_name(wanted, has_played)
        else:
            self.sight = Sight.CLEAR
            self._read_listed(listed)
        return [
            record
            for _, record in self._known.values()
            if record is not None and record.project_id == self._project_id
        ]

    def _read_listed(self, listed: list[Listed]) -> None:
        keys = {entry.key for entry in listed}
        self._known = {key: known for key, known in self._known.items() if key in keys}
        changed = [entry.key for entry in listed if self._known.get(entry.key, ("", None))[0] != entry.etag]
        for key, stored in map_bounded(self._fetch, changed):
            self._keep(key, stored)

    def _read_by_name(self, wanted: Mapping[str, str], has_played: Callable[[str], bool]) -> None:
        """A record that is not there, or is another project's, is refused like one that may not be read."""
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        keys = list(wanted)
        answered = self._ask(keys[:_LOOKED_AT])
        if not answered and not self._known and any(has_played(wanted[key]) for key in keys[:_LOOKED_AT]):
            self.sight = Sight.REFUSED
            return
        answered = self._ask(keys[_LOOKED_AT:]) or answered
        self.sight = Sight.CLEAR if answered or self._known or not keys else Sight.DOUBTFUL

    def _ask(self, keys: Iterable[str]) -> bool:
        """Whether any of them was not refused."""
        answers = []
        for key, stored, refused in map_bounded(self._fetch_allowed, keys):
            self._keep(key, stored)
            answers.append(not refused)
        return any(answers)

    def _keep(self, key: str, stored: Stored | None) -> None:
        if stored is None:
            self._known.pop(key, None)
            return
        self._known[key] = (stored.etag, parse_server(stored.body))

    def _fetch(self, key: str) -> tuple[str, Stored | None]:
        return key, self._bucket.read(key)

    def _fetch_allowed(self, key: str) -> tuple[str, Stored | None, bool]:
        try:
            return (*self._fetch(key), False)
        except ClientError as error:
            if is_denied(error):
                return key, None, True
            raise


def parse_server(body: bytes) -> ServerRecord | None:
    """A server record from what is stored; None if that is none."""
    try:
        return read_record(json.loads(body))
    except (ValueError, TypeError, AttributeError):
        return None


def is_alive(record: ServerRecord) -> bool:
    """Whether it is there, coming or going."""
    return record.state in _ALIVE


def has_failed(record: ServerRecord) -> bool:
    """Whether its last attempt came to a bad end."""
    return record.state == ServerState.FAILED or bool(record.error)


def find_span(record: ServerRecord, now: datetime) -> tuple[datetime, datetime] | None:
    """When its last attempt began and ended (`now` for one that lives); None if no task was ever run.

    Earlier attempts of the same participant are not in the record.
    """
    begun = record.started_at or record.requested_at
    if begun is None or not (record.task_arn or record.public_ip):
        return None
    ended = now if is_alive(record) else record.stopped_at or record.deadline
    return (begun, max(begun, min(ended or now, now)))


def find_time_to_ready(record: ServerRecord) -> float | None:
    """Seconds from when the participant's server was asked for until it could be played on."""
    begun = record.requested_at if record.attempt == 1 else record.started_at or record.requested_at
    if begun is None or record.ready_at is None or record.ready_at < begun:
        return None
    return (record.ready_at - begun).total_seconds()


def split_by_day(begun: datetime, ended: datetime, zone: tzinfo | None) -> Iterator[tuple[date, timedelta]]:
    """A span's share of each day, in a time zone (None: this machine's)."""
    begun, ended = begun.astimezone(UTC), ended.astimezone(UTC)
    while begun < ended:
        day = begun.astimezone(zone).date()
        midnight = find_midnight(day + timedelta(days=1), zone)
        yield day, min(midnight, ended) - begun
        begun = midnight


def find_midnight(day: date, zone: tzinfo | None) -> datetime:
    """When a day begins in a time zone, in UTC: not 24 hours after the one before where the clock changes."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def find_size(make_client: Any, study: Study) -> ServerSize:
    """The size of the study's servers: of its task definition, else of its config; one call."""
    size = _read_setup(study)
    if not study.task_definition:
        return size
    try:
        answer = make_client("ecs").describe_task_definition(taskDefinition=study.task_definition)
        definition = answer["taskDefinition"]
        return ServerSize(int(definition["cpu"]) / 1024, int(definition["memory"]) / 1024, known=True)
    except (ClientError, KeyError, ValueError):
        return size  # costs are an estimate anyway; whoever reads answers need not be let see this


def _read_setup(study: Study) -> ServerSize:
    setup = study.config.get("awsSetup")
    try:
        cpu, memory = float(setup["cpu"]), float(setup["memory"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return ServerSize()
    return ServerSize(cpu, memory)
