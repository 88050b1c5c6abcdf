"""Tickets: what lets a client use a game server as its participant.

A ticket is `<payload>.<mac>`. The payload is JSON, and the mac its HMAC-SHA256 under the attempt's key. Both
are base64url without padding. Only the server record and the task's environment hold the key.
`hippo_game/tickets.py` reads tickets.
"""

import base64
import hashlib
import hmac
import json
import secrets

from hippo.records.server import ServerRecord

SEAT, ROLE = "player", "player"  # a server of one participant has one seat


def make_ticket_key() -> str:
    """Return a random key of 256 bits, as text."""
    return secrets.token_urlsafe(32)


def write_ticket(record: ServerRecord) -> str:
    """Return the ticket of the record's participant, valid until the deadline; empty without a key."""
    if not record.ticket_key or record.deadline is None:
        return ""
    content = {
        "u": record.user_id,
        "p": record.project_id,
        "g": record.group,
        "s": SEAT,
        "r": ROLE,
        "a": record.attempt,
        "e": int(record.deadline.timestamp()),
    }
    payload = _encode(json.dumps(content, separators=(",", ":")).encode())
    mac = hmac.digest(record.ticket_key.encode(), payload.encode(), hashlib.sha256)
    return f"{payload}.{_encode(mac)}"


def add_ticket(url: str, record: ServerRecord) -> str:
    """Return the game server's address with the participant's ticket, or unchanged if it takes none."""
    ticket = write_ticket(record)
    if not ticket:
        return url
    if "?" in url:
        return f"{url}&ticket={ticket}"
    has_path = "/" in url.partition("://")[2]
    return f"{url}{'' if has_path else '/'}?ticket={ticket}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
