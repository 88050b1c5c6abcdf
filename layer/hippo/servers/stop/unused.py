"""The decision whether to stop a server whose game was never shown, without taking it from a participant."""

from dataclasses import replace

from hippo.clock import Clock
from hippo.errors import FencedError
from hippo.invocation import Invocation
from hippo.records.codes import ServerState
from hippo.records.messages import LONGEST_REQUEST
from hippo.records.server import HeldServer, ServerRecord, ServerStore
from hippo.servers.shown_games import ShownGames


class UnusedServers:
    """The servers that a sweep found unused a moment ago.

    `next_step` may be about to show the game: it has read the server's record, and not written the
    participant's yet. A lease on the record keeps it from beginning with that. After the longest time that a
    request takes, the participant's record therefore says for certain whether the game was shown.
    """

    def __init__(
        self, servers: ServerStore, shown_games: ShownGames, invocation: Invocation, clock: Clock
    ) -> None:
        self._servers = servers
        self._shown_games = shown_games
        self._invocation = invocation
        self._clock = clock

    def confirm(self, record: ServerRecord, etag: str) -> tuple[ServerRecord, str] | None:
        """Return the record as it is now, with its ETag, if the server is unused; otherwise None.

        Raises ConflictError.
        """
        invocation = self._invocation
        if record.state != ServerState.READY or not record.is_free_for(invocation.owner, self._clock.now()):
            return None
        leased = replace(record, owner=invocation.owner, lease_until=invocation.ends)
        self._servers.write(leased, etag)
        self._clock.sleep(LONGEST_REQUEST.total_seconds())
        held = HeldServer(self._servers, leased, self._clock)
        try:
            if self._shown_games.may_be_played(leased):
                held.update(lease_until=None)
                return None
            return held.check_with_etag()
        except FencedError:  # another stop has taken it over
            return None
