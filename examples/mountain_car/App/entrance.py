"""The entrance of the game server: which connections get in, before they have sent a message."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable

from opening import OpeningConnection
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from hippo_game.strangers import Strangers
from hippo_game.tickets import Ticket, TicketError, TicketRules

LOG = logging.getLogger("entrance")


class Entrance:
    """The check of tickets, and the bounds on connections that have shown none."""

    def __init__(
        self, rules: TicketRules, tls: ssl.SSLContext | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._rules, self._tls, self._clock = rules, tls, clock
        self._strangers = Strangers()
        self._tickets: dict[ServerConnection, Ticket] = {}
        self._reported: set[str] = set()

    @property
    def is_guarded(self) -> bool:
        """Whether the platform has given this server a key."""
        return self._rules.key is not None

    def make_connection_type(self) -> type[ServerConnection]:
        """Return a type of connections that report here when they are accepted and when they end."""
        entrance = self

        class GuardedConnection(OpeningConnection):
            tls = entrance._tls

            def accepted(self, transport: asyncio.Transport) -> None:
                entrance._strangers.add(self, _find_address(transport), transport.abort)

            def ended(self) -> None:
                entrance._tickets.pop(self, None)
                entrance.recognise(self)

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
        elif self.is_guarded and self._strangers.is_too_fast(_find_address(connection.transport)):
            return connection.respond(429, "Too many connections. Wait a second.\n")
        return None

    def find_ticket(self, connection: ServerConnection) -> Ticket | None:
        """Return the ticket that a connection has shown."""
        return self._tickets.get(connection)

    def recognise(self, connection: ServerConnection) -> None:
        """Note that a connection has shown who it is."""
        self._strangers.remove(connection)

    def close(self) -> None:
        """Close the connections that have not shown who they are: one that reads nothing would not end."""
        self._strangers.close()

    def _report(self, reason: str) -> None:
        """Log each reason once: strangers must not be able to fill the log."""
        if reason not in self._reported:
            self._reported.add(reason)
            LOG.warning("refused a connection, and from now on all alike: %s", reason)


def _find_address(transport: asyncio.BaseTransport) -> str:
    address = transport.get_extra_info("peername")
    return str(address[0]) if address else ""
