"""The game server's task definition, registered only if it differs from the newest revision."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo.aws.task_definitions import UNITS
from hippo_cli.aws_errors import naming_permission, read_code

PORT = 5000
CERTIFICATE = "TLS_CERTIFICATE"
TRIAL = "TRIAL_CONFIG"
# The keys of DescribeTaskDefinition's response that RegisterTaskDefinition accepts.
_KEPT = (
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
)


@dataclass(frozen=True)
class ServerSettings:
    """The parts of a task definition that publishing sets. `memory` is in GB; empty roles are kept."""

    family: str
    image: str
    cpu: float
    memory: float
    task_role: str
    execution_role: str
    log_group: str
    region: str
    certificate: str  # empty where the image carries it
    trial: str  # as JSON; empty where the image carries it


def find_newest(client: Any, family: str) -> dict[str, Any] | None:
    """Return the newest active revision of a family, as ECS describes it."""
    with naming_permission("ecs:DescribeTaskDefinition", family, family):
        try:
            found: dict[str, Any] = client.describe_task_definition(taskDefinition=family)["taskDefinition"]
        except ClientError as error:
            if read_code(error) == "ClientException":  # ECS does not know this family
                return None
            raise
    return found if found.get("status", "ACTIVE") == "ACTIVE" else None


def build_definition(settings: ServerSettings, newest: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the newest revision with these settings; its other parts are kept."""
    before = newest or {}
    wanted = {key: copy.deepcopy(before[key]) for key in _KEPT if before.get(key)}
    containers = wanted.setdefault("containerDefinitions", [])
    container = _find_container(containers, settings.family)
    container["image"] = settings.image
    ports = container.setdefault("portMappings", [])
    if not any(port.get("containerPort") == PORT for port in ports):
        ports.append({"containerPort": PORT, "protocol": "tcp"})
    for one in containers:
        one["environment"] = sorted(one.get("environment") or [], key=lambda variable: variable["name"])
    container["environment"] = _build_environment(container["environment"], settings)
    if settings.log_group and not container.get("logConfiguration"):
        container["logConfiguration"] = _build_logs(settings)
    wanted |= {
        "family": settings.family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(round(settings.cpu * UNITS)),
        "memory": str(round(settings.memory * UNITS)),
    }
    roles = {
        "taskRoleArn": settings.task_role or before.get("taskRoleArn"),
        "executionRoleArn": settings.execution_role or before.get("executionRoleArn"),
    }
    return wanted | {key: role for key, role in roles.items() if role}


def is_same(newest: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Return whether registering `wanted` would change nothing."""
    if newest is None:
        return False
    before = {key: copy.deepcopy(newest.get(key)) for key in wanted}
    for container in before.get("containerDefinitions") or []:
        # ECS does not guarantee their order.
        container["environment"] = sorted(container.get("environment") or [], key=lambda one: one["name"])
    return all(before[key] == value for key, value in wanted.items())


def register(client: Any, wanted: Mapping[str, Any]) -> str:
    """Register a revision; return its ARN."""
    family = wanted["family"]
    with naming_permission("ecs:RegisterTaskDefinition (or iam:PassRole)", family, family):
        response = client.register_task_definition(**wanted)
    return str(response["taskDefinition"]["taskDefinitionArn"])


def find_platform(newest: Mapping[str, Any] | None) -> str:
    """Return the platform to build for: x86-64 on any machine, unless the newest revision names ARM."""
    architecture = ((newest or {}).get("runtimePlatform") or {}).get("cpuArchitecture")
    return "linux/arm64" if architecture == "ARM64" else "linux/amd64"


def find_image(newest: Mapping[str, Any] | None, family: str) -> str | None:
    """Return the image that the game server runs now."""
    if not newest or not newest.get("containerDefinitions"):
        return None
    image: str | None = _find_container(copy.deepcopy(newest["containerDefinitions"]), family).get("image")
    return image


def _find_container(containers: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the game server's container: by its name, or the first, or a new one in an empty list."""
    if not containers:
        containers.append({"name": name, "essential": True})
    return next((one for one in containers if one.get("name") == name), containers[0])


def _build_environment(before: list[dict[str, str]], settings: ServerSettings) -> list[dict[str, str]]:
    kept = {one["name"]: one.get("value", "") for one in before if not _is_ours(one)}
    ours = {CERTIFICATE: settings.certificate, TRIAL: settings.trial}
    variables = kept | {name: value for name, value in ours.items() if value}
    return [{"name": name, "value": value} for name, value in sorted(variables.items())]


def _is_ours(variable: Mapping[str, str]) -> bool:
    """Return whether an earlier publication set the variable; `image` and `none` were written by hand."""
    name, value = variable["name"], variable.get("value", "")
    return name == TRIAL or (name == CERTIFICATE and value not in ("image", "none"))


def _build_logs(settings: ServerSettings) -> dict[str, Any]:
    """Return the log settings: the execution role may write the group, the researchers may read it."""
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": settings.log_group,
            "awslogs-create-group": "true",
            "awslogs-region": settings.region,
            "awslogs-stream-prefix": "game",
        },
    }
