"""Whether a task that is being started still lives, and where it may run."""

from hippo.aws.ecs import PROVIDERS, TaskState, is_capacity_shortage
from hippo.errors import HippoError, TaskEndedError
from hippo.server_record import SPOT_TAKEN, ServerRecord
from hippo.task_events import SPOT_CODES


class CapacityError(HippoError):
    """The capacity provider has nothing to give at the moment."""


def check_alive(task: TaskState) -> None:
    """Raise CapacityError or TaskEndedError for a task that is at its end."""
    if task.status not in {"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}:
        return
    if task.stop_code in SPOT_CODES or is_capacity_shortage(task.stopped_reason):
        raise CapacityError(task.stopped_reason)
    raise TaskEndedError(f"the task stopped: {task.stop_code} {task.stopped_reason}".strip())


def check_not_ended(record: ServerRecord) -> None:
    """Raise as `check_alive` for a task that ECS has reported as stopped since it was last looked at."""
    if not record.task_arn or record.ended_task != record.task_arn:
        return
    if record.ended_cause == SPOT_TAKEN:
        raise CapacityError(SPOT_TAKEN)
    raise TaskEndedError("the task stopped before it was ready")


def list_providers(record: ServerRecord) -> tuple[str, ...]:
    """Spot first; a continued attempt goes on where it was."""
    if record.capacity_provider in PROVIDERS:
        return PROVIDERS[PROVIDERS.index(record.capacity_provider) :]
    return PROVIDERS
