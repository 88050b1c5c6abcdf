"""A place under the caps for a start: its turn in the queue, and its slots."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from hippo.records.server import HeldServer, ServerRecord
from hippo.servers.capacity.queue import ServerQueue, find_entry
from hippo.servers.capacity.slots import Places, QueueEntry, ServerSlots, choose_slot


class ServerPlaces:
    """Chooses slots for a new record, claims them once the rule is armed, and keeps the queue.

    `limit` is a project's own cap, None if it has none; its servers count under both caps.
    """

    def __init__(self, slots: ServerSlots, queue: ServerQueue) -> None:
        self._slots = slots
        self._queue = queue
        self._places = Places(frozenset(), ())

    def assign(self, record: ServerRecord, limit: int | None) -> ServerRecord | None:
        """The record with slots that are free now, or None: then the participant waits in the queue."""
        places = self._places = self._slots.look()
        if not self._has_turn(record, limit):
            self.queue_up(record, record.start_id, limit)
            return None
        slot = choose_slot(record.user_id, places.list_free(self._slots.count))
        own = places.list_free(limit, record.project_id) if limit is not None else []
        return replace(record, slot=slot, project_slot=choose_slot(record.user_id, own) if own else None)

    def secure(self, held: HeldServer, find_limit: Callable[[], int | None]) -> bool:
        """Claim the slots that the record names, or others. False if none are left. Raises FencedError."""
        record, slots = held.record, self._slots
        while not slots.claim(record.slot or 0, record.user_id, record.attempt):
            free = slots.look().list_free(slots.count)
            if not free:
                return False
            record = held.update(slot=choose_slot(record.user_id, free))
        while record.project_slot is not None and not slots.claim(
            record.project_slot, record.user_id, record.attempt, record.project_id
        ):
            free = slots.look().list_free(find_limit() or 0, record.project_id)
            if not free:
                # Nothing was made yet; and the record, as if this had never come, will name no slot.
                slots.free(record.slot or 0, record.user_id, record.attempt)
                return False
            record = held.update(project_slot=choose_slot(record.user_id, free))
        if entry := find_entry(self._places, record.user_id, record.project_id):
            self._queue.leave(entry)
        return True

    def give_up(self, user_id: str, project_id: str) -> None:
        """Nobody waits for a place any more."""
        if entry := find_entry(self._slots.look(), user_id, project_id):
            self._queue.leave(entry)

    def queue_up(self, record: ServerRecord, start_id: str, limit: int | None) -> None:
        """Wait for a place, or go on waiting."""
        since = record.requested_at
        if since is not None:
            places, ids = self._places, (record.user_id, record.project_id)
            self._queue.enter(places, *ids, start_id, since, limit)

    def _has_turn(self, record: ServerRecord, limit: int | None) -> bool:
        """Whether there is a place that nobody else has waited longer for."""
        places = self._places
        room = len(places.list_free(self._slots.count))
        own = len(places.list_free(limit, record.project_id)) if limit is not None else room
        mine = find_entry(places, record.user_id, record.project_id)
        for waiting in islice(self._queue.list_contenders(places), room):
            if waiting.entry == mine or _is_before(record, waiting.entry):
                return own > 0
            own -= waiting.entry.project_id == record.project_id
            room -= 1
        return room > 0 and own > 0


def _is_before(record: ServerRecord, entry: QueueEntry) -> bool:
    """Whether the start was asked for before somebody in the queue first asked: what replaces a server that
    died counts from the request for that one."""
    return record.requested_at is not None and record.requested_at < entry.since
