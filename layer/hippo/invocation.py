"""One invocation: its identity and its deadline."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hippo.clock import Clock
from hippo.errors import InvalidMessageError, TransientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation: `owner` names it, its work must be done at `until`, and it ends at `ends`."""

    owner: str
    until: datetime
    ends: datetime


def read_invocation(context: Any, clock: Clock, margin: float) -> Invocation:
    """Return the invocation of a server handler; `margin` seconds are kept to release the record."""
    now = clock.now()
    until = read_deadline(context, now, margin, otherwise=300)
    return Invocation(read_owner(context), until, until + timedelta(seconds=margin))


def read_owner(context: Any) -> str:
    """Return the invocation's id; Lambda's retries of an event keep it, so they continue their own work."""
    return str(getattr(context, "aws_request_id", None) or uuid.uuid4())


def read_deadline(context: Any, now: datetime, margin: float, otherwise: float) -> datetime:
    """Return when Lambda ends the function, less `margin` seconds; without a context use `otherwise`."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = remaining() / 1000 if callable(remaining) else otherwise
    return now + timedelta(seconds=max(seconds - margin, 0))


def retry_until(deadline: datetime, clock: Clock, work: Callable[[], T]) -> T:
    """Repeat `work` through retryable faults of AWS. Raises the last TransientError at the deadline."""
    wait = 0.2
    while True:
        try:
            return work()
        except TransientError as error:
            if not error.retryable or clock.now() + timedelta(seconds=wait) >= deadline:
                raise
        clock.sleep(wait)
        wait = min(wait * 2, 2.0)


def handle_messages(messages: Any, work: Callable[[Any], None], logger: Any) -> None:
    """Handle each message; log and drop one that no retry can fix, let all other errors out."""
    try:
        for message in messages:
            work(message)
    except InvalidMessageError as error:
        logger.error("message refused", extra={"why": str(error)[:200]})
