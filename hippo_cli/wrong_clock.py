"""Refusals of AWS whose cause is this computer's clock: a request is valid for minutes around its time."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.errors import AwsError
from hippo_cli.reports.formatting import format_duration

_CERTAIN = {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}
# Codes for any wrong signature. The message says whether it is the time; HEAD requests have no message.
_POSSIBLE = {"403", "AuthFailure", "Forbidden", "InvalidSignatureException", "SignatureDoesNotMatch"}
_TIME = re.compile(r"expired|not yet (current|valid)|skew|in the future", re.IGNORECASE)
_TOLERATED = timedelta(minutes=4)  # AWS tolerates 5 to 15 minutes
_ADVICE = (
    "Set the clock, or turn on automatic time in the system's settings. Then run the same command again.\n"
    "In WSL or a virtual machine, restart it: its clock stops while the computer sleeps."
)
# The text of a TLS error about the period in which a certificate is valid.
CERTIFICATE_PERIOD = re.compile(r"certificate (has expired|is not yet valid)")


def find_wrong_clock(error: ClientError, now: datetime | None = None) -> AwsError | None:
    """Return the error to show if AWS refused a request because of its time, otherwise None."""
    details: Mapping[str, Any] = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    difference = _find_difference(error, now or datetime.now(UTC))
    is_off = difference is not None and abs(difference) > _TOLERATED
    if code not in _CERTAIN and not (code in _POSSIBLE and (is_off or _TIME.search(message))):
        return None
    if difference is None or not is_off:
        return AwsError(f"this computer's clock is wrong, so AWS refuses its requests ({code})", _ADVICE)
    direction = "ahead of" if difference > timedelta(0) else "behind"
    return AwsError(
        f"this computer's clock is wrong: it is {format_duration(abs(difference))} {direction} AWS's", _ADVICE
    )


def _find_difference(error: ClientError, now: datetime) -> timedelta | None:
    """Return how far `now` is ahead of the response's own time, or None if it has none."""
    headers: Mapping[str, str] = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return now - parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError):
        return None
