"""ECS: tasks on Fargate as processes of this machine.

AWS (ECS developer guide, "Amazon ECS task lifecycle"; API reference, RunTask and StopTask): a task goes
through PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING and STOPPED.
StopTask returns at once; the containers get SIGTERM, and SIGKILL after stopTimeout (30 s). A task whose
essential container exits stops by itself. A task whose image cannot be pulled becomes STOPPED with a
`stoppedReason` that begins with CannotPullContainerError.

MiniStack without Docker reports RUNNING at once, with no process, and STOPPED at once.
"""

import logging
import threading
import time
from typing import Any

from hippo_local.emulator.ecs import containers as task_containers
from hippo_local.emulator.ecs import events as task_events
from hippo_local.emulator.ecs import network_interfaces
from hippo_local.emulator.ecs.addresses import AddressPool, NoAddressError
from hippo_local.emulator.ecs.processes import TaskProcess
from hippo_local.emulator.faults.error_codes import NO_CAPACITY, SPOT_INTERRUPTION
from hippo_local.emulator.faults.tasks import TaskFaults
from hippo_local.emulator.guardian import Guardian
from hippo_local.emulator.images import CannotPullContainerError
from hippo_local.emulator.ministack import load, patch, patch_entry, require
from hippo_local.emulator.settings import Settings

_log = logging.getLogger("hippo_local.emulator.ecs.tasks")
_ecs = load("services.ecs")
_responses = load("core.responses")

_POLL = 0.05


