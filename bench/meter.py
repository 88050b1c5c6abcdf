"""AWS traffic of a request: calls, bytes, and the time that AWS (here moto) takes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.core.models import botocore_stubber

from tests.support.aws_hooks import AwsHooks


@dataclass(slots=True)
class Traffic:
    """The AWS traffic of a request: bytes of bodies, and `aws_seconds` without the artificial delays."""

    calls: dict[str, int]
    sent: int = 0
    received: int = 0
    aws_seconds: float = 0.0
    delay_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """The time of the handler, the layer and botocore themselves."""
        return self.seconds - self.aws_seconds - self.delay_seconds


class Meter:
    """A meter of the AWS traffic of requests; `delay` in seconds is added to each AWS call."""

    def __init__(self, hooks: AwsHooks, delay: float) -> None:
        self._hooks = hooks
        self._delay = delay
        self._traffic = Traffic({})

    def measure(self, action: Callable[[], object]) -> Traffic:
        """Run the action, whose AWS calls come one after another, and return its traffic."""
        self._hooks.reset()
        self._traffic = Traffic({})
        with self._watch_calls():
            began = time.perf_counter()
            action()
            self._traffic.seconds = time.perf_counter() - began
        self._traffic.calls = dict(Counter(call.operation for call in self._hooks.calls))
        return self._traffic

    @contextmanager
    def _watch_calls(self) -> Iterator[None]:
        plain = botocore_stubber.process_request
        botocore_stubber.process_request = self._watch(plain)  # type: ignore[assignment,method-assign]  # only here
        try:
            yield
        finally:
            botocore_stubber.process_request = plain  # type: ignore[method-assign]  # as before

    def _watch(self, plain: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def process_request(request: Any) -> Any:
            began = time.perf_counter()
            time.sleep(self._delay)
            called = time.perf_counter()
            response = plain(request)
            self._traffic.delay_seconds += called - began
            self._traffic.aws_seconds += time.perf_counter() - called
            self._traffic.sent += _read_length(request.headers)
            self._traffic.received += len(response[2]) if response else 0
            return response

        return process_request


def _read_length(headers: Mapping[str, Any]) -> int:
    """Return the bytes of a body; a chunked S3 upload names the decoded length in its own header."""
    length = headers.get("X-Amz-Decoded-Content-Length") or headers.get("Content-Length") or 0
    return int(length)
