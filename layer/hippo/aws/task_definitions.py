"""Task definitions as ECS describes them: their size, and the containers that they run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNITS = 1024  # CPU units in a vCPU, MiB in a GB


@dataclass(frozen=True, slots=True)
class ContainerDefinition:
    """A container of a task definition, and the ports that it opens."""

    name: str
    is_essential: bool
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A revision. `name` is `family:revision`; `cpu` is in vCPUs and `memory` in GB, None if it has none."""

    name: str
    cpu: float | None
    memory: float | None
    containers: tuple[ContainerDefinition, ...]


def read_definition(described: Mapping[str, Any]) -> TaskDefinition:
    """Return a task definition from DescribeTaskDefinition's response."""
    return TaskDefinition(
        name=f"{described.get('family', '')}:{described.get('revision', '')}",
        cpu=read_size(described.get("cpu"), "vcpu"),
        memory=read_size(described.get("memory"), "gb"),
        containers=tuple(map(_read_container, described.get("containerDefinitions") or ())),
    )


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
