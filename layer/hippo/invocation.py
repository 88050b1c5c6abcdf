"""One invocation: who it is, and until when it may work."""

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
    """`owner` names the invocation, `until` is when its work has to be done, `ends` when it is over."""

    owner: str
    until: datetime
    ends: datetime


def read_invocation(context: Any, clock: Clock, margin: float) -> Invocation:
    """The invocation of a server handler; `margin` seconds are kept to give the record back."""
    now = clock.now()
    until = read_deadline(context, now, margin, otherwise=300)
    return Invocation(read_owner(context), until, until + timedelta(seconds=margin))


def read_owner(context: Any) -> str:
    """The invocation's id; Lambda's own retries of an event keep it, so they continue their own work."""
    return str(getattr(context, "aws_request_id", None) or uuid.uuid4())


def read_deadline(context: Any, now: datetime, margin: float, otherwise: float) -> datetime:
    """The time at which the function is ended, less `margin` seconds; without a context `otherwise`."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = remaining() / 1000 if callable(remaining) else otherwise
    return now + timedelta(seconds=max(seconds - margin, 0))


def retry_until(deadline: datetime, clock: Clock, work: Callable[[], T]) -> T:
    """Repeat `work` through passing faults of AWS. Raises the last TransientError when time is up."""
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
    """Work on each message; one that no retry can mend is logged and let go, all else leaves the handler."""
    try:
        for message in messages:
            work(message)
    except InvalidMessageError as error:
        logger.error("message refused", extra={"why": str(error)[:200]})
