"""The wiring of `stop_server` from settings, adapters and one invocation's own data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippo import metrics
from hippo.aws.clients import ClientOnDemand, make_client
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.aws.sns import Topic
from hippo.clock import Clock
from hippo.invocation import Invocation
from hippo.records.messages import StopMessage, read_stop
from hippo.records.server import ResourceNames, ServerStore
from hippo.servers.capacity.queue import ServerQueue
from hippo.servers.capacity.slots import ServerSlots
from hippo.servers.shown_games import ShownGames
from hippo.servers.stop.next_starts import NextStarts
from hippo.servers.stop.stop import ServerStop
from hippo.servers.stop.task_exit import TaskExits
from hippo.servers.stop.tools import StopTools
from hippo.servers.sweep.sweep import ServerSweep
from hippo.servers.task_events import TaskEnd, is_task_event, read_task_end
from hippo.settings import StopServerSettings


@dataclass(frozen=True, slots=True)
class SweepSignal:
    """The message `{"sweep": true}`, from the schedule or an operator."""


@dataclass(frozen=True, slots=True)
class StopDispatcher:
    """The parts that handle the messages of the stop topic, each message by the part for its kind."""

    prefix: str
    server_stop: ServerStop
    task_exits: TaskExits
    server_sweep: ServerSweep

    def read(self, body: Mapping[str, Any], sent_at: datetime) -> StopMessage | SweepSignal | TaskEnd | None:
        """Return the message; None for an event that needs no action. Raises InvalidMessageError."""
        if body.get("sweep") is True:
            return SweepSignal()
        if is_task_event(body):
            return read_task_end(body, self.prefix, sent_at)
        return read_stop(body, sent_at)

    def handle(self, message: StopMessage | SweepSignal | TaskEnd | None) -> None:
        """Carry the message out. Raises TransientError if anything is left."""
        if isinstance(message, StopMessage):
            self.server_stop.stop(message)
        elif isinstance(message, TaskEnd):
            self.task_exits.note(message)
        elif message is not None:
            self.server_sweep.sweep()


def make_stop_dispatcher(
    settings: StopServerSettings, invocation: Invocation, clock: Clock
) -> StopDispatcher:
    """Return what `stop_server` needs for one invocation."""
    metrics.name_stack(settings.prefix)
    own = _make_store(settings.bucket)
    sns = ClientOnDemand("sns", patient=True)
    tools = StopTools(
        rules=ShutdownRules(ClientOnDemand("events", patient=True), settings.stop_server_topic_arn),
        containers=Containers(ClientOnDemand("ecs", patient=True)),
        host_names=HostNames(ClientOnDemand("route53", patient=True), settings.hosted_zone_id),
        slots=ServerSlots(own, clock, settings.max_servers),
        queue=ServerQueue(own, clock),
        start_topic=Topic(sns, settings.start_server_topic_arn),
        stop_topic=Topic(sns, settings.stop_server_topic_arn),
        shown_games=ShownGames(_make_store, (settings.bucket, *settings.extra_buckets)),
    )
    return assemble(own, tools, settings.prefix, settings.root_domain, invocation, clock)


def _make_store(bucket: str) -> ObjectStore:
    return ObjectStore(make_client("s3", patient=True), bucket)


def assemble(
    store: ObjectStore, tools: StopTools, prefix: str, root_domain: str, invocation: Invocation, clock: Clock
) -> StopDispatcher:
    """Return the parts, which share one invocation's tools."""
    servers = ServerStore(store, ResourceNames(prefix, root_domain))
    server_stop = ServerStop(servers, tools, prefix, root_domain, invocation, clock)
    task_exits = TaskExits(servers, server_stop, NextStarts(tools), invocation, clock)
    server_sweep = ServerSweep(store, servers, tools, prefix, root_domain, invocation, clock)
    return StopDispatcher(prefix, server_stop, task_exits, server_sweep)
