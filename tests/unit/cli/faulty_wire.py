"""The tool's wire to AWS, in memory: every request is counted when it is sent, and can be lost or refused.

The clients are the tool's own, with its own retries, but without the pauses between retries. Requests go to
moto, or to a function that replaces what moto lacks.
"""

import json
import threading
from collections.abc import Callable
from enum import Enum
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from hippo_cli import connection
from tests.support.study_world import REGION

Handler = Callable[[Any], tuple[int, bytes]]  # returns status and body for a request
_make_client = connection.Connection.make_client  # before any fixture replaces it


class Fault(Enum):
    """A fault that a request can meet with."""

    LOST = "never arrives, and the network stays down"
    UNANSWERED = "is carried out, but its response is lost, and the network stays down"
    BROKEN_OFF = "gets half of its response, and the network stays down"
    BLIP = "is carried out, but its response is lost; a retry succeeds"
    THROTTLED = "is throttled; a retry succeeds"
    DENIED = "is denied, as are all requests of its kind"


CUTS = (Fault.LOST, Fault.UNANSWERED, Fault.BROKEN_OFF)
_READING = ("Describe", "Filter", "Get", "Head", "List")
_STREAMED = ("GetObject", "Invoke")  # whose responses are read after the request has ended


def can_meet(label: str, fault: Fault) -> bool:
    """Return whether a fault makes a difference for a request; a lost response does not for a reading one."""
    operation = label.split()[0]
    if fault in (Fault.UNANSWERED, Fault.BLIP):
        return not operation.startswith(_READING)
    return fault is not Fault.BROKEN_OFF or operation in _STREAMED


def name_kind(label: str) -> str:
    """Return what policies distinguish: operation, host, and the first folders of a key."""
    return "/".join(label.split("/")[:5])


class Wire:
    """The requests since `begin`; `labels` are `Operation address`, in the order of sending."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}  # by operation, for what moto lacks
        self._lock = threading.Lock()
        self.begin()

    def begin(self, fault: Fault | None = None, number: int | None = None) -> None:
        """Reset the counts. Request `number` (from 1), of those that can meet with the fault, does.

        Without a number all of them do, on their first attempt.
        """
        self.labels: list[str] = []
        self.faulty = ""  # the request that met with the fault
        self.failed: list[str] = []  # that request, and those that failed after it
        self._fault, self._left = fault, number
        self._kinds: set[str] = set()

    def __call__(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        """Handle botocore's `before-send`: return the response, or raise the error of a broken network."""
        label = f"{event_name.rpartition('.')[2]} {unquote(request.url)}"
        with self._lock:
            self.labels.append(label)
            is_after = bool(self.faulty)
            meets = self._fault is not None and self._is_next(label, request)
            self._kinds.add(name_kind(label))
            if meets or (is_after and self._fault in CUTS):
                self.failed.append(label)
        if self._fault is Fault.DENIED and self.faulty and name_kind(label) == name_kind(self.faulty):
            return _refuse(event_name, request, throttled=False)
        if self._fault in CUTS and is_after:
            raise EndpointConnectionError(endpoint_url=request.url)
        if meets:
            return self._meet_fault(event_name, request)
        return self._deliver(event_name, request)

    def _is_next(self, label: str, request: Any) -> bool:
        """Return whether this request meets with the fault."""
        if self._fault is None or self.faulty or not can_meet(label, self._fault):
            return False
        if self._left is None:
            return "attempt=1" in str(request.headers["amz-sdk-request"])
        if self._fault is Fault.DENIED and name_kind(label) in self._kinds:
            return False
        self._left -= 1
        if self._left == 0:
            self.faulty = label
        return self._left == 0

    def _meet_fault(self, event_name: str, request: Any) -> AWSResponse | None:
        if self._fault is Fault.LOST:
            raise EndpointConnectionError(endpoint_url=request.url)
        if self._fault is Fault.THROTTLED:
            return _refuse(event_name, request, throttled=True)
        response = self._deliver(event_name, request)
        if self._fault is Fault.BROKEN_OFF and request.stream_output and response is not None:
            return _halve(response)
        if self._fault is Fault.UNANSWERED:
            raise ReadTimeoutError(endpoint_url=request.url)
        raise ConnectionClosedError(endpoint_url=request.url)

    def _deliver(self, event_name: str, request: Any) -> AWSResponse | None:
        handler = self.handlers.get(event_name.rpartition(".")[2])
        if handler is None:
            return botocore_stubber(event_name, request)
        status, body = handler(request)
        return AWSResponse(request.url, status, {}, MockRawResponse(body))


def _halve(response: AWSResponse) -> AWSResponse:
    """Return the first half of a body, with the length of the whole in its header."""
    body = response.raw.read()
    headers = {**response.headers, "content-length": str(len(body))}
    return AWSResponse(response.url, response.status_code, headers, MockRawResponse(body[: len(body) // 2]))


def _refuse(event_name: str, request: Any, *, throttled: bool) -> AWSResponse:
    """Return an error in the service's own format: XML, JSON, or only a status for HEAD."""
    service = event_name.split(".")[1]
    target = "X-Amz-Target" in request.headers
    if service in ("s3", "route-53"):
        code, status = ("SlowDown", 503) if throttled else ("AccessDenied", 403)
    elif target:
        code, status = ("ThrottlingException", 400) if throttled else ("AccessDeniedException", 400)
    elif service == "lambda":
        code, status = ("TooManyRequestsException", 429) if throttled else ("AccessDeniedException", 403)
    else:
        code, status = ("Throttling", 400) if throttled else ("AccessDenied", 403)
    text = "Rate exceeded" if throttled else "User: arn:aws:iam::123456789012:user/ada is not authorized"
    headers = {"x-amzn-errortype": code}
    if request.method == "HEAD":
        body = ""
    elif target or service == "lambda":
        body = json.dumps({"__type": code, "message": text})
    elif service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    else:
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
    return AWSResponse(request.url, status, headers, MockRawResponse(body))


class _Session:
    """The part of boto3's session that the tool uses; it caches clients, which take 10 ms to create."""

    region_name = REGION

    def __init__(self) -> None:
        self.wire = Wire()
        self._session = boto3.Session(region_name=REGION)
        # botocore calls every handler, even after a response: with both, each request would arrive twice.
        self._session.events.unregister("before-send", botocore_stubber)
        self._session.events.register("before-send", self.wire)
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, *, region_name: str, config: Any) -> Any:
        """Return a client on the wire, with the tool's own settings."""
        key = (service, region_name)
        if key not in self._clients:
            self._clients[key] = self._session.client(service, region_name=region_name, config=config)
        return self._clients[key]


@cache
def _open_session() -> _Session:
    return _Session()


def connect_tool(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Put the tool's own clients on the wire."""
    session = _open_session()
    monkeypatch.setattr(connection.Connection, "make_client", _make_client)
    monkeypatch.setattr(connection, "ProfileSession", lambda _: session)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    # The retry quota is per client, and these clients serve many runs.
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
    session.wire.handlers.clear()
    session.wire.begin()
    return session.wire


def name_targets(label: str) -> tuple[str, ...]:
    """Return the names by which an error may describe the target of a request: host, function, or object."""
    address = urlsplit(label.partition(" ")[2])
    bucket = address.netloc.partition(".")[0]
    return address.netloc, f"the function {address.path.split('/')[-2:][0]}", f"s3://{bucket}{address.path}"
