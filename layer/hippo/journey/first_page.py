"""The places of participants who have never answered the first page: whether they lapse.

Nothing is written when a participant answers. Their record says whether they have got beyond the first page,
and it is read only once another participant needs a place that is old enough.
"""

import logging
from datetime import datetime, timedelta
from enum import Enum

from hippo.errors import BrokenRecordError, ConflictError
from hippo.records.participant import ParticipantStore

logger = logging.getLogger(__name__)

MOST_CHECKS = 10  # records read for one newcomer, who waits meanwhile


class Place(Enum):
    """A place whose participant cannot lose it any more, or has lost it."""

    KEPT = "kept"  # they got beyond the first page
    LAPSED = "lapsed"


class FirstPage:
    """The check of places that were given to participants before `cutoff`."""

    def __init__(self, records: ParticipantStore, now: datetime, cutoff: datetime) -> None:
        self._records = records
        self._now = now
        self._cutoff = cutoff

    @property
    def now(self) -> int:
        """The time in seconds since 1970."""
        return int(self._now.timestamp())

    @property
    def cutoff(self) -> int:
        """The time before which a place may have lapsed, in seconds since 1970."""
        return int(self._cutoff.timestamp())

    def check(self, user_id: str) -> Place | int:
        """Return whether a place is kept or has lapsed, or else since when it is held, in seconds since 1970.

        A lapse is first written into the participant's record, by compare-and-swap: an answer that arrives at
        that moment either keeps the place, or finds that it has lapsed. A record that cannot be read keeps
        its place, so that it stops no newcomer.
        """
        try:
            found = self._records.read(user_id)
        except BrokenRecordError as error:
            logger.error("place kept", extra={"userId": user_id, "why": str(error)[:200]})
            return Place.KEPT
        if found is None:  # the place is old, and no record followed
            return Place.LAPSED
        participant, etag = found
        if participant.has_begun:
            return Place.KEPT
        if participant.lapsed_at is not None:
            return Place.LAPSED
        since = participant.last_seen_at
        if since is not None and since > self._cutoff:
            return int(since.timestamp())
        participant.lapsed_at = self._now
        try:
            self._records.write(user_id, participant, etag)
        except ConflictError:  # they came back just now
            return self.now
        logger.info("place lapsed", extra={"userId": user_id})
        return Place.LAPSED


def watch_first_page(records: ParticipantStore, now: datetime, lapse_after: int) -> FirstPage | None:
    """Return the check of places; None if they never lapse. `lapse_after` is in minutes."""
    return FirstPage(records, now, now - timedelta(minutes=lapse_after)) if lapse_after else None
