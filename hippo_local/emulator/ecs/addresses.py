"""Loopback addresses, one for each task: Linux routes all of 127.0.0.0/8 to this machine.

On AWS every Fargate task has an address, so all of them listen on the same port. Here each has its own
127.100.x.y. Several platforms may run side by side on one machine, so an address is claimed by holding a
socket on it while the task runs. The kernel releases the claim however the emulator ends.

macOS has only the addresses that were added to it, so there the lowest free one is used: the aliases
127.100.0.1 to 127.100.0.4 allow four servers at once.
"""

import contextlib
import os
import random
import socket
import sys
import threading
from collections.abc import Iterator

# Bound, never listened on: two emulators cannot both hold it on one address.
_CLAIM_PORT = 47123
_HOSTS = 250 * 250
_TRIES = 500


class NoAddressError(RuntimeError):
    """No 127.100.x.y is available on this machine."""


class AddressPool:
    """The addresses that the tasks of one emulator hold."""

    def __init__(self, task_port: int, *, lowest_first: bool = sys.platform == "darwin") -> None:
        self._task_port = task_port
        self._lowest_first = lowest_first
        self._claims: dict[str, socket.socket] = {}
        self._lock = threading.Lock()
        # Platforms side by side begin at different addresses, so that they seldom collide.
        self._next = random.Random(os.getpid()).randrange(_HOSTS)

    def claim(self) -> str:
        """Return an address on which the task port is free, held until `release`. Raises NoAddressError."""
        with self._lock:
            for number in self._list_candidates():
                address = f"127.100.{number // 250}.{number % 250 + 1}"
                held = self._try_claim(address)
                if held is not None:
                    self._claims[address] = held
                    self._next = number + 1
                    return address
        raise NoAddressError(
            f"no address 127.100.x.y has port {self._task_port} free for a task. On macOS, add such an "
            "address first, for example: sudo ifconfig lo0 alias 127.100.0.1"
        )

    def release(self, address: str) -> None:
        """Release `address`."""
        with self._lock:
            held = self._claims.pop(address, None)
        if held is not None:
            held.close()

    def _list_candidates(self) -> Iterator[int]:
        begin = 0 if self._lowest_first else self._next
        return ((begin + step) % _HOSTS for step in range(_TRIES))

    def _try_claim(self, address: str) -> socket.socket | None:
        claim = socket.socket()
        try:
            claim.bind((address, _CLAIM_PORT))
            with contextlib.closing(socket.socket()) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, self._task_port))
        except OSError:
            claim.close()
            return None
        return claim
