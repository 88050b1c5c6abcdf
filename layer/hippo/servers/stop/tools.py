"""The AWS services that a stop uses."""

from dataclasses import dataclass

from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.servers.capacity.queue import ServerQueue
from hippo.servers.capacity.slots import ServerSlots
from hippo.servers.shown_games import ShownGames


@dataclass(frozen=True, slots=True)
class StopTools:
    """The services of one stop, and the records that it reads of participants."""

    rules: ShutdownRules
    containers: Containers
    host_names: HostNames
    slots: ServerSlots
    queue: ServerQueue
    start_topic: Topic
    stop_topic: Topic
    shown_games: ShownGames
