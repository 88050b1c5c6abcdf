"""Connections that have not shown yet who they are: how many there may be, and how fast they may come.

Anyone on the internet can connect to a game server. Strangers must not keep its participant out, so no
newcomer is refused because of them: the oldest stranger is closed instead.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from time import monotonic

MOST_PER_ADDRESS = 8
MOST = 64
MOST_PER_SECOND = 10  # of one address


class Strangers:
    """The open connections without a valid ticket, oldest first; each has a function that closes it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin without any; `clock` returns seconds."""
        self._clock = clock
        self._open: OrderedDict[object, tuple[str, Callable[[], None]]] = OrderedDict()
        self._recent: deque[tuple[float, str]] = deque()
        self._rates: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def add(self, connection: object, address: str, close: Callable[[], None]) -> None:
        """Add a connection from an address; close the oldest one where there are too many."""
        ours = [other for other, (from_, _) in self._open.items() if from_ == address]
        if len(ours) >= MOST_PER_ADDRESS:
            self._close(ours[0])
        elif len(self._open) >= MOST:
            self._close(next(iter(self._open)))
        self._open[connection] = (address, close)

    def remove(self, connection: object) -> None:
        """Forget a connection that has shown who it is, or has ended."""
        self._open.pop(connection, None)

    def is_too_fast(self, address: str) -> bool:
        """Count a request without a ticket; return whether its address has sent too many within a second."""
        now = self._clock()
        while self._recent and self._recent[0][0] <= now - 1:
            _, expired = self._recent.popleft()
            self._rates[expired] -= 1
            if not self._rates[expired]:
                del self._rates[expired]
        if self._rates[address] >= MOST_PER_SECOND:
            return True
        self._recent.append((now, address))
        self._rates[address] += 1
        return False

    def _close(self, connection: object) -> None:
        _, close = self._open.pop(connection)
        close()
