"""The SNS messages that start and stop servers, and how functions receive them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hippo.clock import from_wire
from hippo.errors import BadRequestError, InvalidMessageError
from hippo.groups import read_group
from hippo.ids import parse_project_id, parse_user_id
from hippo.records.codes import OBSERVED_ENDS, EndReason, HostChoice, TicketUse

MAX_DELAY_MINUTES = 24 * 60
# next_step publishes before it writes the record. A message may precede its record, but by no longer than a
# request takes (28 s, template.yaml) plus the difference between clocks.
UNWRITTEN = timedelta(minutes=1)
# The longest time from the first read to the last write of a request to `next_step`.
LONGEST_REQUEST = timedelta(seconds=30)
_MOST_ATTEMPTS = 1_000_000  # far more than any participant has; the number becomes part of names


@dataclass(frozen=True, slots=True)
class StartMessage:
    """A start: `{"projectId", "userId"[, "requestId", "group", "tickets", "host"]}`.

    The SNS MessageId replaces a missing requestId. The message carries `group` and `tickets` because
    a start may run before the participant's record, which also has them, is written. It carries `host`, a
    HostChoice, because only its sender knows who chose the user id.
    """

    project_id: str
    user_id: str
    start_id: str
    sent_at: datetime
    group: int | None = None
    tickets: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class StopMessage:
    """A stop: `{"userId"[, "projectId", "attempt", "delay", "reason", "requestId"]}`; `delay` in minutes."""

    user_id: str
    sent_at: datetime
    project_id: str = ""
    attempt: int | None = None
    delay: float = 0.0
    reason: str = ""
    request_id: str = ""


def build_start(
    project_id: str,
    user_id: str,
    request_id: str = "",
    *,
    group: int | None = None,
    tickets: str = "",
    host: str = "",
) -> dict[str, object]:
    """Return the start message as it is published."""
    optional = {"requestId": request_id, "tickets": tickets, "host": host}
    message: dict[str, object] = {"projectId": project_id, "userId": user_id}
    message |= {key: value for key, value in optional.items() if value}
    return message if group is None else {**message, "group": group}


def build_stop(
    user_id: str,
    *,
    project_id: str = "",
    attempt: int | None = None,
    delay: float = 0,
    reason: str = "",
    request_id: str = "",
) -> dict[str, object]:
    """Return the stop message as it is published, or as a rule's input."""
    optional = {"projectId": project_id, "attempt": attempt, "delay": delay, "reason": reason}
    optional |= {"requestId": request_id}
    return {"userId": user_id, **{key: value for key, value in optional.items() if value}}


def name_request(project_id: str, user_id: str, what: object) -> str:
    """Return the request id of a message that is sent because of a participant's progress in a study."""
    return f"{project_id}/{user_id}/{what}"


def find_occasion(message: StartMessage | StopMessage) -> str:
    """Return `what` of `name_request`; empty for other senders, whose participants may have no record."""
    request_id = message.start_id if isinstance(message, StartMessage) else message.request_id
    prefix = name_request(message.project_id, message.user_id, "")
    return request_id.removeprefix(prefix) if request_id.startswith(prefix) else ""


def parse_delay(value: object) -> float:
    """Return the minutes, 0 to 24 hours; 0 if absent. Raises BadRequestError."""
    if value is None or value == "":
        return 0.0
    try:
        delay = float(value)  # type: ignore[arg-type]  # any other type raises TypeError
    except (TypeError, ValueError):
        raise BadRequestError("delay: must be a number of minutes") from None
    if not 0 <= delay <= MAX_DELAY_MINUTES:
        raise BadRequestError(f"delay: must be 0 to {MAX_DELAY_MINUTES} minutes")
    return delay


def read_start(
    body: Mapping[str, Any], message_id: str, sent_at: datetime, reserved: Iterable[str]
) -> StartMessage:
    """Read a start message from its JSON. Raises InvalidMessageError."""
    try:
        return StartMessage(
            project_id=parse_project_id(body.get("projectId")),
            user_id=parse_user_id(body.get("userId"), reserved),
            start_id=str(body.get("requestId") or message_id)[:256],
            sent_at=sent_at,
            group=read_group(body.get("group")),
            tickets=_read_word(body.get("tickets"), TicketUse.REQUIRED, TicketUse.OPTIONAL),
            host=read_host_choice(body.get("host")),
        )
    except BadRequestError as error:
        raise InvalidMessageError(f"start message: {error}") from error


def read_host_choice(value: object) -> str:
    """Return the HostChoice, empty if the value is absent or unknown."""
    return _read_word(value, HostChoice.USER_ID, HostChoice.DERIVED)


def _read_word(value: object, *words: str) -> str:
    return str(value) if value in words else ""


def read_stop(body: Mapping[str, Any], sent_at: datetime) -> StopMessage:
    """Read a stop message from its JSON. Raises InvalidMessageError."""
    try:
        project_id, attempt = body.get("projectId"), _parse_attempt(body.get("attempt"))
        return StopMessage(
            user_id=parse_user_id(body.get("userId")),
            sent_at=sent_at,
            project_id=parse_project_id(project_id) if project_id else "",
            attempt=attempt,
            delay=parse_delay(body.get("delay")),
            reason=_read_reason(body.get("reason"), is_from_platform=attempt is not None),
            request_id=str(body.get("requestId") or "")[:256],
        )
    except BadRequestError as error:
        raise InvalidMessageError(f"stop message: {error}") from error


def _read_reason(value: object, *, is_from_platform: bool) -> str:
    """Return the reason; an end that only the platform observes counts as requested if anyone else sends it.

    Only the platform names the attempt that a message means. Without this check, a text that an operator sent
    could cause the replacement of a server that was meant to stop.
    """
    reason = str(value or EndReason.REQUESTED)[:200]
    return reason if is_from_platform or reason not in OBSERVED_ENDS else EndReason.REQUESTED.value


def _parse_attempt(value: object) -> int | None:
    if value is None:
        return None
    try:
        attempt = int(value)  # type: ignore[call-overload]  # any other type raises TypeError
    except (TypeError, ValueError, OverflowError):
        raise BadRequestError("attempt: must be a whole number") from None
    if not 0 <= attempt <= _MOST_ATTEMPTS:
        raise BadRequestError(f"attempt: must be 0 to {_MOST_ATTEMPTS}")
    return int(attempt)


def read_notifications(
    event: Mapping[str, Any], now: datetime
) -> Iterator[tuple[Mapping[str, Any], str, datetime]]:
    """Yield body, SNS MessageId and time of publication of each record that SNS delivers to a function.

    Raises InvalidMessageError for a message that is not a JSON object.
    """
    for record in event.get("Records") or ():
        notification = record.get("Sns") or {}
        try:
            body = json.loads(notification.get("Message") or "")
        except (TypeError, ValueError, RecursionError):
            raise InvalidMessageError("the message is not JSON") from None
        if not isinstance(body, dict):
            raise InvalidMessageError("the message is not a JSON object")
        sent_at = from_wire(notification.get("Timestamp")) or now
        yield body, str(notification.get("MessageId") or ""), sent_at
