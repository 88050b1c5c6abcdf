"""The number of newcomers of each network in the last hour, counted without its address.

Each project and network has one object for each day, `_newcomers/{day}/{hash}.json` in the stack's own
bucket, and one more for newcomers who are refused without a claim, such as those on a phone. Its name is a
hash under a random key of that day, `_newcomers/{day}/key`. Key and counts expire together after a day, and
nothing else can then tell which network a count belonged to.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from hippo.aws.s3 import ObjectStore, change_object
from hippo.clock import Clock
from hippo.errors import ConflictError, TransientError
from hippo.journey.client_addresses import shorten_address
from hippo.stored_json import UNREADABLE, format_json, parse_object
from hippo.studies.catalogue import ListedProject

logger = logging.getLogger(__name__)

PREFIX = "_newcomers/"
REFUSED = "refused"  # a count of its own: a person on a phone may begin on a computer later
HOUR = timedelta(hours=1)
_MARK = 16  # hexadecimal digits that tell the newcomers of one network apart


def make_day_key() -> bytes:
    """Return a random key of 256 bits, as text."""
    return secrets.token_hex(32).encode()


class NewcomerCounts:
    """The counts of all projects; `usual_limit` is that of studies without their own, 0 for any number."""

    def __init__(
        self,
        store: ObjectStore,
        clock: Clock,
        usual_limit: int,
        make_key: Callable[[], bytes] = make_day_key,
    ) -> None:
        self._store = store
        self._clock = clock
        self._usual_limit = usual_limit
        self._make_key = make_key
        self._today = ("", b"")

    def admit(self, project: ListedProject, user_id: str, address: str, kind: str = "") -> bool:
        """Count a newcomer, once in an hour, if their network is below its limit; return whether it is.

        Signed links are exempt, because they cannot be made up. `address` is the one that API Gateway states.
        Each `kind` is counted apart.
        Raises TransientError when too many arrive at once.
        """
        limit = project.access.newcomers_per_network
        limit = self._usual_limit if limit is None else limit
        network = shorten_address(address)
        if limit == 0 or project.access.signed_links or network == "-":
            return True
        now = self._clock.now()
        day = f"{now:%Y-%m-%d}"
        key = self._find_key(day)
        counted = [kind, project.id, network] if kind else [project.id, network]
        name = f"{PREFIX}{day}/{_hash(key, *counted)}.json"
        mark = _hash(key, project.id, network, user_id)[:_MARK]

        def change(body: bytes | None) -> tuple[bytes | None, bool]:
            times = _read_times(body, now)
            if mark in times:
                return None, True
            if len(times) >= limit:
                return None, False
            return format_json({"newcomers": {**times, mark: int(now.timestamp())}}), True

        return change_object(self._store, name, self._clock, change)

    def _find_key(self, day: str) -> bytes:
        if self._today[0] != day:
            self._today = (day, self._read_or_make_key(f"{PREFIX}{day}/key"))
        return self._today[1]

    def _read_or_make_key(self, name: str) -> bytes:
        stored = self._store.read(name)
        if stored is None:
            try:
                key = self._make_key()
                self._store.create(name, key)
            except ConflictError:  # another environment has just made it
                stored = self._store.read(name)
            else:
                return key
        if stored is None:
            raise TransientError(f"{name}: cannot be read, try again")
        return stored.body


def _hash(key: bytes, *parts: str) -> str:
    """Return a keyed hash; no part can contain a line break."""
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def _read_times(body: bytes | None, now: datetime) -> dict[str, int]:
    """Return when each newcomer of the last hour was counted. A count that cannot be read begins again."""
    try:
        stored = parse_object(body)["newcomers"] if body is not None else {}
        since = int((now - HOUR).timestamp())
        return {str(mark): int(time) for mark, time in stored.items() if int(time) > since}
    except UNREADABLE:
        logger.error("count of newcomers is not readable")
        return {}
