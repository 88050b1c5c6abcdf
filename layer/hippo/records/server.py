"""The server record of a participant: the source of truth about their server, which AWS resources follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from hippo.aws.s3 import ObjectStore, write_object
from hippo.clock import Clock, from_wire, to_wire
from hippo.contention import list_write_tries
from hippo.errors import BrokenRecordError, ConflictError, FencedError
from hippo.host_labels import restore_host_name
from hippo.ids import name_resources
from hippo.records.codes import FOLLOWED_ENDS, IDLE_ENDS, EndReason, HostChoice, Occasion, ServerState
from hippo.records.messages import build_stop, name_request
from hippo.stored_json import format_json, parse_object, read_count

PROJECT_TAG = "hippo-project"  # of objects and people: decides who may read which record
LONGEST_LEASE = timedelta(minutes=15)  # Lambda's longest timeout; no invocation holds a longer lease
# Attempts within one project that may end idle without counting as one of those: an image that ends all its
# servers so must not cost money without end, as long as a page in an open tab asks for the next.
MOST_IDLE_ENDS = 20
MAX_ATTEMPTS = 5  # attempts within one project; after them the participant sees an error instead of waiting


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """One participant's server.

    `owner` and `lease_until` name the invocation at work and its deadline; `start_lease_until` keeps the
    lease of a start that a stop has overtaken. `tries` counts the attempts within one project, `rounds` how
    often this attempt has found no capacity anywhere. `addresses` are all public addresses that the host
    name ever had, `seen` the starts that took effect. `ended_task` and `ended_cause` are what ECS reported
    about a task while its start was still at work. `slot` counts under the cap of all servers,
    `project_slot` under the project's own. `started_at` is when this attempt began. `group` is the
    participant's group where groups are balanced. `container` names the container that receives `variables`;
    it is empty until it is known. `tickets` is a TicketUse, and `ticket_key` the attempt's secret, which is
    never shown or logged. `bucket` stores the participant's record. `idle_minutes` says after how long
    without a player the server ends (0: never), and `idle_ends` how many earlier attempts ended so. `error`
    is why a start failed permanently, and `problem` why its last try failed, which is repeated.
    """

    user_id: str
    project_id: str
    state: str
    attempt: int = 1
    tries: int = 1
    rounds: int = 0
    start_id: str = ""
    seen: tuple[str, ...] = ()
    owner: str = ""
    lease_until: datetime | None = None
    start_lease_until: datetime | None = None
    slot: int | None = None
    project_slot: int | None = None
    task_definition: str = ""
    container: str = ""
    group: int | None = None
    tickets: str = ""
    ticket_key: str = field(default="", repr=False)
    bucket: str = ""
    idle_minutes: int = 0
    idle_ends: int = 0
    cluster: str = ""
    rule_name: str = ""
    host_name: str = ""
    task_arn: str = ""
    capacity_provider: str = ""
    ended_task: str = ""
    ended_cause: str = ""
    public_ip: str = ""
    addresses: tuple[str, ...] = ()
    requested_at: datetime | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    stop_requested_at: datetime | None = None
    stopped_at: datetime | None = None
    deadline: datetime | None = None
    reason: str = ""
    error: str = ""
    problem: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)

    def has_lease(self, now: datetime) -> bool:
        """Return whether an invocation is at work on the server."""
        return _is_live(self.lease_until, now)

    def is_free_for(self, owner: str, now: datetime) -> bool:
        """Return whether no invocation but `owner` is at work on the server."""
        return not self.has_lease(now) or self.owner == owner

    def has_start_lease(self, now: datetime) -> bool:
        """Return whether an overtaken start may still be at work."""
        return _is_live(self.start_lease_until, now)

    @property
    def host_choice(self) -> HostChoice:
        """The choice that was made for the server's host name."""
        label = self.host_name.partition(".")[0]
        return HostChoice.USER_ID if label == self.user_id else HostChoice.DERIVED

    @property
    def start_problem(self) -> str:
        """The reason why the start does not progress, or never succeeded; empty once it was ready."""
        return self.problem if self.ready_at is None else ""

    @property
    def has_failed_late(self) -> bool:
        """Whether the start failed permanently after it may have created something."""
        return self.state == ServerState.FAILED and bool(self.cluster)

    @property
    def variables(self) -> dict[str, str]:
        """The container's environment variables besides those of its task definition.

        They are the same for every try of an attempt, as a client token requires.
        """
        group = {} if self.group is None else {"HIPPO_GROUP": str(self.group)}
        if not self.ticket_key:
            return group
        idle = {"HIPPO_IDLE_MINUTES": str(self.idle_minutes)} if self.idle_minutes else {}
        return {
            "HIPPO_TICKET_KEY": self.ticket_key,
            "HIPPO_TICKETS": self.tickets,
            "HIPPO_PROJECT_ID": self.project_id,
            "HIPPO_USER_ID": self.user_id,
            **idle,
            **group,
        }

    def is_ready_for(self, project_id: str, now: datetime) -> bool:
        """Return whether the project's game can be played on the server now."""
        alive = self.deadline is None or self.deadline > now
        return self.state == ServerState.READY and self.project_id == project_id and alive

    def may_be_shown_for(self, project_id: str, now: datetime) -> bool:
        """Return whether to show the game now: not while `stop_server` finds out whether it is unused."""
        return self.is_ready_for(project_id, now) and not self.has_lease(now)

    @property
    def has_ended_idle(self) -> bool:
        """Whether the server is being stopped, or has stopped, for lack of a player."""
        gone = self.state in (ServerState.STOPPING, ServerState.STOPPED) and not self.error
        return gone and self.reason in IDLE_ENDS

    def stopped_before_game_for(self, project_id: str) -> bool:
        """Return whether the project's server was stopped without an error before the game was reached."""
        return self.project_id == project_id and self.state == ServerState.STOPPED and not self.error

    def may_start_again_for(self, project_id: str) -> bool:
        """Return whether another attempt makes sense; it needs a new id, as an id takes effect only once."""
        failed_retryably = self.has_failed_for(project_id) and self._may_try()
        return self.stopped_before_game_for(project_id) or failed_retryably

    def is_being_replaced_for(self, project_id: str) -> bool:
        """Return whether a server that ended during the game is replaced, at once or on request."""
        if self.project_id != project_id:
            return False
        gone = self.state in (ServerState.STOPPING, ServerState.STOPPED) and not self.error
        replaced = gone and self.reason in (*FOLLOWED_ENDS, EndReason.NO_SLOT)
        fails_retryably = self.has_failed_for(project_id) and self._may_try()
        return self.state == ServerState.STARTING or replaced or fails_retryably

    def _may_try(self) -> bool:
        return self.reason == EndReason.TASK_ENDED and self.tries < MAX_ATTEMPTS

    def has_failed_for(self, project_id: str) -> bool:
        """Return whether its start has failed permanently, torn down since or not."""
        return self.project_id == project_id and bool(self.error)


