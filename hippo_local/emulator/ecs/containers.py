"""ECS: containers as processes, with their command, environment, credentials and output.

AWS (ECS developer guide, "Amazon ECS task IAM role"): a container signs its calls with the credentials of
its task role, and has none if the task definition names no role. MiniStack gives it the credentials of the
user who runs the emulator.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hippo_local.emulator.ecs.processes import TaskProcess
from hippo_local.emulator.faults.tasks import TaskFaults
from hippo_local.emulator.guardian import Guardian
from hippo_local.emulator.images import find_image
from hippo_local.emulator.ministack import load
from hippo_local.emulator.settings import Settings

_ecs = load("services.ecs")
_lambda_runtime = load("core.lambda_runtime")
_responses = load("core.responses")


class CannotStartContainerError(RuntimeError):
    """The command of a container cannot run."""


class Host(Protocol):
    """The parts of an emulator that all of its tasks share."""

    settings: Settings
    guardian: Guardian
    faults: TaskFaults


def start_container(
    task: dict[str, Any],
    definition: dict[str, Any],
    index: int,
    overrides: list[Any],
    address: str,
    host: Host,
) -> TaskProcess:
    """Start the `index`-th container of a task on the task's address.

    Raises CannotPullContainerError for an unknown image, and CannotStartContainerError for a command that
    cannot run.
    """
    container = definition["containerDefinitions"][index]
    image = host.faults.slow_down(task, find_image(host.settings.images, container.get("image", "")))
    override = _ecs._container_override_for(overrides, container["name"])
    arguments = [str(word) for word in override.get("command") or container.get("command") or []]
    environment = _container_environment(task, definition, container, override, host.settings)
    try:
        process = TaskProcess(image, arguments, environment, address, host.guardian)
    except OSError as error:
        raise CannotStartContainerError(f"{' '.join(image.command)}: {error}") from error
    runtime_id = hashlib.sha256(task["containers"][index]["containerArn"].encode()).hexdigest()
    task["containers"][index]["runtimeId"] = runtime_id
    log_file = _log_file(task, container, host.settings)
    process.follow_output(log_file, _log_emitter(task, container, runtime_id))
    return process


def _container_environment(
    task: dict[str, Any],
    definition: dict[str, Any],
    container: dict[str, Any],
    override: dict[str, Any],
    settings: Settings,
) -> dict[str, str]:
    environment = {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_REGION": _responses.get_region(),
        "AWS_DEFAULT_REGION": _responses.get_region(),
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
    }
    for entry in (*container.get("environment", []), *override.get("environment", [])):
        environment[entry["name"]] = str(entry["value"])
    environment.update(_ecs._resolve_container_secrets(container))
    environment.update(_role_credentials(task, definition))
    return environment


def _role_credentials(task: dict[str, Any], definition: dict[str, Any]) -> dict[str, str]:
    role = (task.get("overrides") or {}).get("taskRoleArn") or definition.get("taskRoleArn")
    if not role:
        return {}
    _, _, _, region, account, _ = task["taskArn"].split(":", 5)
    task_id = task["taskArn"].rsplit("/", 1)[-1]
    # MiniStack creates role sessions for functions only; the session's name is the task id, as on AWS.
    credentials: dict[str, str] = _lambda_runtime.execution_credentials(
        {
            "Role": role,
            "FunctionName": task_id,
            "FunctionArn": f"arn:aws:lambda:{region}:{account}:function:task-{task_id}",
        }
    )
    return credentials


def _log_file(task: dict[str, Any], container: dict[str, Any], settings: Settings) -> Path | None:
    if settings.task_logs is None:
        return None
    _, cluster, task_id = task["taskArn"].rsplit("/", 2)
    return settings.task_logs / f"{cluster}-{task_id[:8]}-{container['name']}.log"


def _log_emitter(
    task: dict[str, Any], container: dict[str, Any], runtime_id: str
) -> Callable[[str], None] | None:
    """Return a function that sends a line to the `awslogs` driver's log group; None without that driver."""
    config = _ecs._awslogs_config(container, task["taskArn"].rsplit("/", 1)[-1], runtime_id)
    if not config or not _ecs._ensure_awslogs_stream(config):
        return None
    account, region = _responses.get_account_id(), config["region"] or _responses.get_region()

    def emit(line: str) -> None:
        with _responses.request_scope(account, region):
            _ecs._emit_awslogs_event(config, line)

    return emit
