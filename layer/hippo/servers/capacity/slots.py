"""The hard caps on servers: fixed numbers of slot objects, claimed and freed by conditional writes.

There is no counter, so nothing can drift: a slot is free when its object is missing or empty. A start writes
the slot's number into the server record before it claims the slot, so that a crash in between leaks nothing.
Slots of all servers, slots of projects that have caps of their own, and the queue share one prefix: one
listing shows them all.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from hippo.aws.s3 import ObjectStore, change_object, write_object
from hippo.clock import Clock, parse_stamp, write_stamp
from hippo.errors import BadRequestError, BrokenRecordError, ConflictError
from hippo.ids import is_project_id, is_user_id, parse_user_id
from hippo.stored_json import format_json, parse_object, read_count

PREFIX = "_slots/"
_FREE = b""
_QUEUE = f"{PREFIX}q."


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue entry as its object's key describes it."""

    key: str
    etag: str
    since: datetime
    user_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class CapacityView:
    """The slots that are held and the queue, longest waiting first, as one listing shows them."""

    held: frozenset[str]
    queue: tuple[QueueEntry, ...]

    def list_free(self, count: int, project_id: str = "") -> list[int]:
        """Return the numbers of the slots that look free, of all servers or of a project."""
        return [number for number in range(count) if name_slot(number, project_id) not in self.held]


class ServerSlots:
    """The slots of all servers, and those of projects that have caps of their own.

    Their keys are `_slots/{number}` for 0 ≤ number < `count`, and `_slots/p.{projectId}.{number}`.
    """

    def __init__(self, store: ObjectStore, clock: Clock, count: int) -> None:
        self._store = store
        self._clock = clock
        self.count = count

    def view(self) -> CapacityView:
        """Return slots and queue as they are now: one listing, however many participants there are."""
        held, queue = set(), []
        for listed in self._store.list_objects(PREFIX):
            if listed.key.startswith(_QUEUE):
                if entry := _read_entry(listed.key, listed.etag):
                    queue.append(entry)
            elif listed.size:
                held.add(listed.key)
        return CapacityView(frozenset(held), tuple(sorted(queue, key=lambda entry: entry.key)))

    def claim(self, number: int, user_id: str, attempt: int, project_id: str = "") -> bool:
        """Claim the slot; return whether this attempt holds it, now or since an earlier try."""
        key, mine = name_slot(number, project_id), _write_holder(user_id, attempt)
        stored = self._store.read(key)
        if stored and stored.body:
            return stored.body == mine
        try:
            write_object(self._store, key, mine, stored.etag if stored else None)
        except ConflictError:
            again = self._store.read(key)  # botocore may have retried a write that succeeded
            return again is not None and again.body == mine
        return True

    def free(self, number: int, user_id: str, attempt: int, project_id: str = "") -> None:
        """Free the slot if this attempt holds it; leave another attempt's claim alone."""
        key, mine = name_slot(number, project_id), _write_holder(user_id, attempt)

        def change(body: bytes | None) -> tuple[bytes | None, None]:
            return (_FREE if body == mine else None), None  # another stop of this attempt may have freed it

        change_object(self._store, key, self._clock, change)

    def read_holder(self, key: str) -> tuple[str, int] | None:
        """Return user id and attempt of the slot's holder; None if the slot is free.

        Raises BrokenRecordError for content that the platform has not written.
        """
        stored = self._store.read(key)
        if stored is None or not stored.body:
            return None
        try:
            holder = parse_object(stored.body)
            user_id, attempt = parse_user_id(holder.get("userId")), read_count(holder.get("attempt"))
        except (ValueError, BadRequestError):
            attempt = None
        if attempt is None:
            raise BrokenRecordError(f"{key} does not name the holder of a slot. Delete it to free the slot.")
        return user_id, attempt


def name_slot(number: int, project_id: str = "") -> str:
    """Return the key of a slot."""
    return f"{PREFIX}p.{project_id}.{number:04d}" if project_id else f"{PREFIX}{number:04d}"


def parse_slot(key: str) -> tuple[int, str] | None:
    """Return number and project id (empty: of all servers) of a slot's key; None for another key."""
    head, _, number = key.removeprefix(PREFIX).rpartition(".")
    if not number.isdigit() or not (head == "" or head.startswith("p.")):
        return None
    return int(number), head.removeprefix("p.")


def name_entry(since: datetime, user_id: str, project_id: str) -> str:
    """Return the key of a queue entry; keys sort by time. Neither id can contain a dot."""
    return f"{_QUEUE}{write_stamp(since)}.{user_id}.{project_id}"


def _read_entry(key: str, etag: str) -> QueueEntry | None:
    parts = key.removeprefix(_QUEUE).split(".")
    since = parse_stamp(parts[0])
    if len(parts) != 3 or since is None or not (is_user_id(parts[1]) and is_project_id(parts[2])):
        return None
    return QueueEntry(key, etag, since, parts[1], parts[2])


def _write_holder(user_id: str, attempt: int) -> bytes:
    return format_json({"userId": user_id, "attempt": attempt})


def choose_slot(user_id: str, free: list[int]) -> int:
    """Return one of the free slots; simultaneous starts spread over them, so that few collide."""
    digest = hashlib.sha256(f"{user_id}/{len(free)}".encode()).hexdigest()
    return free[int(digest, 16) % len(free)]
