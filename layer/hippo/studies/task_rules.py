"""The operator's rules for task definitions: the size of a game server, and the families a study may run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hippo.aws.task_definitions import FREE_STORAGE
from hippo.studies.study import GAME

# The largest task that Fargate offers (ECS developer guide, "Task definition parameters for Fargate").
LARGEST_CPU, LARGEST_MEMORY = 16.0, 120.0
# Existing deployment scripts register these sizes if awsSetup names none, in vCPUs and GB.
DEFAULT_CPU, DEFAULT_MEMORY = 2.0, 10.0
_DEFINITION = re.compile(r"(?:arn:[^/]*/)?(?P<family>[^/:]+)(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The largest game server that a study may have; `cpu` in vCPUs, `memory` in GB."""

    cpu: float = LARGEST_CPU
    memory: float = LARGEST_MEMORY

    @property
    def are_set(self) -> bool:
        """Whether they allow less than Fargate offers."""
        return self.cpu < LARGEST_CPU or self.memory < LARGEST_MEMORY

    def explain_excess(self, cpu: float, memory: float, storage: int = FREE_STORAGE) -> str:
        """Return the reason why a server is too large; empty if it is not. `storage` is in GiB."""
        # A server needs hardly more disk than memory, so one parameter limits both.
        most = max(self.memory, FREE_STORAGE)
        if self.memory < LARGEST_MEMORY and storage > most:
            return (
                f"{storage} GiB of ephemeralStorage are more than the {most:g} GiB that this deployment "
                f"allows (MaxServerMemory, and at least {FREE_STORAGE})"
            )
        if cpu <= self.cpu and memory <= self.memory:
            return ""
        return (
            f"{cpu:g} vCPU and {memory:g} GB are more than the {self.cpu:g} vCPU and {self.memory:g} GB "
            "that this deployment allows (MaxServerCpu, MaxServerMemory)"
        )


@dataclass(frozen=True, slots=True)
class TaskRules:
    """The rules for a study's task definition. `families` may contain `*`, which matches anything."""

    limits: SizeLimits = SizeLimits()
    families: tuple[str, ...] = ()

    def check(self, config: Mapping[str, Any]) -> list[str]:
        """Return what a config breaks, each as `path: what is wrong`."""
        errors = []
        definition, project_id = config.get("ecsTask"), config.get("id")
        if isinstance(definition, str) and definition and not self._may_run(definition, project_id):
            errors.append(
                f"ecsTask: {definition} is not a task definition of this project. Write {project_id}, "
                "or ask the operator to add its family to ExtraTaskFamilies."
            )
        if excess := self._find_excess(config):
            errors.append(f"awsSetup: {excess}. Ask for less, or ask the operator for more.")
        return errors

    def _find_excess(self, config: Mapping[str, Any]) -> str:
        setup, steps = config.get("awsSetup"), config.get("steps")
        if not isinstance(steps, Mapping) or GAME not in steps.values():
            return ""
        cpu = read_setup_size(setup, "cpu", DEFAULT_CPU)
        memory = read_setup_size(setup, "memory", DEFAULT_MEMORY)
        # Without a number, nothing is known before the task definition is read, when a server starts.
        return "" if cpu is None or memory is None else self.limits.explain_excess(cpu, memory)

    def _may_run(self, definition: str, project_id: object) -> bool:
        named = _DEFINITION.fullmatch(definition)
        if named is None:
            return False
        return named["family"] == project_id or any(
            fnmatchcase(named["family"], family) for family in self.families
        )


def read_setup_size(setup: object, key: str, default: float) -> float | None:
    """Return a size in awsSetup, or `default` without one; None if it is not a number."""
    value = setup.get(key) if isinstance(setup, Mapping) else None
    if not value:  # existing deployment scripts treat 0 and empty values as unset
        return default
    try:
        return float(str(value)) if not isinstance(value, bool) else None
    except ValueError:
        return None
