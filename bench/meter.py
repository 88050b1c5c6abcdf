"""What goes to AWS during a request: calls, bytes, and the time that AWS (here moto) takes for itself."""

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
    """One request's; bytes of bodies, `aws_seconds` without the artificial delays."""

    calls: dict[str, int]
    sent: int = 0
    received: int = 0
    aws_seconds: float = 0.0
    delay_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """What the handler, the layer and botocore take for themselves."""
        return self.seconds - self.aws_seconds - self.delay_seconds


class Meter:
    """Measures what a request does; `delay` in seconds is added to each AWS call."""

    def __init__(self, hooks: AwsHooks, delay: float) -> None:
        self._hooks = hooks
        self._delay = delay
        self._traffic = Traffic({})

    def measure(self, action: Callable[[], object]) -> Traffic:
        """Run the action, whose AWS calls come one after the other."""
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
        answer = botocore_stubber.process_request
        botocore_stubber.process_request = self._watch(answer)  # type: ignore[assignment,method-assign]  # only here
        try:
            yield
        finally:
            botocore_stubber.process_request = answer  # type: ignore[method-assign]  # as it was

    def _watch(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def process_request(request: Any) -> Any:
            began = time.perf_counter()
            time.sleep(self._delay)
            asked = time.perf_counter()
            response = answer(request)
            self._traffic.delay_seconds += asked - began
            self._traffic.aws_seconds += time.perf_counter() - asked
            self._traffic.sent += _read_length(request.headers)
            self._traffic.received += len(response[2]) if response else 0
            return response

        return process_request


def _read_length(headers: Mapping[str, Any]) -> int:
    """Bytes of a body; an S3 upload is sent in chunks, with the length of what is in them beside it."""
    length = headers.get("X-Amz-Decoded-Content-Length") or headers.get("Content-Length") or 0
    return int(length)
