"""`{projectId}/_admission.json`: who was let into a study with a limit, and who was turned away and why.

    {"admitted": [userId, …], "refused": {reason: [userId, …]}}

Changed by compare-and-swap only, so the count is exact whoever arrives at the same time: one read and one
write, and two more for each arrival that was faster in between.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.errors import BrokenRecordError
from hippo.shared_objects import change_object

FULL = "full"
MOST_REFUSED = 5000  # ids kept for each reason; more are turned away uncounted


@dataclass(slots=True)
class Admissions:
    """The content; whoever is in a list is in it once."""

    admitted: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)

    def admit(self, user_id: str, most: int) -> bool:
        """Whether the participant has one of `most` places, now or since an earlier request."""
        if user_id in self.admitted:
            return True
        if len(self.admitted) >= most:
            self.note(user_id, FULL)
            return False
        self.admitted.append(user_id)
        return True

    def note(self, user_id: str, reason: str) -> None:
        """Count somebody who is turned away, once for each reason."""
        ids = self.refused.setdefault(reason, [])
        if user_id not in ids and len(ids) < MOST_REFUSED:
            ids.append(user_id)


class AdmissionList:
    """The object of one project."""

    def __init__(self, store: ObjectStore, project_id: str, clock: Clock) -> None:
        self._store = store
        self._key = f"{project_id}/_admission.json"
        self._clock = clock

    def admit(self, user_id: str, most: int) -> bool:
        """Claim one of `most` places, or count the refusal. Raises TransientError, BrokenRecordError."""
        return self._change(lambda admissions: admissions.admit(user_id, most))

    def note(self, user_id: str, reason: str) -> None:
        """Count a refusal. Raises TransientError, BrokenRecordError."""

        def change(admissions: Admissions) -> bool:
            admissions.note(user_id, reason)
            return True

        self._change(change)

    def _change(self, change: Callable[[Admissions], bool]) -> bool:
        """Carry out a change, which is written only if it makes a difference; give its result."""

        def swap(body: bytes | None) -> tuple[bytes | None, bool]:
            admissions = self._parse(body) if body is not None else Admissions()
            before = _write(admissions)
            result = change(admissions)
            after = _write(admissions)
            return None if after == before else after, result

        return change_object(self._store, self._key, self._clock, swap)

    def _parse(self, body: bytes) -> Admissions:
        try:
            data = dict(json.loads(body))
            admitted = [str(user_id) for user_id in data.pop("admitted", [])]
            refused = {str(k): [str(i) for i in ids] for k, ids in data.pop("refused", {}).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise BrokenRecordError(f"{self._key} is not an admission list: mend or delete it") from error
        return Admissions(admitted, refused, data)


def _write(admissions: Admissions) -> bytes:
    content = {"admitted": admissions.admitted, "refused": admissions.refused}
    return json.dumps({**admissions.others, **content}).encode()
