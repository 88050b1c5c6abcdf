"""Whether a task that is being started still lives, and where it may run."""

import re
from collections.abc import Callable, Collection
from typing import TypeVar

from hippo.aws.ecs import PROVIDERS, TaskState, is_capacity_shortage
from hippo.errors import HippoError, TaskEndedError
from hippo.records.codes import EndReason
from hippo.records.server import ServerRecord
from hippo.servers.task_events import SPOT_CODES

T = TypeVar("T")
_SUBNET = re.compile(r"subnet-[0-9a-z]+")


class CapacityError(HippoError):
    """The capacity provider has nothing to give at the moment."""


class FullSubnetError(CapacityError):
    """The subnet that ECS chose has no address left; `subnet` is empty where ECS does not say which."""

    def __init__(self, reason: str, subnet: str) -> None:
        super().__init__(reason)
        self.subnet = subnet


def check_alive(task: TaskState) -> None:
    """Raise CapacityError or TaskEndedError for a task that is at its end."""
    if task.status not in {"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}:
        return
    if "InsufficientFreeAddressesInSubnet" in task.stopped_reason:
        named = _SUBNET.search(task.stopped_reason)
        raise FullSubnetError(task.stopped_reason, named[0] if named else task.subnet)
    if task.stop_code in SPOT_CODES or is_capacity_shortage(task.stopped_reason):
        raise CapacityError(task.stopped_reason)
    raise TaskEndedError(f"the task stopped: {task.stop_code} {task.stopped_reason}".strip())


def check_not_ended(record: ServerRecord) -> None:
    """Raise as `check_alive` for a task that ECS has reported as stopped since it was last looked at."""
    if not record.task_arn or record.ended_task != record.task_arn:
        return
    if record.ended_cause == EndReason.SPOT_TAKEN:
        raise CapacityError(EndReason.SPOT_TAKEN)
    raise TaskEndedError("the task stopped before it was ready")


def list_providers(record: ServerRecord) -> tuple[str, ...]:
    """Spot first; a continued attempt goes on where it was."""
    if record.capacity_provider in PROVIDERS:
        return PROVIDERS[PROVIDERS.index(record.capacity_provider) :]
    return PROVIDERS


def try_subnets(
    subnets: Collection[str], run: Callable[[tuple[str, ...]], T], forget: Callable[[], object]
) -> T:
    """What `run` gives; it is told the subnets that have turned out to be full, none at first.

    ECS chooses among several subnets without a look at their addresses: a task in a full one stops with
    TaskFailedToStart (ECS developer guide, "Troubleshooting Amazon ECS TaskFailedToStart errors").
    `forget` is called before another try. Raises FullSubnetError when there is no other subnet.
    """
    full: tuple[str, ...] = ()
    while True:
        try:
            return run(full)
        except FullSubnetError as error:
            if error.subnet in full or error.subnet not in subnets or len(full) + 1 == len(subnets):
                raise
            full = (*full, error.subnet)
            forget()
