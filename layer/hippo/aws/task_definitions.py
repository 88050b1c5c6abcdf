"""Task definitions as ECS describes them: their size, and the containers that they run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FREE_STORAGE = 20  # GiB that each task on Fargate has (ECS API reference, EphemeralStorage)
UNITS = 1024  # CPU units in a vCPU, MiB in a GB


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """A container of a task definition, and the ports that it opens."""

    name: str
    is_essential: bool
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A revision. `name` is `family:revision`; `cpu` is in vCPUs and `memory` in GB, None if it has none.

    `storage` is in GiB, and `task_role` an ARN or a name, empty if it has none.
    """

    name: str
    cpu: float | None
    memory: float | None
    containers: tuple[ContainerDefinition, ...]
    storage: int = FREE_STORAGE
    task_role: str = ""


def read_definition(described: Mapping[str, Any]) -> TaskDefinition:
    """Return a task definition from DescribeTaskDefinition's response."""
    return TaskDefinition(
        name=f"{described.get('family', '')}:{described.get('revision', '')}",
        cpu=read_size(described.get("cpu"), "vcpu"),
        memory=read_size(described.get("memory"), "gb"),
        containers=tuple(map(_read_container, described.get("containerDefinitions") or ())),
        storage=read_storage(described),
        task_role=str(described.get("taskRoleArn") or ""),
    )


def read_storage(described: Mapping[str, Any]) -> int:
    """Return the size of a task's own disk in GiB."""
    return int((described.get("ephemeralStorage") or {}).get("sizeInGiB", FREE_STORAGE))


def is_same_role(one: str, other: str) -> bool:
    """Return whether two ARNs or names are of one role: definitions may have either.

    A role's name is unique in its account, whatever path and case, and no other account's can be passed.
    """
    return one.rpartition("/")[2].lower() == other.rpartition("/")[2].lower()


def read_size(value: object, unit: str) -> float | None:
    """Return vCPUs or GB, from CPU units or MiB, or from text such as `2 vCPU`, which ECS converts."""
    text = str(value).lower().strip()
    try:
        return float(text.removesuffix(unit)) if text.endswith(unit) else int(text) / UNITS
    except ValueError:
        return None


def _read_container(container: Mapping[str, Any]) -> ContainerDefinition:
    return ContainerDefinition(
        str(container.get("name", "")),
        container.get("essential") is not False,  # the default (ECS API reference, ContainerDefinition)
        tuple(int(mapping.get("containerPort", 0)) for mapping in container.get("portMappings") or ()),
    )
