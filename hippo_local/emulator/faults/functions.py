"""Faults on demand in functions: a worker that dies in the middle of an invocation.

AWS (Lambda developer guide, "Understanding the Lambda execution environment lifecycle", "Troubleshoot
invocation issues"): an execution environment may end at any moment, out of memory for instance. What the
invocation has done stays done, an asynchronous one is tried again, and a client of the API gets a 502.

Here the worker's process is killed with SIGKILL: after so many seconds, or at its n-th call of AWS (of one
action, if the fault names one), before that call has its effect or after it. Calls are told apart by the
trace id that Lambda gives to an invocation and botocore sends with each call ("Lambda recursive loop
detection").
"""

import json
import re
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from hippo_local.emulator.faults.control_file import Fault, FaultRegistry
from hippo_local.emulator.faults.dropped_connections import DroppedConnectionError
from hippo_local.emulator.ministack import load, patch, require

_runtime = load("core.lambda_runtime")
_responses = load("core.responses")

_kills: "dict[str, _WorkerKill]" = {}
_POLL = 0.05
_TRACE_HEADER = "x-amzn-trace-id"
_KILLED = "Runtime exited with error: signal: killed"


class _WorkerKill:
    """What is to end one invocation."""

    def __init__(self, registry: FaultRegistry, fault: Fault, worker: Any) -> None:
        self._registry = registry
        self._fault = fault
        self._worker = worker
        self._calls = 0
        self._lock = threading.Lock()
        self.struck = False
        self.over = threading.Event()

    def strike(self) -> bool:
        """Kill the worker, if the fault has not been used up by others meanwhile."""
        with self._lock:
            process = self._worker._proc
            if self.struck or process is None or process.poll() is not None:
                return self.struck
            if not self._registry.take(self._fault, self._worker.func_name):
                return False
            self.struck = True
            process.kill()
            return True

    def strike_later(self) -> None:
        """Kill the worker after the fault's seconds, or as soon as a cold start has made it."""
        wait = self._fault.seconds
        while not self.over.wait(wait) and not self.strike():
            wait = _POLL

    async def pass_call(self, action: str, have_effect: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to a call of the invocation. Raises DroppedConnectionError if it dies of this one."""
        is_last = self._count(action)
        if is_last and self._fault.get("when") == "before" and self.strike():
            raise DroppedConnectionError
        answer = await have_effect()
        if is_last and self._fault.get("when") == "after" and self.strike():
            raise DroppedConnectionError
        return answer

    def _count(self, action: str) -> bool:
        wanted = self._fault.get("action").lower()
        if "calls" not in self._fault.values or wanted not in ("", action.lower(), action.split(":")[0]):
            return False
        with self._lock:
            self._calls += 1
            return bool(self._calls == self._fault.values["calls"])


def install(registry: FaultRegistry) -> None:
    """Let workers die so from now on."""
    require(_runtime.Worker, "invoke")
    plain = patch(_runtime.Worker, "invoke", None)

    def invoke(worker: Any, event: Any, request_id: str, **named: Any) -> dict[str, Any]:
        fault = _find_fault(registry, worker, event)
        if fault is None:
            result: dict[str, Any] = plain(worker, event, request_id, **named)
            return result
        kill = _WorkerKill(registry, fault, worker)
        trace = _responses.new_uuid().replace("-", "")
        root = f"1-{int(time.time()):08x}-{trace[:24]}"
        if "seconds" in fault.values:
            threading.Thread(target=kill.strike_later, daemon=True, name="lambda-death").start()
        _kills[root] = kill
        try:
            named["trace_id"] = f"Root={root};Parent={trace[:16]};Sampled=0"
            result = plain(worker, event, request_id, **named)
        finally:
            kill.over.set()
            del _kills[root]
        return {**result, "error": f"RequestId: {request_id} Error: {_KILLED}"} if kill.struck else result

    patch(_runtime.Worker, "invoke", invoke)


def find_worker_kill(headers: dict[str, str]) -> "_WorkerKill | None":
    """What is to end the invocation that sends a request with these headers, if anything is."""
    if not _kills:
        return None
    found = re.search(r"Root=([^;]+)", headers.get(_TRACE_HEADER, ""))
    return _kills.get(found[1]) if found else None


def names_function(wanted: str, function_name: str) -> bool:
    """Whether `wanted` means this function: its name, its folder in functions/, or its name in the template.

    A stack's functions are called <stack>-<name in the template>-<suffix>.
    """
    short = _simplify(wanted).removesuffix("function")
    parts = [_simplify(part).removesuffix("function") for part in function_name.split("-")]
    whole = _simplify(function_name)
    return short in parts or whole == _simplify(wanted) or whole == f"hippogym{short}"


def _find_fault(registry: FaultRegistry, worker: Any, event: Any) -> Fault | None:
    for fault in registry.list_faults("lambda-death"):
        if names_function(fault.get("function"), worker.func_name) and fault.concerns(json.dumps(event)):
            return fault
    return None


def _simplify(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
