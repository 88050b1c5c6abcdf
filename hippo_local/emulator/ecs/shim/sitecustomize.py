"""Put on a task's path: "all interfaces" means the one address that the task has, as in a container."""

import os
import socket
from typing import Any

_bind = socket.socket.bind


def bind(sock: socket.socket, address: Any) -> None:
    """`socket.bind`, with the task's own address in the place of every interface."""
    own = os.environ.get("LOCAL_TASK_ADDRESS")
    if own and isinstance(address, tuple) and address[0] in ("", "0.0.0.0", "::"):
        if sock.family == socket.AF_INET6 and sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            # A server on "every interface" opens this one beside the IPv4 one. There is a single ::1 for
            # all tasks, so it gets a port of its own, which nobody asks for.
            address = ("::1", 0)
        elif sock.family == socket.AF_INET6:
            address = (f"::ffff:{own}", address[1])
        else:
            address = (own, address[1])
    _bind(sock, address)


socket.socket.bind = bind  # type: ignore[assignment, method-assign]  # the point of this file
