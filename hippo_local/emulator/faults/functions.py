"""Faults on demand in functions, whose workers are killed in the middle of an invocation.

AWS (Lambda developer guide, "Understanding the Lambda execution environment lifecycle", "Troubleshoot
invocation issues"): an execution environment may end at any moment, for example for lack of memory. The
effects of the invocation stay, an asynchronous invocation is retried, and a client of the API gets a 502.

Here the worker's process gets SIGKILL: after a number of seconds, or at its n-th AWS call (of one action, if
the fault names one), before or after that call's effect. Calls are matched to their invocation by the trace
id that Lambda assigns and botocore sends with each call ("Lambda recursive loop detection").
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
    """The planned kill of the worker that runs an invocation."""

    def __init__(self, registry: FaultRegistry, fault: Fault, worker: Any) -> None:
        self._registry = registry
        self._fault = fault
        self._worker = worker
        self._calls = 0
        self._lock = threading.Lock()
        self.struck = False
        self.over = threading.Event()

    def strike(self) -> bool:
        """Kill the worker, unless the fault is already used up; return whether it was killed."""
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
        """Kill the worker after the fault's seconds, or as soon as a cold start has created it."""
        wait = self._fault.seconds
        while not self.over.wait(wait) and not self.strike():
            wait = _POLL

    async def pass_call(self, action: str, have_effect: Callable[[], Awaitable[Any]]) -> Any:
        """Return the response to a call of the invocation; DroppedConnectionError if the call is the last."""
        is_last = self._count(action)
        if is_last and self._fault.get("when") == "before" and self.strike():
            raise DroppedConnectionError
        response = await have_effect()
        if is_last and self._fault.get("when") == "after" and self.strike():
            raise DroppedConnectionError
        return response

    def _count(self, action: str) -> bool:
        wanted = self._fault.get("action").lower()
        if "calls" not in self._fault.values or wanted not in ("", action.lower(), action.split(":")[0]):
            return False
        with self._lock:
            self._calls += 1
            return bool(self._calls == self._fault.values["calls"])


def install(registry: FaultRegistry) -> None:
    """Patch MiniStack so that workers are killed as the control file says."""
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
    """Return the planned kill of the invocation that sends a request with these headers, or None."""
    if not _kills:
        return None
    found = re.search(r"Root=([^;]+)", headers.get(_TRACE_HEADER, ""))
    return _kills.get(found[1]) if found else None


def names_function(wanted: str, function_name: str) -> bool:
    """Return whether `wanted` is this function's name, folder in functions/ or name in the template.

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