class _TaskRun:
    """A task from PROVISIONING to STOPPED. Only its own thread changes `lastStatus`."""

    def __init__(self, task: dict[str, Any], definition: dict[str, Any], overrides: list[Any]) -> None:
        self.task = task
        self._definition = definition
        self._overrides = overrides
        self._processes: list[TaskProcess] = []
        self._address = ""
        self._crashed = False
        self.grace = _host.settings.stop_timeout
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            if self._start():
                self._wait_for_end()
        except (CannotPullContainerError, task_containers.CannotStartContainerError) as error:
            self._fail_to_start(f"{type(error).__name__}: {error}")
        except (NoAddressError, _ecs._SecretResolutionError) as error:
            self._fail_to_start(f"ResourceInitializationError: {error}")
        finally:
            self._stop()
            self.ended.set()

    def _start(self) -> bool:
        """Go through the starting states; return False if StopTask came in between."""
        network_interfaces.add_attachment(self.task)
        self._pause()
        if _host.faults.takes_capacity(self.task):
            self._fail_to_start(NO_CAPACITY)
            return False
        self._address = _host.addresses.claim()
        network_interfaces.attach(self.task, self._address)
        for state in ("PENDING", "ACTIVATING"):
            if self.stop_requested:
                return False
            self._enter(state)
            self._pause(_host.faults.take_start_delay(self.task) if state == "PENDING" else 0)
        if self.stop_requested:
            return False
        self.task["pullStartedAt"] = _ecs._iso()
        for index in range(len(self._definition.get("containerDefinitions", []))):
            self._processes.append(self._start_container(index))
        self.task["pullStoppedAt"] = self.task["startedAt"] = _ecs._iso()
        self._enter("RUNNING")
        return True

    def _start_container(self, index: int) -> TaskProcess:
        return task_containers.start_container(
            self.task, self._definition, index, self._overrides, self._address, _host
        )

    def _wait_for_end(self) -> None:
        """Wait until StopTask, or until an essential container (or the last one) has exited."""
        essential = self.task["_container_essentials"]
        began = time.monotonic()
        while not self.stop_requested:
            self._apply_fault(time.monotonic() - began)
            exited = [process.exit_code is not None for process in self._processes]
            if all(exited) or any(e and gone for e, gone in zip(essential, exited, strict=True)):
                self._request_stop("Essential container in task exited", "EssentialContainerExited")
            time.sleep(_POLL)

    def _apply_fault(self, seconds: float) -> None:
        if self._crashed:
            return
        kind = _host.faults.take_end(self.task, seconds)
        if kind == "spot-interruption":
            self._request_stop(SPOT_INTERRUPTION, "SpotInterruption")
        elif kind == "task-crash":
            self._crashed = True
            for process in self._processes:
                process.crash()

    def _fail_to_start(self, reason: str) -> None:
        _log.warning("task %s cannot start: %s", self.task["taskArn"], reason)
        self._request_stop(reason, "TaskFailedToStart")

    def _stop(self) -> None:
        was_running = self.task["lastStatus"] == "RUNNING"
        if was_running:
            self._enter("DEACTIVATING")
            self._pause()
        if self._processes:
            self._enter("STOPPING")
            self._end_processes()
        self.task["executionStoppedAt"] = _ecs._iso()
        self._enter("DEPROVISIONING")
        network_interfaces.detach(self.task)
        self._pause()
        _host.addresses.release(self._address)
        self.task["stoppedAt"] = _ecs._iso()
        self._enter("STOPPED")

    def _end_processes(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + self.grace
        while any(p.exit_code is None for p in self._processes) and time.monotonic() < deadline:
            # The grace period becomes shorter if the whole platform stops in the meantime.
            deadline = min(deadline, time.monotonic() + self.grace)
            time.sleep(_POLL)
        for container, process in zip(self.task["containers"], self._processes, strict=False):
            container["exitCode"] = process.kill()

    @property
    def stop_requested(self) -> bool:
        return bool(self.task["desiredStatus"] == "STOPPED")

    def _request_stop(self, reason: str, code: str) -> None:
        request_stop(self.task, reason, code)

    def _pause(self, longer: float = 0) -> None:
        time.sleep(_host.settings.state_delay)
        until = time.monotonic() + longer
        while time.monotonic() < until and not self.stop_requested:
            time.sleep(_POLL)

    def _enter(self, state: str) -> None:
        self.task["lastStatus"] = state
        for container in self.task["containers"]:
            container["lastStatus"] = {"RUNNING": "RUNNING", "STOPPED": "STOPPED"}.get(
                state, container["lastStatus"]
            )
        # AWS does not increase the version for these states (observed through DescribeTasks).
        if state not in ("ACTIVATING", "DEACTIVATING", "STOPPING"):
            _ecs._bump_task_version(self.task)
        _ecs._recount_cluster(_ecs._cluster_name_from_arn(self.task["clusterArn"]))
        task_events.publish_state_change(self.task)


class _Host:
    """The parts of this emulator that all of its tasks share."""

    settings: Settings
    guardian: Guardian
    addresses: AddressPool
    faults: TaskFaults
    # MiniStack starts tasks without a process unless it finds a container engine.
    container_engine = object()

    def __init__(self) -> None:
        self.runs: dict[str, _TaskRun] = {}


_host = _Host()


def install(settings: Settings, guardian: Guardian, faults: TaskFaults) -> None:
    """Patch MiniStack so that tasks run as processes."""
    require(_ecs, "_bump_task_version", "_recount_cluster", "_cluster_name_from_arn", "_iso", "_sanitize")
    require(_ecs, "_SecretResolutionError", "_resolve_task", "_resolve_cluster_name")
    _host.settings, _host.guardian, _host.faults = settings, guardian, faults
    _host.addresses = AddressPool(settings.task_port)
    patch(_ecs, "_get_docker", lambda: _host.container_engine)
    patch(_ecs, "_run_task_worker", _run_task_worker)
    patch_entry(_ecs, "_ACTION_MAP", "StopTask", _stop_task)


def request_stop(task: dict[str, Any], reason: str, code: str) -> None:
    """Request the end of a task, once; its own thread does the rest."""
    if task["desiredStatus"] == "STOPPED":
        return
    task["stoppedReason"], task["stopCode"] = reason, code
    task["stoppingAt"] = _ecs._iso()
    _ecs._bump_task_version(task)
    task["desiredStatus"] = "STOPPED"


def stop_all(grace: float) -> None:
    """End every task, with `grace` seconds between SIGTERM and SIGKILL, and wait until all have ended."""
    task_events.stop_publishing()
    runs = list(_host.runs.values())
    for run in runs:
        run.grace = grace
        request_stop(run.task, "The local platform is going down", "ServiceSchedulerInitiated")
    for run in runs:
        run.ended.wait(timeout=grace + 5 * _host.settings.state_delay + 5)


def _run_task_worker(
    task: dict[str, Any],
    definition: dict[str, Any],
    overrides: list[Any],
    _engine: Any,
    account: str,
    region: str,
) -> None:
    with _responses.request_scope(account, region):
        run = _TaskRun(task, definition, overrides)
        _host.runs[task["taskArn"]] = run
        try:
            run.run()
        finally:
            _host.runs.pop(task["taskArn"], None)


def _stop_task(data: dict[str, Any]) -> Any:
    task = _ecs._resolve_task(
        data.get("task", ""), _ecs._resolve_cluster_name(data.get("cluster", "default"))
    )
    if not task:
        return _ecs.error_response_json(
            "InvalidParameterException", "The referenced task was not found.", 400
        )
    request_stop(task, data.get("reason") or "Task stopped by user", "UserInitiated")
    return _ecs.json_response({"task": _ecs._sanitize(task)})
