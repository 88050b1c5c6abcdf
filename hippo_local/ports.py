"""Ports on the loopback interface, claimed early: a port in use then stops the start and not a study."""

import errno
import socket

from hippo_local.errors import LocalPlatformError

LOOPBACK = "127.0.0.1"
_BACKLOG = 128


class PortTakenError(LocalPlatformError):
    """A port that the platform needs is used by another program."""

    def __init__(self, port: int, purpose: str, flag: str) -> None:
        super().__init__(
            f"Port {port} ({purpose}) is in use by another program. Stop that program, or choose another "
            f"port with {flag} N (0 takes any free port)."
        )


def open_listener(port: int, purpose: str, flag: str) -> socket.socket:
    """Return a socket that listens on 127.0.0.1:`port` (0: any free port).

    `purpose` and `flag` (the option that changes the port) go into the message of PortTakenError.
    """
    # A specific address can be bound next to a wildcard listener (macOS: AirPlay on 5000), and browsers try
    # ::1 first: a program that listens on either address would get the participants' connections.
    if port and any(_is_answered(host, port) for host in (LOOPBACK, "::1")):
        raise PortTakenError(port, purpose, flag)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port, purpose, flag) from error
        raise LocalPlatformError(
            f"Port {port} ({purpose}) cannot be used: {error.strerror}. Choose another with {flag} N."
        ) from error
    return listener


def reserve_port(port: int, purpose: str, flag: str) -> int:
    """Return a port that another process can listen on now: `port` itself, or any free one for 0."""
    with open_listener(port, purpose, flag) as listener:
        return get_port(listener)


def get_port(listener: socket.socket) -> int:
    """Return the port number of a bound socket."""
    return int(listener.getsockname()[1])


def _is_answered(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
