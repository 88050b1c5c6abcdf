"""The hard cap on servers: a fixed number of slot objects, claimed and freed by conditional writes.

No counter, so nothing can drift: a slot is free when its object is missing or empty. Whoever claims one
has written its number into the server record first, so that a crash in between leaks nothing.
"""

import json

from hippo.aws.s3 import ObjectStore
from hippo.errors import ConflictError

_FREE = b""


class ServerSlots:
    """`_slots/{number}` for 0 ≤ number < `count`."""

    def __init__(self, store: ObjectStore, count: int = 0) -> None:
        self._store = store
        self._count = count

    def find_free(self) -> list[int]:
        """The numbers of the slots that look free now; one listing, however many participants there are."""
        taken = {entry.key for entry in self._store.list_objects("_slots/") if entry.size}
        return [number for number in range(self._count) if _key(number) not in taken]

    def claim(self, number: int, user_id: str, attempt: int) -> bool:
        """Take the slot; True if it is held by this attempt now, also if it has been since an earlier try."""
        mine = _holder(user_id, attempt)
        stored = self._store.read(_key(number))
        if stored and stored.body:
            return stored.body == mine
        try:
            if stored:
                self._store.replace(_key(number), mine, stored.etag)
            else:
                self._store.create(_key(number), mine)
        except ConflictError:
            again = self._store.read(_key(number))  # botocore may have retried a write that succeeded
            return again is not None and again.body == mine
        return True

    def free(self, number: int, user_id: str, attempt: int) -> None:
        """Give the slot back if this attempt holds it; somebody else's claim is left alone."""
        stored = self._store.read(_key(number))
        if stored and stored.body == _holder(user_id, attempt):
            try:
                self._store.replace(_key(number), _FREE, stored.etag)
            except ConflictError:
                return  # another stop of the same attempt was faster


def _key(number: int) -> str:
    return f"_slots/{number:04d}"


def _holder(user_id: str, attempt: int) -> bytes:
    return json.dumps({"userId": user_id, "attempt": attempt}).encode()
