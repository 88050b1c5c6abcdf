"""Faults on demand in API calls, which are throttled, rejected, or fail before or after their effect.

AWS (general reference, "Error retries and exponential backoff"; API references): a service that is called too
often returns its own error code. A call may fail before its effect, and also after it: then the effect is
there and the response is lost. DeleteCluster may return UpdateInProgressException, and
ChangeResourceRecordSets PriorRequestNotComplete.

MiniStack always responds. Here the control file (`control_file`) says which calls fail. Calls of the local
platform itself (publishing, names, answers) are exempt: they do not exist on AWS.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from hippo_local.emulator.faults import functions as function_faults
from hippo_local.emulator.faults.control_file import Fault, FaultRegistry
from hippo_local.emulator.faults.dropped_connections import DroppedConnectionError
from hippo_local.emulator.faults.error_codes import (
    PRIOR_REQUEST_NOT_COMPLETE,
    THROTTLES,
    UPDATE_IN_PROGRESS,
    ErrorResponse,
    build_failure,
)
from hippo_local.emulator.ministack import load, patch, require
from hippo_local.emulator.settings import PLATFORM_ID

_app = load("app")
_actions = load("core.iam_actions")
_router = load("core.router")

_BEFORE = ("throttle", "fail-before", "update-in-progress", "prior-request-not-complete")
_FIXED = {
    "update-in-progress": ("ecs:DeleteCluster", UPDATE_IN_PROGRESS),
    "prior-request-not-complete": ("route53:ChangeResourceRecordSets", PRIOR_REQUEST_NOT_COMPLETE),
}


@dataclass(frozen=True)
class _Call:
    """A call of an AWS service; `text` holds everything that may name a participant or resource."""

    service: str
    action: str
    method: str
    headers: dict[str, str]
    text: str

    def matches(self, action: str) -> bool:
        return action.lower() in (self.service, self.action.lower())

    def build_error(self, error: ErrorResponse, request_id: str) -> Any:
        # MiniStack's "access denied" in each service's protocol, with another code and status.
        _, headers, body = _actions.access_denied_response(
            self.service,
            self.action,
            "",
            request_id,
            error_code=error.code,
            message=error.message,
            headers=self.headers,
        )
        return error.status, {**headers, "x-amzn-requestid": request_id}, b"" if self.is_head else body

    @property
    def is_head(self) -> bool:
        return self.method == "HEAD"


def install(registry: FaultRegistry) -> None:
    """Patch MiniStack so that calls fail as the control file says."""
    require(_app, "_routing_params", "detect_service", "_decompress_request_body")
    require(_actions, "extract_iam_action", "access_denied_response")
    plain = patch(_app, "_dispatch_service_request", None)
    allowances: dict[str, _Allowance] = {}

    async def dispatch(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, request_id: str
    ) -> Any:
        faults = registry.list_faults(*_BEFORE, "fail-after")
        kill = function_faults.find_worker_kill(headers)
        is_exempt = not faults or f"app/{PLATFORM_ID}" in headers.get("user-agent", "")
        if is_exempt and kill is None:
            return await plain(method, path, headers, body, query, request_id)
        call = _read_call(method, path, headers, body, query)
        fault = None if is_exempt else _find_before(registry, faults, call, allowances)
        if fault is not None:
            return _fail(fault, call, request_id)

        async def have_effect() -> Any:
            return await plain(method, path, headers, body, query, request_id)

        response = await (kill.pass_call(call.action, have_effect) if kill else have_effect())
        fault = None if is_exempt else _find_after(registry, faults, call, response)
        return response if fault is None else _fail(fault, call, request_id)

    patch(_app, "_dispatch_service_request", dispatch)


Effect = Callable[[], Awaitable[Any]]


def _read_call(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> _Call:
    params = _app._routing_params(method, path, headers, body, query)
    service = _router.detect_service(method, path, headers, params)
    if service != "s3":
        body = _app._decompress_request_body(body, headers)
        params = _app._routing_params(method, path, headers, body, query)
    action = _actions.extract_iam_action(service, method, path, headers, body, params) or service
    text = f"{unquote_plus(path)} {query} {unquote_plus(body.decode('utf-8', 'replace'))}"
    return _Call(service, action, method, headers, text)


def _find_before(
    registry: FaultRegistry, faults: list[Fault], call: _Call, allowances: "dict[str, _Allowance]"
) -> Fault | None:
    for fault in faults:
        action = _FIXED[fault.kind][0] if fault.kind in _FIXED else fault.get("action")
        if fault.kind not in _BEFORE or not call.matches(action) or not fault.concerns(call.text):
            continue
        if "rate" in fault.values:
            rate = float(fault.values["rate"])
            if allowances.setdefault(fault.key, _Allowance(rate)).spend():
                continue
        # It lasts for a while after this request was first rejected.
        lasts = fault.kind == "update-in-progress" and "seconds" in fault.values
        if lasts and registry.measure_age(fault, call.text) >= fault.seconds:
            continue
        if registry.take(fault, call.action):
            return fault
    return None


def _find_after(registry: FaultRegistry, faults: list[Fault], call: _Call, response: Any) -> Fault | None:
    if response[0] >= 400:  # rejected: there is no effect whose response could be lost
        return None
    for fault in faults:
        is_due = fault.kind == "fail-after" and call.matches(fault.get("action"))
        if is_due and fault.concerns(call.text) and registry.take(fault, call.action):
            return fault
    return None


def _fail(fault: Fault, call: _Call, request_id: str) -> Any:
    if fault.kind in _FIXED:
        return call.build_error(_FIXED[fault.kind][1], request_id)
    if fault.kind == "throttle":
        return call.build_error(THROTTLES[fault.get("action").partition(":")[0]], request_id)
    if fault.get("answer") == "close":
        raise DroppedConnectionError
    return call.build_error(build_failure(call.service), request_id)


class _Allowance:
    """A rate limit in calls a second, with at most one second's calls at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = self._most = max(rate, 1.0) if rate else 0.0
        self._since = time.monotonic()

    def spend(self) -> bool:
        """Return whether one more call is within the rate, and count it."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._since) * self._rate)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
