"""A custom resource of CloudFormation: how a function reports that it is done, or why it is not.

The stack waits for that response, by default for an hour, and cannot be changed meanwhile:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from threading import Lock
from typing import Any

from hippo.clock import Clock

logger = logging.getLogger(__name__)

_TRIES = 5
_SECONDS = 5
# The whole response may have 4096 bytes.
_LONGEST_REASON = 1000


class Response:
    """The one response to one event."""

    def __init__(self, event: Mapping[str, Any], clock: Clock) -> None:
        self._event = event
        self._clock = clock
        self._lock = Lock()
        self._sent = False

    def send(self, failure: str = "") -> None:
        """Report success, or a failure and its reason. Only the first call counts; nothing is raised."""
        with self._lock:
            if self._sent:
                return
            self._sent = True
        body = json.dumps(build_response(self._event, failure)).encode()
        for attempt in range(_TRIES):
            try:
                put(str(self._event.get("ResponseURL", "")), body)
            except (OSError, ValueError) as error:
                logger.warning("CloudFormation did not take the answer", extra={"why": str(error)[:300]})
                self._clock.sleep(2**attempt / 2)
            else:
                return
        logger.error("CloudFormation knows nothing of this", extra={"failure": failure[:300]})


def build_response(event: Mapping[str, Any], failure: str) -> dict[str, str]:
    """Return the response's content. The physical id never changes, so that nothing is ever replaced."""
    logical_id = str(event.get("LogicalResourceId", ""))
    return {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": failure[:_LONGEST_REASON] or "done",
        "PhysicalResourceId": str(event.get("PhysicalResourceId") or logical_id or "unknown"),
        "StackId": str(event.get("StackId", "")),
        "RequestId": str(event.get("RequestId", "")),
        "LogicalResourceId": logical_id,
    }


def put(url: str, body: bytes) -> None:
    """Send a PUT request to a signed URL. Raises OSError or ValueError."""
    # The signature covers an empty content type; by default, urllib would set one of its own.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=_SECONDS):
        pass
