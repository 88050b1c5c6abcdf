"""Botocore's event hooks: count calls, make them fail, and let a rival in between."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

_S3_ERROR = "<Error><Code>{code}</Code><Message>made to fail</Message></Error>"
_OTHER_ERROR = (
    "<ErrorResponse><Error><Code>{code}</Code><Message>made to fail</Message></Error></ErrorResponse>"
)


@dataclass(slots=True)
class AwsCall:
    """One call as the code made it; botocore's own retries of it are not counted again."""

    operation: str
    parameters: dict[str, Any]


@dataclass(slots=True)
class _Plan:
    operation: str
    times: int
    key: str
    act: Callable[[Any], Any]


@dataclass
class AwsHooks:
    """What a test sees and does of the calls that go to AWS."""

    calls: list[AwsCall] = field(default_factory=list)
    _plans: list[_Plan] = field(default_factory=list)

    def reset(self) -> None:
        """Forget all calls and plans."""
        self.calls.clear()
        self._plans.clear()

    def count(self) -> dict[str, int]:
        """How many calls of each operation there were."""
        return dict(Counter(call.operation for call in self.calls))

    def keys(self, operation: str) -> list[str]:
        """The S3 keys that an operation was called with."""
        return [call.parameters["Key"] for call in self.calls if call.operation == operation]

    def fail(self, operation: str, code: str, status: int, *, times: int = 1, key: str = "") -> None:
        """Let AWS answer the next `times` requests of an operation (on keys that hold `key`) like that."""

        def act(request: Any) -> AWSResponse:
            body = _S3_ERROR if "s3" in request.url else _OTHER_ERROR
            return AWSResponse(request.url, status, {}, _RawBody(body.format(code=code).encode()))

        self._plans.append(_Plan(operation, times, key, act))

    def before(self, operation: str, action: Callable[[], object], *, times: int = 1, key: str = "") -> None:
        """Run `action` when the next call of an operation is on its way: after all reads that led to it."""

        def act(_request: Any) -> None:
            action()

        self._plans.append(_Plan(operation, times, key, act))

    def register(self, session: boto3.Session) -> None:
        """Take part in the calls of all clients that the session makes from now on."""
        session.events.register("before-parameter-build", self._record)
        session.events.register_first("before-send", self._send)

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append(AwsCall(model.name, dict(params)))

    def _send(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        operation = event_name.rsplit(".", 1)[-1]
        for plan in self._plans:
            if plan.times and plan.operation == operation and plan.key in request.url:
                plan.times -= 1
                return plan.act(request)
        return None


class _RawBody(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


@cache
def shared_session(region: str) -> tuple[boto3.Session, AwsHooks]:
    """One session for all tests, because reading AWS's service models takes most of a test's time."""
    session = boto3.Session(region_name=region)
    hooks = AwsHooks()
    hooks.register(session)
    return session, hooks
