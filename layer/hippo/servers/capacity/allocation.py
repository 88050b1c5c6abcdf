"""Slots under the caps for a start: its turn in the queue, then its slots."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from hippo.records.server import HeldServer, ServerRecord
from hippo.servers.capacity.queue import ServerQueue, find_entry
from hippo.servers.capacity.slots import CapacityView, QueueEntry, ServerSlots, choose_slot


class SlotAllocation:
    """The slots of a new record, chosen first and claimed once the rule is armed, and the queue for them.

    `limit` is the project's own cap, None if it has none. Its servers count under both caps.
    """

    def __init__(self, slots: ServerSlots, queue: ServerQueue) -> None:
        self._slots = slots
        self._queue = queue
        self._view = CapacityView(frozenset(), ())

    def choose_slots(self, record: ServerRecord, limit: int | None) -> ServerRecord | None:
        """Return the record with slots that are free now; None if the participant must wait in the queue."""
        view = self._view = self._slots.view()
        if not self._has_turn(record, limit):
            self.enter_queue(record, record.start_id, limit)
            return None
        slot = choose_slot(record.user_id, view.list_free(self._slots.count))
        own = view.list_free(limit, record.project_id) if limit is not None else []
        return replace(record, slot=slot, project_slot=choose_slot(record.user_id, own) if own else None)

    def claim_slots(self, held: HeldServer, find_limit: Callable[[], int | None]) -> bool:
        """Claim the slots that the record names, or others. Return False if none are left.

        Raises FencedError.
        """
        record, slots = held.record, self._slots
        while not slots.claim(record.slot or 0, record.user_id, record.attempt):
            free = slots.view().list_free(slots.count)
            if not free:
                return False
            record = held.update(slot=choose_slot(record.user_id, free))
        while record.project_slot is not None and not slots.claim(
            record.project_slot, record.user_id, record.attempt, record.project_id
        ):
            free = slots.view().list_free(find_limit() or 0, record.project_id)
            if not free:
                # Nothing has been created yet. The record will name no slot, as if this start had never
                # arrived.
                slots.free(record.slot or 0, record.user_id, record.attempt)
                return False
            record = held.update(project_slot=choose_slot(record.user_id, free))
        if entry := find_entry(self._view, record.user_id, record.project_id):
            self._queue.leave(entry)
        return True

    def leave_queue(self, user_id: str, project_id: str) -> None:
        """Remove the participant from the queue."""
        if entry := find_entry(self._slots.view(), user_id, project_id):
            self._queue.leave(entry)

    def enter_queue(self, record: ServerRecord, start_id: str, limit: int | None) -> None:
        """Add the participant to the queue, or note that they still wait."""
        since = record.requested_at
        if since is not None:
            self._queue.enter(self._view, record, start_id, since, limit)

    def _has_turn(self, record: ServerRecord, limit: int | None) -> bool:
        """Return whether a slot is free that no other participant has waited longer for."""
        view = self._view
        room = len(view.list_free(self._slots.count))
        own = len(view.list_free(limit, record.project_id)) if limit is not None else room
        mine = find_entry(view, record.user_id, record.project_id)
        for waiting in islice(self._queue.list_contenders(view), room):
            if waiting.entry == mine or _is_before(record, waiting.entry):
                return own > 0
            own -= waiting.entry.project_id == record.project_id
            room -= 1
        return room > 0 and own > 0


def _is_before(record: ServerRecord, entry: QueueEntry) -> bool:
    """Return whether the start was requested before the queued participant first asked.

    A replacement counts from the request for the server that it replaces.
    """
    return record.requested_at is not None and record.requested_at < entry.since
