"""The task of a start: the token that creates it once, whether it still runs, and where it may run."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from hippo.aws.ecs import PROVIDERS, TaskState, is_capacity_shortage
from hippo.clock import to_wire
from hippo.errors import HippoError, TaskEndedError
from hippo.records.codes import EndReason, TicketUse
from hippo.records.server import ServerRecord
from hippo.servers.task_events import SPOT_CODES

T = TypeVar("T")
_SUBNET = re.compile(r"subnet-[0-9a-z]+")


class CapacityError(HippoError):
    """The capacity provider has no capacity at the moment."""


class FullSubnetError(CapacityError):
    """The subnet that ECS chose has no free address; `subnet` is empty if ECS does not name it."""

    def __init__(self, reason: str, subnet: str) -> None:
        super().__init__(reason)
        self.subnet = subnet


def name_client_token(record: ServerRecord, provider: str, without: Iterable[str] = ()) -> str:
    """Return RunTask's idempotency token, at most 64 characters: one task per attempt, provider and round.

    Attempts count from one again after a participant's record was deleted (a withdrawal), so the token
    includes the time at which the attempt began.

    A try without some of the subnets, or without the variables that ECS refused, needs another token: the
    same token with other parameters is a conflict.

    ECS returns the same task for a token until an hour after that task has stopped, so an attempt that
    found no capacity anywhere needs another token for its next round.
    """
    begun = to_wire(record.started_at) or ""  # as stored, so that every try computes the same token
    parts = (record.user_id, str(record.attempt), begun, provider, str(record.rounds), *sorted(without))
    parts += (record.tickets,) if record.tickets == TicketUse.NONE else ()
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def check_alive(task: TaskState) -> None:
    """Raise CapacityError or TaskEndedError for a task that is stopping or has stopped."""
    if task.status not in {"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}:
        return
    if "InsufficientFreeAddressesInSubnet" in task.stopped_reason:
        named = _SUBNET.search(task.stopped_reason)
        raise FullSubnetError(task.stopped_reason, named[0] if named else task.subnet)
    if task.stop_code in SPOT_CODES or is_capacity_shortage(task.stopped_reason):
        raise CapacityError(task.stopped_reason)
    raise TaskEndedError(f"the task stopped: {task.stop_code} {task.stopped_reason}".strip())


def check_not_ended(record: ServerRecord) -> None:
    """Raise what `check_alive` raises for a task that ECS has reported as stopped since the last check."""
    if not record.task_arn or record.ended_task != record.task_arn:
        return
    if record.ended_cause == EndReason.SPOT_TAKEN:
        raise CapacityError(EndReason.SPOT_TAKEN)
    raise TaskEndedError("the task stopped before it was ready")


def list_providers(record: ServerRecord) -> tuple[str, ...]:
    """Return the capacity providers to try: Spot first. A continued attempt resumes at its provider."""
    if record.capacity_provider in PROVIDERS:
        return PROVIDERS[PROVIDERS.index(record.capacity_provider) :]
    return PROVIDERS


def try_subnets(
    subnets: Collection[str], run: Callable[[tuple[str, ...]], T], forget: Callable[[], object]
) -> T:
    """Return the result of `run`, whose argument is the subnets found full so far, none at first.

    ECS chooses among several subnets without checking for free addresses. A task in a full one stops with
    TaskFailedToStart (ECS developer guide, "Troubleshooting Amazon ECS TaskFailedToStart errors").
    `forget` is called before another try. Raises FullSubnetError when no other subnet is left.
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
