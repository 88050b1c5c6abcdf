"""Tickets: what lets a client use a game server as its participant.

The platform gives each server a random key, and its participant an address with a ticket,
`?ticket=<payload>.<mac>`: JSON and its HMAC-SHA256 under the key, both base64url without padding. A client
that has a ticket is the participant that the ticket names, whatever its messages say.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

PLAYER, VIEWER = "player", "viewer"
REQUIRED, OPTIONAL, NONE = "required", "optional", "none"
_LONGEST = 2048  # characters of a ticket; the platform's have about 200


class TicketError(ValueError):
    """A connection that may not use the server; its client receives the text, which holds no ticket."""


@dataclass(frozen=True)
class Ticket:
    """The content of a valid ticket; `expires` in seconds since 1970, `group` None if the study has none."""

    user_id: str
    project_id: str
    group: int | None
    seat: str
    role: str
    attempt: int
    expires: float


@dataclass(frozen=True)
class TicketRules:
    """The rules about who may connect. Without a key, which only the platform sets, any connection may.

    `user_id` and `project_id` are those of the server. `origins` are the web sites whose pages may connect to
    a server that requires tickets; if it is empty, all may.
    """

    key: str | None = field(default=None, repr=False)
    is_required: bool = False
    user_id: str | None = None
    project_id: str | None = None
    origins: tuple[str, ...] = ()

    def check(self, path: str, origin: str | None, now: float) -> Ticket | None:
        """Return the ticket in a request's path; None if its client may say who it is instead.

        Raises TicketError. `origin` is the request's header, which only browsers send.
        """
        if self.key is None:
            return None
        text = _find_ticket(path)
        if text is None:
            if self.is_required:
                raise TicketError("This game needs a ticket. Open it from the study's page.")
            return None
        # Pages of other front ends, which may be anywhere, only use servers on which tickets are optional.
        if self.is_required and origin is not None and self.origins and origin.lower() not in self.origins:
            raise TicketError("This page may not use the game. Open it from the study's page.")
        ticket = read_ticket(text, self.key, now)
        if ticket.role != PLAYER:
            raise TicketError("This ticket does not let its holder play.")
        if not self._is_for(ticket):
            raise TicketError("This ticket is for another game.")
        return ticket

    def _is_for(self, ticket: Ticket) -> bool:
        return self.user_id in (None, ticket.user_id) and self.project_id in (None, ticket.project_id)


def read_rules(environ: Mapping[str, str]) -> TicketRules:
    """Return the rules in the environment of a server. Raises ValueError, which names the wrong variable."""
    use = environ.get("HIPPO_TICKETS") or NONE
    key = environ.get("HIPPO_TICKET_KEY") or None
    if use not in (REQUIRED, OPTIONAL, NONE):
        raise ValueError(f"HIPPO_TICKETS: {use!r} is not required, optional or none. Leave it unset.")
    if use != NONE and key is None:
        raise ValueError("HIPPO_TICKET_KEY: missing, but HIPPO_TICKETS is set. Leave both unset.")
    return TicketRules(
        key=key,
        is_required=key is not None and use != OPTIONAL,
        user_id=environ.get("HIPPO_USER_ID") or None,
        project_id=environ.get("HIPPO_PROJECT_ID") or None,
        origins=tuple(filter(None, (environ.get("HIPPO_ORIGINS") or "").lower().split(","))),
    )


def read_ticket(text: str, key: str, now: float) -> Ticket:
    """Return the content of a ticket that was signed with `key` and has not expired. Raises TicketError."""
    payload, _, mac = text.partition(".")
    expected = hmac.digest(key.encode(), payload.encode(errors="replace"), hashlib.sha256)
    if not hmac.compare_digest(_encode(expected), mac.encode(errors="replace")):
        raise TicketError("This ticket is not valid here. Reload the study's page.")
    ticket = _read_payload(payload)
    if ticket.expires <= now:
        raise TicketError("This ticket has expired. Reload the study's page.")
    return ticket


def _find_ticket(path: str) -> str | None:
    """Return the value of the parameter `ticket`; an empty one is one that is not valid."""
    if len(path) > _LONGEST:
        raise TicketError("The address is too long.")
    try:
        values = parse_qs(urlsplit(path).query, keep_blank_values=True).get("ticket")
    except ValueError:
        raise TicketError("The address is not valid.") from None
    return values[0] if values else None


def _read_payload(payload: str) -> Ticket:
    """Return the content of a signed payload; one that a newer platform writes may hold more."""
    try:
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        group = content["g"]
        return Ticket(
            user_id=str(content["u"]),
            project_id=str(content["p"]),
            group=None if group is None else int(group),
            seat=str(content["s"]),
            role=str(content["r"]),
            attempt=int(content["a"]),
            expires=float(content["e"]),
        )
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise TicketError("This ticket is not one of this version. Reload the study's page.") from None


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
