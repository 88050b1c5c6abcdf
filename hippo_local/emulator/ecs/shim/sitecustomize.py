"""A module on the path of Python tasks: "all interfaces" means the task's only address, as in a container."""

import os
import socket
from typing import Any

_bind = socket.socket.bind


def bind(sock: socket.socket, address: Any) -> None:
    """Bind like `socket.bind`, with the task's own address instead of every interface."""
    own = os.environ.get("LOCAL_TASK_ADDRESS")
    if own and isinstance(address, tuple) and address[0] in ("", "0.0.0.0", "::"):
        if sock.family == socket.AF_INET6 and sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            # A server on "every interface" opens this socket in addition to the IPv4 one. All tasks share
            # ::1, so the socket gets a random port, which no client uses.
            address = ("::1", 0)
        elif sock.family == socket.AF_INET6:
            address = (f"::ffff:{own}", address[1])
        else:
            address = (own, address[1])
    _bind(sock, address)


socket.socket.bind = bind  # type: ignore[assignment, method-assign]  # the purpose of this file
