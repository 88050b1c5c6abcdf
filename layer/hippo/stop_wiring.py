"""How `stop_server` is put together from settings, adapters and one invocation's own data."""

from hippo import metrics
from hippo.aws.clients import ClientOnDemand, make_client
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.aws.sns import Topic
from hippo.clock import Clock
from hippo.runs import Run
from hippo.server_deaths import ServerDeaths
from hippo.server_queue import ServerQueue
from hippo.server_record import ServerStore
from hippo.server_slots import ServerSlots
from hippo.server_stop import ServerStop, StopTools
from hippo.server_succession import Succession
from hippo.server_sweep import ServerSweep
from hippo.settings import StopServerSettings
from hippo.stop_topic import StopTopic


def make_stop_topic(settings: StopServerSettings, run: Run, clock: Clock) -> StopTopic:
    """What `stop_server` works with in one invocation."""
    metrics.name_stack(settings.prefix)
    own = ObjectStore(make_client("s3", patient=True), settings.bucket)
    sns = ClientOnDemand("sns", patient=True)
    tools = StopTools(
        rules=ShutdownRules(ClientOnDemand("events", patient=True), settings.stop_server_topic_arn),
        containers=Containers(ClientOnDemand("ecs", patient=True)),
        host_names=HostNames(ClientOnDemand("route53", patient=True), settings.hosted_zone_id),
        slots=ServerSlots(own, settings.max_servers),
        queue=ServerQueue(own, clock),
        start_topic=Topic(sns, settings.start_server_topic_arn),
        stop_topic=Topic(sns, settings.stop_server_topic_arn),
    )
    return assemble(own, tools, settings.prefix, settings.root_domain, run, clock)


def assemble(
    store: ObjectStore, tools: StopTools, prefix: str, root_domain: str, run: Run, clock: Clock
) -> StopTopic:
    """The parts that share one invocation's tools."""
    servers = ServerStore(store)
    server_stop = ServerStop(servers, tools, prefix, root_domain, run, clock)
    deaths = ServerDeaths(servers, server_stop, Succession(tools), run, clock)
    return StopTopic(prefix, server_stop, deaths, ServerSweep(store, tools, prefix, root_domain, run, clock))
