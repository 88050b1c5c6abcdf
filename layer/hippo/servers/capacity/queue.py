"""The queue above the caps: participants wait in the order in which they first asked.

A start is published again every minute for each waiting participant, and renews their entry. An entry that
has not been renewed for a while is deleted. The queue guarantees nothing: the slots are the cap, and a lost
or duplicate entry costs a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock, from_wire, to_wire
from hippo.errors import ConflictError
from hippo.records.messages import read_host_choice
from hippo.records.server import ServerRecord
from hippo.servers.capacity.slots import CapacityView, QueueEntry, name_entry
from hippo.stored_json import format_json, parse_object, read_count

# A waiting client has a start published every 60 to 90 s; AWS may retry a start message for minutes.
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue entry with its content: the start that waits, the cap of its project, if any, and its host."""

    entry: QueueEntry
    start_id: str
    seen_at: datetime
    limit: int | None
    host: str = ""


class ServerQueue:
    """The queue entries of all projects, `_slots/q.{time}.{userId}.{projectId}`."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def enter(
        self, view: CapacityView, record: ServerRecord, start_id: str, since: datetime, limit: int | None
    ) -> None:
        """Create the entry, or note that the participant still waits."""
        body = _write(start_id, self._clock.now(), limit, record.host_choice)
        known = find_entry(view, record.user_id, record.project_id)
        try:
            if known:
                self._store.replace(known.key, body, known.etag)
            else:
                self._store.create(name_entry(since, record.user_id, record.project_id), body)
        except ConflictError:
            return  # another start of the same participant wrote first

    def leave(self, entry: QueueEntry) -> None:
        """Delete the entry."""
        self._store.delete(entry.key)

    def list_contenders(self, view: CapacityView) -> Iterator[Waiting]:
        """Yield the entries whose project has a free slot, longest waiting first; delete the abandoned ones.

        Reads one entry for each that it yields, and one for each project that is at its own cap.
        """
        room: dict[str, int] = {}
        for entry in view.queue:
            if room.get(entry.project_id, 1) <= 0:
                continue
            waiting = self._read(entry)
            if waiting is None:
                continue
            if self._clock.now() - waiting.seen_at > PATIENCE:
                self.leave(entry)
                continue
            if waiting.limit is not None:
                free = len(view.list_free(waiting.limit, entry.project_id))
                room.setdefault(entry.project_id, free)
                if room[entry.project_id] <= 0:
                    continue
                room[entry.project_id] -= 1
            yield waiting

    def _read(self, entry: QueueEntry) -> Waiting | None:
        stored = self._store.read(entry.key)
        if stored is None:
            return None
        try:
            data = parse_object(stored.body)
        except ValueError:  # it is renewed within 90 s by the participant, if there is one
            data = {}
        seen_at = from_wire(data.get("seenAt")) or entry.since
        limit, host = read_count(data.get("limit")), read_host_choice(data.get("host"))
        return Waiting(entry, str(data.get("startId") or ""), seen_at, limit, host)


def find_entry(view: CapacityView, user_id: str, project_id: str) -> QueueEntry | None:
    """Return the participant's queue entry, or None."""
    mine = (user_id, project_id)
    return next((entry for entry in view.queue if (entry.user_id, entry.project_id) == mine), None)


def _write(start_id: str, now: datetime, limit: int | None, host: str) -> bytes:
    return format_json({"startId": start_id, "seenAt": to_wire(now), "limit": limit, "host": host})