def _is_live(lease_until: datetime | None, now: datetime) -> bool:
    return lease_until is not None and now < lease_until <= now + LONGEST_LEASE


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """The names that this stack gives to what belongs to a participant's server.

    The start of an attempt chooses between the two possible host names. The record keeps which one it was.
    """

    prefix: str
    root_domain: str

    def restore(self, record: ServerRecord) -> ServerRecord:
        """Return the record with the names derived again.

        What is stored only tells whether each exists, and which of the possible host names was chosen.
        """
        name = name_resources(self.prefix, record.attempt, record.user_id)
        host_name = restore_host_name(record.user_id, record.host_name, self.root_domain)
        return replace(
            record,
            cluster=record.cluster and name,
            rule_name=record.rule_name and name,
            host_name=record.host_name and host_name,
        )


_TIMES = {f.name for f in fields(ServerRecord) if f.type == datetime | None}
_TUPLES = {f.name for f in fields(ServerRecord) if f.type == tuple[str, ...]}
_TEXTS = {f.name for f in fields(ServerRecord) if f.type is str}
_DEFAULTS = {f.name: f.default for f in fields(ServerRecord)}


def to_camel(name: str) -> str:
    """Return `leaseUntil` for `lease_until`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


_WIRE_NAMES = {f.name: to_camel(f.name) for f in fields(ServerRecord) if f.name != "others"}


def read_record(data: Mapping[str, Any]) -> ServerRecord:
    """Read a record from its JSON; unknown keys are kept, and a value of the wrong type counts as absent."""
    values: dict[str, Any] = {"others": {k: v for k, v in data.items() if k not in _WIRE_NAMES.values()}}
    for name, wire in _WIRE_NAMES.items():
        values[name] = _read_value(name, data.get(wire))
    return ServerRecord(**values)


def _read_value(name: str, value: object) -> object:
    if name in _TIMES:
        return from_wire(value)
    if name in _TUPLES:
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
    if name in _TEXTS:
        return value if isinstance(value, str) else ""
    default = _DEFAULTS[name]
    return read_count(value, default if isinstance(default, int) else None)


def write_record(record: ServerRecord) -> bytes:
    """Return the JSON of a record."""
    wire: dict[str, Any] = dict(record.others)
    for name, key in _WIRE_NAMES.items():
        value = getattr(record, name)
        wire[key] = to_wire(value) if name in _TIMES else list(value) if name in _TUPLES else value
    return format_json(wire)


def build_tags(stack: str, record: ServerRecord) -> dict[str, str]:
    """Return the tags of every resource that is created for the participant."""
    tags = {"hippo:stack": stack, "hippo:project": record.project_id, "hippo:user": record.user_id}
    return {key: value for key, value in tags.items() if value}


def format_object_tags(record: ServerRecord) -> str:
    """Return the tags of the record itself, as S3 expects them; none for a record without a project."""
    return urlencode({PROJECT_TAG: record.project_id}) if record.project_id else ""


def name_replacement(record: ServerRecord) -> str:
    """Return the request id of the start that replaces a server whose task exited: one per attempt."""
    return name_request(record.project_id, record.user_id, f"{Occasion.REPLACEMENT}/{record.attempt}")


def build_attempt_stop(record: ServerRecord, reason: str) -> dict[str, object]:
    """Return the platform's own stop message: only the platform names the attempt that it means."""
    return build_stop(record.user_id, project_id=record.project_id, attempt=record.attempt, reason=reason)


