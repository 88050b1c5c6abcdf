"""Whether a participant's server answers, asked as a client would."""

import socket


def can_connect(address: str, port: int, seconds: float = 2.0) -> bool:
    """Whether a TCP connection opens within that many seconds."""
    try:
        with socket.create_connection((address, port), timeout=seconds):
            return True
    except OSError:
        return False
