"""How `stop_server` is put together from settings, adapters and one invocation's own data."""

from hippo.aws.clients import ClientOnDemand, make_client
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.runs import Run
from hippo.server_record import ServerStore
from hippo.server_slots import ServerSlots
from hippo.server_stop import ServerStop, StopTools
from hippo.settings import StopServerSettings


def make_server_stop(settings: StopServerSettings, run: Run, clock: Clock) -> ServerStop:
    """What `stop_server` works with in one invocation."""
    own = ObjectStore(make_client("s3", patient=True), settings.bucket)
    tools = StopTools(
        rules=ShutdownRules(ClientOnDemand("events", patient=True), settings.stop_server_topic_arn),
        containers=Containers(ClientOnDemand("ecs", patient=True)),
        host_names=HostNames(ClientOnDemand("route53", patient=True), settings.hosted_zone_id),
        slots=ServerSlots(own),
    )
    return ServerStop(ServerStore(own), tools, settings.prefix, settings.root_domain, run, clock)
