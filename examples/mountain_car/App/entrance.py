"""The entrance of the game server: which connections get in, before they have sent a message."""

import logging
import time
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from hippo_game.strangers import Strangers
from hippo_game.tickets import Ticket, TicketError, TicketRules

LOG = logging.getLogger("entrance")


class Entrance:
    """The check of tickets, and the bounds on connections that have shown none."""

    def __init__(self, rules: TicketRules, clock: Callable[[], float] = time.time) -> None:
        self._rules, self._clock = rules, clock
        self._strangers = Strangers()
        self._tickets: dict[ServerConnection, Ticket] = {}
        self._reported: set[str] = set()

    @property
    def is_guarded(self) -> bool:
        """Whether the platform has given this server a key."""
        return self._rules.key is not None

    def make_connection_type(self) -> type[ServerConnection]:
        """Return a type of connections that report here when they open and when they end."""
        entrance = self

        class GuardedConnection(ServerConnection):
            def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
                super().connection_made(transport)
                if entrance.is_guarded:
                    entrance._strangers.add(self, _find_address(self), transport.abort)

            def connection_lost(self, exc: Exception | None) -> None:
                entrance._tickets.pop(self, None)
                entrance.recognise(self)
                super().connection_lost(exc)

        return GuardedConnection

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the refusal of an opening request, or None. The ticket never reaches the log."""
        try:
            ticket = self._rules.check(request.path, request.headers.get("Origin"), self._clock())
        except TicketError as error:
            self._report(str(error))
            return connection.respond(403, f"{error}\n")
        if ticket:
            self._tickets[connection] = ticket
            self.recognise(connection)
        elif self.is_guarded and self._strangers.is_too_fast(_find_address(connection)):
            return connection.respond(429, "Too many connections. Wait a second.\n")
        return None

    def find_ticket(self, connection: ServerConnection) -> Ticket | None:
        """Return the ticket that a connection has shown."""
        return self._tickets.get(connection)

    def recognise(self, connection: ServerConnection) -> None:
        """Note that a connection has shown who it is."""
        self._strangers.remove(connection)

    def _report(self, reason: str) -> None:
        """Log each reason once: strangers must not be able to fill the log."""
        if reason not in self._reported:
            self._reported.add(reason)
            LOG.warning("refused a connection, and from now on all alike: %s", reason)


def _find_address(connection: ServerConnection) -> str:
    address = connection.transport.get_extra_info("peername")
    return str(address[0]) if address else ""
