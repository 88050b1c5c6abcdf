"""The AWS services that a start uses."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from hippo.aws.ec2 import NetworkInterfaces
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.aws.task_definitions import TaskDefinition
from hippo.errors import PermanentError, TransientError
from hippo.records.codes import EndReason
from hippo.records.server import ServerRecord, build_attempt_stop
from hippo.servers.start.game_container import KnownDefinitions, choose_container
from hippo.studies.task_rules import SizeLimits

GAME_PORT = 5000


def can_connect(address: str, port: int, seconds: float = 2.0) -> bool:
    """Return whether a TCP connection opens within that many seconds."""
    try:
        with socket.create_connection((address, port), timeout=seconds):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class StartTools:
    """The services of one start."""

    rules: ShutdownRules
    containers: Containers
    interfaces: NetworkInterfaces
    host_names: HostNames
    stop_topic: Topic
    connect: Callable[[str, int], bool]
    known_definitions: KnownDefinitions = field(default_factory=KnownDefinitions)
    limits: SizeLimits = SizeLimits()
    origins: tuple[str, ...] = ()  # of the study page, from which a game server accepts connections

    def find_task(self, record: ServerRecord) -> dict[str, str]:
        """Return the record's `task_definition` and `container`, looked up where they are needed.

        A definition that was looked up is named with its revision, so that every try runs the one that was
        checked. Raises PermanentError for a server that is larger than the operator allows. Raises
        TransientError for an unknown size: existing scripts register the definition after they publish.
        """
        name, container = record.task_definition, record.container
        if not self.limits.are_set and (container or not record.variables):
            return {"task_definition": name, "container": container}
        definition = self.known_definitions.find(self.containers, name)
        if self.limits.are_set:
            self._check_size(definition, name)
        return {
            "task_definition": definition.name if definition else name,
            "container": container or choose_container(definition, record.project_id, GAME_PORT),
        }

    def _check_size(self, definition: TaskDefinition | None, name: str) -> None:
        if definition is None or definition.cpu is None or definition.memory is None:
            raise TransientError(f"the size of the task definition {name}, which is limited, cannot be read")
        if excess := self.limits.explain_excess(definition.cpu, definition.memory):
            raise PermanentError(f"the task definition {definition.name} is too large: {excess}")

    def list_variables(self, record: ServerRecord) -> dict[str, str]:
        """Return the variables of the server's container, besides those of its task definition."""
        origins = {"HIPPO_ORIGINS": ",".join(self.origins)} if record.ticket_key and self.origins else {}
        return {**record.variables, **origins}

    def request_stop(self, record: ServerRecord, reason: EndReason = EndReason.OVERTAKEN) -> None:
        """Request the stop of an attempt."""
        self.stop_topic.publish(build_attempt_stop(record, reason))
