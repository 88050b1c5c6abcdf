"""The AWS services that a start uses."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from hippo.aws.ec2 import NetworkInterfaces
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.aws.task_definitions import TaskDefinition, is_same_role
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
    execution_role: str = ""  # the stack's own, empty if it is not known
    origins: tuple[str, ...] = ()  # of the study page, from which a game server accepts connections

    def find_task(self, record: ServerRecord) -> dict[str, str]:
        """Return the record's `task_definition` and `container`, looked up where they are needed.

        A definition that was looked up is named with its revision, so that every try runs the one that was
        checked. Raises PermanentError for a server that is larger than the operator allows, or that gets a
        role of the platform's. Raises TransientError for a definition that is not known: existing scripts
        register it after they publish.
        """
        name, container = record.task_definition, record.container
        is_checked = self.limits.are_set or bool(self.execution_role)
        if not is_checked and (container or not record.variables):
            return {"task_definition": name, "container": container}
        definition = self.known_definitions.find(self.containers, name)
        if definition:
            self._check_role(definition)
        elif is_checked:
            raise TransientError(
                f"the task definition {name}, which is checked before it runs, cannot be read"
            )
        if definition and self.limits.are_set:
            self._check_size(definition)
        return {
            "task_definition": definition.name if definition else name,
            "container": container or choose_container(definition, record.project_id, GAME_PORT),
        }

    def _check_role(self, definition: TaskDefinition) -> None:
        """Refuse the game the execution role: it pulls the images of all studies and writes all their logs.

        IAM cannot tell in which place of a definition a role is passed.
        """
        if self.execution_role and is_same_role(definition.task_role, self.execution_role):
            raise PermanentError(
                f"the task definition {definition.name} gives the game the stack's execution role as its "
                "taskRoleArn. Publish the study again with `hippo publish`, which names the stack's TaskRole."
            )

    def _check_size(self, definition: TaskDefinition) -> None:
        if definition.cpu is None or definition.memory is None:
            what = f"the size of the task definition {definition.name}, which is limited,"
            raise TransientError(f"{what} cannot be read")
        if excess := self.limits.explain_excess(definition.cpu, definition.memory, definition.storage):
            raise PermanentError(f"the task definition {definition.name} is too large: {excess}")

    def list_variables(self, record: ServerRecord) -> dict[str, str]:
        """Return the variables of the server's container, besides those of its task definition."""
        origins = {"HIPPO_ORIGINS": ",".join(self.origins)} if record.ticket_key and self.origins else {}
        return {**record.variables, **origins}

    def request_stop(self, record: ServerRecord, reason: EndReason = EndReason.OVERTAKEN) -> None:
        """Request the stop of an attempt."""
        self.stop_topic.publish(build_attempt_stop(record, reason))
