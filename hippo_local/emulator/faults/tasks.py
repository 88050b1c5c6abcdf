"""Faults on demand in tasks: slow starts, crashes, Spot interruptions, no capacity, tasks not shown yet.

AWS (ECS developer guide, "Amazon ECS task lifecycle", "Amazon ECS stopped tasks error messages", "Fargate
Spot termination notices"; API reference, RunTask, DescribeTasks):
- an image may take long to pull (PENDING), and a program long to listen (RUNNING);
- a program that dies ends its task, with exit code 137 after SIGKILL;
- a Spot task may be taken back at any moment: stopCode SpotInterruption, SIGTERM, then SIGKILL;
- without capacity RunTask answers 200 with `failures`, or the task stops before it has run;
- ECS is eventually consistent: a task that has just been started may be missing from DescribeTasks (a failure
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
# The program takes over the process that has waited, so signals find one process as ever.
_WAIT_FIRST = "import os, sys, time; time.sleep(float(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])"
_started: dict[str, float] = {}


class TaskFaults:
    """The faults of the control file as tasks meet them."""

    def __init__(self, registry: FaultRegistry) -> None:
        self._registry = registry

    def take_start_delay(self, task: dict[str, Any]) -> float:
        """Seconds that the task stays in PENDING beyond its time."""
        fault = self._find(task, "slow-start", lambda fault: fault.get("state") == "PENDING")
        return fault.seconds if fault and self._take(fault, task) else 0.0

    def slow_down(self, task: dict[str, Any], image: LocalImage) -> LocalImage:
        """The image, whose program begins so many seconds after its process."""
        fault = self._find(task, "slow-start", lambda fault: fault.get("state") == "RUNNING")
        if fault is None or not self._take(fault, task):
            return image
        wait = (sys.executable, "-I", "-S", "-c", _WAIT_FIRST, str(fault.seconds))
        return replace(image, command=(*wait, *image.command))

    def takes_capacity(self, task: dict[str, Any]) -> bool:
        """Whether the task, just accepted, is to stop because there is no capacity."""
        provider = task.get("capacityProviderName") or ""
        fault = self._find(task, "no-capacity", lambda fault: _lacks(fault, "stopped", provider))
        return fault is not None and self._take(fault, task)

    def take_end(self, task: dict[str, Any], seconds: float) -> str | None:
        """The kind of fault that ends a task which has been RUNNING for so many seconds, if any does."""

        def is_due(fault: Fault) -> bool:
            for_all = fault.kind == "task-crash" or task.get("capacityProviderName") == _SPOT
            return for_all and seconds >= fault.seconds

        fault = self._find(task, "task-crash", is_due) or self._find(task, "spot-interruption", is_due)
        return fault.kind if fault and self._take(fault, task) else None

    def refuse_run(self, data: dict[str, Any]) -> Any | None:
        """RunTask's answer without capacity, if there is to be none."""
        strategy = data.get("capacityProviderStrategy") or [{}]
        provider = strategy[0].get("capacityProvider") or data.get("launchType") or ""
        text = json.dumps(data)
        for fault in self._registry.list_faults("no-capacity"):
            is_due = _lacks(fault, "failures", provider) and fault.concerns(text)
            if is_due and self._registry.take(fault, f"RunTask on {provider}"):
                return _ecs.json_response({"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
        return None

    def is_hidden(self, arn: str) -> bool:
        """Whether ECS does not show this task yet."""
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
    """Refuse capacity, and hide tasks that are too new, from now on."""
    for name, wrapped in _WRAPPED.items():
        plain = patch_entry(_ecs, "_ACTION_MAP", name, None)
        patch_entry(_ecs, "_ACTION_MAP", name, _bind(wrapped, faults, plain))


def _bind(wrapped: Callable[..., Any], faults: TaskFaults, plain: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: wrapped(faults, plain, data)


def _run_task(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    refusal = faults.refuse_run(data)
    if refusal is not None:
        return refusal
    answer = plain(data)
    for task in json.loads(answer[2]).get("tasks", []):
        _started.setdefault(task["taskArn"], time.monotonic())
    return answer


def _describe_tasks(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    answer = plain(data)
    payload = json.loads(answer[2])
    hidden = {task["taskArn"] for task in payload.get("tasks", []) if faults.is_hidden(task["taskArn"])}
    if not hidden:
        return answer
    shown = [task for task in payload["tasks"] if task["taskArn"] not in hidden]
    missing = [{"arn": arn, "reason": "MISSING"} for arn in sorted(hidden)]
    return _ecs.json_response({"tasks": shown, "failures": [*payload.get("failures", []), *missing]})


def _list_tasks(faults: TaskFaults, plain: Any, data: dict[str, Any]) -> Any:
    answer = plain(data)
    payload = json.loads(answer[2])
    arns = payload.get("taskArns", [])
    shown = [arn for arn in arns if not faults.is_hidden(arn)]
    return answer if shown == arns else _ecs.json_response({**payload, "taskArns": shown})


_WRAPPED = {"RunTask": _run_task, "DescribeTasks": _describe_tasks, "ListTasks": _list_tasks}


def _lacks(fault: Fault, how: str, provider: str) -> bool:
    return fault.get("how") == how and fault.get("provider") in (provider, "any")
