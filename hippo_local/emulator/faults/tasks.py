"""Faults on demand in tasks: slow starts, crashes, Spot interruptions, no capacity, tasks not visible yet.

AWS (ECS developer guide, "Amazon ECS task lifecycle", "Amazon ECS stopped tasks error messages", "Fargate
Spot termination notices"; API reference, RunTask, DescribeTasks):
- an image may take long to pull (PENDING), and a program may take long to listen (RUNNING);
- a program that exits ends its task, with exit code 137 after SIGKILL;
- a Spot task may be interrupted at any moment: stopCode SpotInterruption, SIGTERM, then SIGKILL;
- without capacity, RunTask returns 200 with `failures`, or the task stops before it has run;
- ECS is eventually consistent: a task that has just started may be missing from DescribeTasks (a failure
  with reason MISSING) and ListTasks.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hippo_local.emulator.faults.control_file import Fault, FaultRegistry
from hippo_local.emulator.faults.error_codes import NO_CAPACITY
from hippo_local.emulator.images import LocalImage
from hippo_local.emulator.ministack import load, patch_entry

_ecs = load("services.ecs")

_SPOT = "FARGATE_SPOT"
# The program replaces the process that has waited, so that signals still reach a single process.
_WAIT_FIRST = "import os, sys, time; time.sleep(float(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])"
_started: dict[str, float] = {}


class TaskFaults:
    """The faults of the control file, as they apply to tasks."""

    def __init__(self, registry: FaultRegistry) -> None:
        self._registry = registry

    def take_start_delay(self, task: dict[str, Any]) -> float:
        """Return the extra seconds that the task stays in PENDING."""
        fault = self._find(task, "slow-start", lambda fault: fault.get("state") == "PENDING")
        return fault.seconds if fault and self._take(fault, task) else 0.0

    def slow_down(self, task: dict[str, Any], image: LocalImage) -> LocalImage:
        """Return the image, with its program delayed if a fault says so."""
        fault = self._find(task, "slow-start", lambda fault: fault.get("state") == "RUNNING")
        if fault is None or not self._take(fault, task):
            return image
        wait = (sys.executable, "-I", "-S", "-c", _WAIT_FIRST, str(fault.seconds))
        return replace(image, command=(*wait, *image.command))

    def takes_capacity(self, task: dict[str, Any]) -> bool:
        """Return whether the task, which was just accepted, must stop for lack of capacity."""
        provider = task.get("capacityProviderName") or ""
        fault = self._find(task, "no-capacity", lambda fault: _lacks(fault, "stopped", provider))
        return fault is not None and self._take(fault, task)

    def take_end(self, task: dict[str, Any], seconds: float) -> str | None:
        """Return the kind of fault that ends a task after it has been RUNNING for `seconds`, or None."""

        def is_due(fault: Fault) -> bool:
            for_all = fault.kind == "task-crash" or task.get("capacityProviderName") == _SPOT
            return for_all and seconds >= fault.seconds

        fault = self._find(task, "task-crash", is_due) or self._find(task, "spot-interruption", is_due)
        return fault.kind if fault and self._take(fault, task) else None

    def reject_run(self, data: dict[str, Any]) -> Any | None:
        """Return RunTask's response for lack of capacity, or None if no fault takes the capacity."""
        strategy = data.get("capacityProviderStrategy") or [{}]
        provider = strategy[0].get("capacityProvider") or data.get("launchType") or ""
        text = json.dumps(data)
        for fault in self._registry.list_faults("no-capacity"):
            is_due = _lacks(fault, "failures", provider) and fault.concerns(text)
            if is_due and self._registry.take(fault, f"RunTask on {provider}"):
                return _ecs.json_response({"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
        return None

    def is_hidden(self, arn: str) -> bool:
        """Return whether the task is not visible yet."""
        task = _ecs._tasks.get(arn)
        if task is None:
            return False
        age = time.monotonic() - _started.get(arn, 0.0)
        fault = self._find(task, "hidden-task", lambda fault: age < fault.seconds)
        return fault is not None and self._take(fault, task)

    def _find(self, task: dict[str, Any], kind: str, matches: Callable[[Fault], bool]) -> Fault | None:
        text = f"{task['taskArn']} {task['taskDefinitionArn']} {task.get('startedBy')} {task.get('tags')}"
        faults = self._registry.list_faults(kind)
        return next((fault for fault in faults if matches(fault) and fault.concerns(text)), None)

    def _take(self, fault: Fault, task: dict[str, Any]) -> bool:
        return self._registry.take(fault, task["taskArn"].split(":task/")[-1])


def install(faults: TaskFaults) -> None:
    """Patch MiniStack so that capacity is lacking and new tasks are hidden as the control file says."""
    for name, wrapped in _WRAPPED.items():
        plain = patch_entry(_ecs, "_ACTION_MAP", name, None)
        patch_entry(_ecs, "_ACTION_MAP", name, _bind(wrapped, faults, plain))


def _bind(wrapped: Callable[..., Any], faults: TaskFaults, plain: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: wrapped(faults, plain, data)


def _run_task(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    rejection = faults.reject_run(data)
    if rejection is not None:
        return rejection
    response = plain(data)
    for task in json.loads(response[2]).get("tasks", []):
        _started.setdefault(task["taskArn"], time.monotonic())
    return response


def _describe_tasks(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    response = plain(data)
    payload = json.loads(response[2])
    hidden = {task["taskArn"] for task in payload.get("tasks", []) if faults.is_hidden(task["taskArn"])}
    if not hidden:
        return response
    shown = [task for task in payload["tasks"] if task["taskArn"] not in hidden]
    missing = [{"arn": arn, "reason": "MISSING"} for arn in sorted(hidden)]
    return _ecs.json_response({"tasks": shown, "failures": [*payload.get("failures", []), *missing]})


def _list_tasks(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    response = plain(data)
    payload = json.loads(response[2])
    arns = payload.get("taskArns", [])
    shown = [arn for arn in arns if not faults.is_hidden(arn)]
    return response if shown == arns else _ecs.json_response({**payload, "taskArns": shown})


_WRAPPED = {"RunTask": _run_task, "DescribeTasks": _describe_tasks, "ListTasks": _list_tasks}


def _lacks(fault: Fault, how: str, provider: str) -> bool:
    return fault.get("how") == how and fault.get("provider") in (provider, "any")
