"""Connections that have not shown yet who they are: how many there may be, and how fast they may come.

Anyone on the internet can connect to a game server, and strangers must not keep its participant out. Nothing
tells a participant who is still connecting from a stranger, except perhaps the address. So where there are
too many, the address with the most of them loses one, at random: if always the oldest went, new strangers
would surely push out a participant who needs a moment to connect.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from time import monotonic

MOST = 128
MOST_PER_SECOND = 10  # requests of one address without a ticket
MOST_CONNECTIONS_PER_SECOND = 100  # of one address; what they do to the others depends on `MOST`


class Strangers:
    """The open connections without a valid ticket; each has a function that closes it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin without any; `clock` returns seconds."""
        self._open: dict[object, tuple[str, Callable[[], None]]] = {}
        self._requests, self._connections = _Rate(clock), _Rate(clock)
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def add(self, connection: object, address: str, close: Callable[[], None]) -> None:
        """Add a connection from an address, and close another one where there are too many.

        If its address connects too fast, it is closed itself.
        """
        if self._is_closed or self._connections.is_above(MOST_CONNECTIONS_PER_SECOND, address):
            close()
            return
        if len(self._open) >= MOST:
            self._close(self._choose())
        self._open[connection] = (address, close)

    def remove(self, connection: object) -> None:
        """Forget a connection that has shown who it is, or has ended."""
        self._open.pop(connection, None)

    def is_too_fast(self, address: str) -> bool:
        """Count a request without a ticket; return whether its address has sent too many within a second."""
        return self._requests.is_above(MOST_PER_SECOND, address)

    def close(self) -> None:
        """Close all of them, and whatever comes from now on."""
        self._is_closed = True
        for connection in list(self._open):
            self._close(connection)

    def _choose(self) -> object:
        """Return any connection of an address that has the most."""
        counts = Counter(address for address, _ in self._open.values())
        most = max(counts.values())
        return random.choice([other for other, (address, _) in self._open.items() if counts[address] == most])

    def _close(self, connection: object) -> None:
        _, close = self._open.pop(connection)
        close()


class _Rate:
    """The number of things that each address has done within the last second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recent: deque[tuple[float, str]] = deque()
        self._counts: Counter[str] = Counter()

    def is_above(self, limit: int, address: str) -> bool:
        """Return whether an address has reached the limit; count one more if it has not."""
        now = self._clock()
        while self._recent and self._recent[0][0] <= now - 1:
            _, expired = self._recent.popleft()
            self._counts[expired] -= 1
            if not self._counts[expired]:
                del self._counts[expired]
        if self._counts[address] >= limit:
            return True
        self._recent.append((now, address))
        self._counts[address] += 1
        return False
