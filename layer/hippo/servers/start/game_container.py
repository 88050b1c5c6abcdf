"""The task definition that a server runs, and its container that receives the server's variables."""

import re

from hippo.aws.ecs import Containers
from hippo.aws.task_definitions import TaskDefinition
from hippo.errors import AwsError

_REVISION = re.compile(r".+:[0-9]+")
_MOST_KEPT = 500


class KnownDefinitions:
    """Task definitions of game servers. A numbered revision never changes, so it is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, TaskDefinition] = {}

    def find(self, containers: Containers, name: str) -> TaskDefinition | None:
        """Return a task definition; None if it cannot be read. Raises AwsError if a later try may succeed."""
        if name in self._kept:
            return self._kept[name]
        try:
            described = containers.describe_definition(name)
        except AwsError as error:
            if error.retryable:
                raise
            return None
        for known in {name, described.name}:  # the next try of this start asks for the latter
            if _REVISION.fullmatch(known) and len(self._kept) < _MOST_KEPT:
                self._kept[known] = described
        return described


def choose_container(definition: TaskDefinition | None, project_id: str, port: int) -> str:
    """Return the project's namesake, which existing scripts create, or else the likeliest container.

    That is one with the game's port, an essential one, or the first. Without a definition, RunTask says what
    is wrong with it.
    """
    described = definition.containers if definition else ()
    if not described or any(container.name == project_id for container in described):
        return project_id
    return max(described, key=lambda container: (port in container.ports, container.is_essential)).name
