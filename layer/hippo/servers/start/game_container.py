"""The container of a task definition that runs the game server, and so receives its variables."""

import re
from collections.abc import Sequence

from hippo.aws.ecs import ContainerDefinition, Containers
from hippo.errors import AwsError

_REVISION = re.compile(r".+:[0-9]+")
_MOST_KEPT = 500


class GameContainers:
    """The names of game servers' containers. Those of a numbered revision never change, so they are kept."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[ContainerDefinition, ...]] = {}

    def find(self, containers: Containers, definition: str, project_id: str, port: int) -> str:
        """Return the name of the container in a task definition that a project's server runs in.

        If the task definition cannot be read, that is the project's id, and RunTask says what is wrong.
        """
        try:
            return choose_container(self._describe(containers, definition), project_id, port)
        except AwsError as error:
            if error.retryable:
                raise
            return project_id

    def _describe(self, containers: Containers, definition: str) -> tuple[ContainerDefinition, ...]:
        if definition in self._kept:
            return self._kept[definition]
        described = containers.describe_containers(definition)
        if _REVISION.fullmatch(definition) and len(self._kept) < _MOST_KEPT:
            self._kept[definition] = described
        return described


def choose_container(described: Sequence[ContainerDefinition], project_id: str, port: int) -> str:
    """Return the project's namesake, which existing scripts create, or else the likeliest container.

    That is one with the game's port, an essential one, or the first.
    """
    if not described or any(container.name == project_id for container in described):
        return project_id
    return max(described, key=lambda container: (port in container.ports, container.is_essential)).name
