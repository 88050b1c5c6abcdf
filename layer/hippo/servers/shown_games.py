"""Participants' records, read to find out whether they have been shown the game on their server."""

from collections.abc import Callable, Collection

from hippo.aws.s3 import ObjectStore
from hippo.errors import BrokenRecordError
from hippo.ids import is_project_id
from hippo.records.participant import ParticipantStore
from hippo.records.server import ServerRecord


class ShownGames:
    """The records in the stack's buckets; `make_store` returns the store of one."""

    def __init__(self, make_store: Callable[[str], ObjectStore], buckets: Collection[str]) -> None:
        self._make_store = make_store
        self._buckets = buckets

    def may_be_played(self, record: ServerRecord) -> bool:
        """Return whether a participant may be playing on a server: False if its game was never shown.

        Clients without tickets call no API while they play, so a game that was shown counts as played. So
        does a game whose participant has no readable record: there is none if an operator started the server.
        """
        if record.bucket not in self._buckets or not is_project_id(record.project_id):
            return True
        store = ParticipantStore(self._make_store(record.bucket), record.project_id)
        try:
            found = store.read(record.user_id)
        except BrokenRecordError:
            return True
        if found is None:
            return True
        participant = found[0]
        return participant.game_shown_at is not None or participant.shown_attempt == record.attempt