class ServerStore:
    """The records of all servers, `_servers/{userId}.json`; `names` is needed to use or change resources."""

    def __init__(self, store: ObjectStore, names: ResourceNames | None = None) -> None:
        self._store = store
        self._names = names

    def read(self, user_id: str) -> tuple[ServerRecord, str] | None:
        """Return the record and its ETag, or None. Raises BrokenRecordError if it is not a JSON object.

        Its key decides whose record it is, and its names are derived from that.
        """
        stored = self._store.read(f"_servers/{user_id}.json")
        if stored is None:
            return None
        try:
            record = replace(read_record(parse_object(stored.body)), user_id=user_id)
        except ValueError:
            raise BrokenRecordError(
                f"_servers/{user_id}.json is not a valid server record. "
                "Fix it, or delete it to shut the server down."
            ) from None
        return (self._names.restore(record) if self._names else record), stored.etag

    def write(self, record: ServerRecord, etag: str | None) -> None:
        """Create (without ETag) or replace the record. Raises ConflictError if a rival wrote first.

        Each write sets the tags again: an object has those of its last write.
        """
        key, tags = f"_servers/{record.user_id}.json", format_object_tags(record)
        write_object(self._store, key, write_record(record), etag, tags=tags)


class HeldServer:
    """A record that this invocation has claimed, and may change only while it still owns it."""

    def __init__(self, store: ServerStore, record: ServerRecord, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.record = record

    def check(self) -> ServerRecord:
        """Read the record again. Raises FencedError if another invocation has taken it over."""
        return self._read_owned()[0]

    def check_with_etag(self) -> tuple[ServerRecord, str]:
        """Return the same, with the ETag that a write of another kind must match."""
        return self._read_owned()

    def update(self, check: Callable[[ServerRecord], None] | None = None, /, **changes: Any) -> ServerRecord:
        """Change the record by compare-and-swap; keep what others may change meanwhile (the deadline).

        `check` sees the record as it will be, and may raise. Raises FencedError if the record is no longer
        ours. botocore may lose the response to a successful write, retry it and get 412: such a write is
        recognised by what is stored.
        """
        # Not `retry_conflicts`: a lost write may be our own, and giving up means that the record is not ours.
        for _ in list_write_tries(self._clock):
            current, etag = self._read_owned()
            wanted = replace(current, **changes)
            if check:
                check(wanted)
            try:
                self._store.write(wanted, etag)
            except ConflictError:
                if not self._is_stored(wanted):
                    continue
            self.record = wanted
            return wanted
        raise FencedError(f"{self.record.user_id}: the record kept changing")

    def _is_stored(self, wanted: ServerRecord) -> bool:
        found = self._store.read(wanted.user_id)
        return found is not None and write_record(found[0]) == write_record(wanted)

    def _read_owned(self) -> tuple[ServerRecord, str]:
        found = self._store.read(self.record.user_id)
        mine = self.record
        if not found or (found[0].owner, found[0].attempt, found[0].state) != (
            mine.owner,
            mine.attempt,
            mine.state,
        ):
            raise FencedError(f"{mine.user_id}: attempt {mine.attempt} is no longer {mine.state} here")
        self.record = found[0]
        return found
