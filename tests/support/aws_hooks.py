"""Botocore's event hooks: count calls, make them fail, and let a rival in between."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from hippo.aws.clients import make_client, open_session


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
    act: Callable[[str], Any]


@dataclass
class AwsHooks:
    """A test's view of the calls to AWS, and its control over them."""

    calls: list[AwsCall] = field(default_factory=list)
    _plans: list[_Plan] = field(default_factory=list)

    def reset(self) -> None:
        """Forget all calls and plans."""
        self.calls.clear()
        self._plans.clear()

    def count(self) -> dict[str, int]:
        """Return how many calls of each operation were made."""
        return dict(Counter(call.operation for call in self.calls))

    def keys(self, operation: str) -> list[str]:
        """Return the S3 keys that an operation was called with."""
        return [call.parameters["Key"] for call in self.calls if call.operation == operation]

    def fail(self, operation: str, code: str, status: int, *, times: int = 1, key: str = "") -> None:
        """Let the next `times` calls of an operation (on keys that contain `key`) fail without an effect."""

        def act(url: str) -> tuple[AWSResponse, dict[str, Any]]:
            error = {"Code": code, "Message": "made to fail"}
            return AWSResponse(url, status, {}, None), {
                "Error": error,
                "ResponseMetadata": {"HTTPStatusCode": status},
            }

        self._plans.append(_Plan(operation, times, key, act))

    def answer(self, operation: str, answer: dict[str, Any], *, times: int = 1, key: str = "") -> None:
        """Let the next `times` calls of an operation return this response without an effect."""

        def act(url: str) -> tuple[AWSResponse, dict[str, Any]]:
            return AWSResponse(url, 200, {}, None), answer

        self._plans.append(_Plan(operation, times, key, act))

    def before(self, operation: str, action: Callable[[], object], *, times: int = 1, key: str = "") -> None:
        """Run `action` just before the next call of an operation, after all reads that led to it."""

        def act(_url: str) -> None:
            action()

        self._plans.append(_Plan(operation, times, key, act))

    def register(self, session: boto3.Session) -> None:
        """Hook into the calls of all clients that the session creates from now on."""
        session.events.register("before-parameter-build", self._record)
        session.events.register("before-call", self._carry_out)

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append(AwsCall(model.name, dict(params)))

    def _carry_out(self, params: dict[str, Any], model: Any, **_: Any) -> Any:
        for plan in self._plans:
            if plan.times and plan.operation == model.name and plan.key in params["url"]:
                plan.times -= 1
                return plan.act(params["url"])
        return None


@cache
def shared_session(region: str) -> tuple[boto3.Session, AwsHooks]:
    """Return one session for all tests: reading AWS's service models takes most of a test's time."""
    session = boto3.Session(botocore_session=open_session(), region_name=region)
    hooks = AwsHooks()
    hooks.register(session)
    return session, hooks


@cache
def shared_client(service: str, *, patient: bool = False) -> Any:
    """Return a client as `make_client` creates it, once for all tests: creating one takes 10 ms."""
    return make_client.__wrapped__(service, patient=patient)
