"""The AWS services that a start uses."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from hippo.aws.ec2 import NetworkInterfaces
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.records.codes import EndReason
from hippo.records.server import ServerRecord, build_attempt_stop
from hippo.servers.start.game_container import GameContainers

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
    game_containers: GameContainers = field(default_factory=GameContainers)
    origins: tuple[str, ...] = ()  # of the study page, from which a game server accepts connections

    def name_container(self, record: ServerRecord) -> str:
        """Return the container that receives the record's variables."""
        if record.container or not record.variables:
            return record.container
        return self.game_containers.find(
            self.containers, record.task_definition, record.project_id, GAME_PORT
        )

    def list_variables(self, record: ServerRecord) -> dict[str, str]:
        """Return the variables of the server's container, besides those of its task definition."""
        origins = {"HIPPO_ORIGINS": ",".join(self.origins)} if record.ticket_key and self.origins else {}
        return {**record.variables, **origins}

    def request_stop(self, record: ServerRecord, reason: EndReason = EndReason.OVERTAKEN) -> None:
        """Request the stop of an attempt."""
        self.stop_topic.publish(build_attempt_stop(record, reason))
