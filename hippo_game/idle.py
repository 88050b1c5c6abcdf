"""The end of a server without a player: it exits by itself after some minutes.

A server costs money as long as it runs, and only the server itself knows whether its player is still there.
"""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

# The exit code by which the platform recognises this end. It removes the server, counts no failure, and
# starts another one when the participant asks. No shell, signal or sysexits.h uses it.
EXIT_CODE = 86


class IdleWatch:
    """The players who are connected, and since when there is none. Strangers are not players."""

    def __init__(self, minutes: float | None, clock: Callable[[], float] = monotonic) -> None:
        """Begin without a player; with None the server never counts as idle. `clock` returns seconds."""
        self._limit = None if minutes is None else minutes * 60
        self._clock = clock
        self._players: set[object] = set()
        self._since = clock()

    def join(self, connection: object) -> None:
        """Note that a connection is a player's."""
        self._players.add(connection)

    def leave(self, connection: object) -> None:
        """Note that a connection has ended, whether or not it was a player's."""
        if connection in self._players:
            self._players.remove(connection)
            self._since = self._clock()

    @property
    def seconds_left(self) -> float:
        """The seconds until the server counts as idle, if no player joins; 0 or less if it does."""
        if self._limit is None:
            return float("inf")
        return self._limit if self._players else self._since + self._limit - self._clock()

    async def wait(self) -> None:
        """Wait until the server is idle."""
        if self._limit is None:
            await asyncio.Event().wait()
        while (seconds := self.seconds_left) > 0:
            await asyncio.sleep(seconds)


def read_idle_minutes(environ: Mapping[str, str]) -> float | None:
    """Return HIPPO_IDLE_MINUTES, None if it is unset. Raises ValueError, which names the variable."""
    text = environ.get("HIPPO_IDLE_MINUTES")
    if not text:
        return None
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 0 < minutes < float("inf"):
        raise ValueError(f"HIPPO_IDLE_MINUTES: {text!r} is not a number of minutes. Leave it unset.")
    return minutes
