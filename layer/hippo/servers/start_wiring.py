"""The wiring of `start_server` from settings, adapters and one invocation's own data.

It is separate from `stop_wiring`, so that neither function imports what only the other one needs.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from hippo import metrics
from hippo.aws.clients import ClientOnDemand, make_client
from hippo.aws.ec2 import NetworkInterfaces
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.aws.sns import Topic
from hippo.clock import Clock
from hippo.invocation import Invocation
from hippo.records.server import ResourceNames, ServerStore
from hippo.servers.capacity.allocation import SlotAllocation
from hippo.servers.capacity.queue import ServerQueue
from hippo.servers.capacity.slots import ServerSlots
from hippo.servers.start.bring_up import ServerStart
from hippo.servers.start.claims import ServerClaims
from hippo.servers.start.game_container import KnownDefinitions
from hippo.servers.start.new_record import AttemptSettings
from hippo.servers.start.tools import StartTools, can_connect
from hippo.settings import StartServerSettings
from hippo.studies.catalogue import Catalogue

_KNOWN_DEFINITIONS = KnownDefinitions()  # for all invocations of one execution environment


def make_server_start(settings: StartServerSettings, invocation: Invocation, clock: Clock) -> ServerStart:
    """Return what `start_server` needs for one invocation."""
    metrics.name_stack(settings.prefix)
    tools = StartTools(
        rules=ShutdownRules(ClientOnDemand("events", patient=True), settings.stop_server_topic_arn),
        containers=Containers(ClientOnDemand("ecs", patient=True), settings.subnet, settings.security_group),
        interfaces=NetworkInterfaces(ClientOnDemand("ec2", patient=True)),
        host_names=HostNames(ClientOnDemand("route53", patient=True), settings.hosted_zone_id),
        stop_topic=Topic(ClientOnDemand("sns", patient=True), settings.stop_server_topic_arn),
        connect=can_connect,
        known_definitions=_KNOWN_DEFINITIONS,
        limits=settings.limits,
        execution_role=settings.task_execution_role_arn,
        origins=tuple(dict.fromkeys(map(read_origin, settings.site_urls))),
    )
    buckets = (settings.bucket, *settings.extra_buckets)
    # A project published a moment ago must be found, so the list is not cached here.
    catalogue = Catalogue(_make_store, buckets, clock, cache_seconds=0)
    own = _make_store(settings.bucket)
    attempt_settings = AttemptSettings(settings.prefix, settings.root_domain, settings.max_runtime)
    claims = ServerClaims(
        attempt_settings,
        catalogue,
        ServerStore(own, ResourceNames(settings.prefix, settings.root_domain)),
        SlotAllocation(ServerSlots(own, clock, settings.max_servers), ServerQueue(own, clock)),
        tools.request_stop,
        invocation,
        clock,
    )
    first_dns_check = timedelta(seconds=settings.dns_first_check_seconds)
    return ServerStart(claims, tools, settings.prefix, invocation, clock, first_dns_check)


def read_origin(url: str) -> str:
    """Return the origin of a web address, as browsers send it: in lower case, without a default port."""
    parts = urlsplit(url.strip().lower())
    port = parts.port if parts.port != {"http": 80, "https": 443}.get(parts.scheme) else None
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}"


def _make_store(bucket: str) -> ObjectStore:
    return ObjectStore(make_client("s3", patient=True), bucket)
