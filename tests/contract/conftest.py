"""Adapters over each backend: in-memory fakes, the simulation, moto and the local platform's emulator."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest

from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules, write_cron
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock, SystemClock, poll
from tests.fakes.clock import FakeClock
from tests.fakes.containers import FakeContainers
from tests.fakes.host_names import FakeHostNames
from tests.fakes.journal import Journal
from tests.fakes.messaging import FakeObjectStore, FakeRules
from tests.gaps.emulators import Emulator, start_emulator
from tests.simulation.boundary import Boundary
from tests.simulation.ecs import SimulatedEcs
from tests.simulation.eventbridge import SimulatedEvents
from tests.simulation.route53 import SimulatedRoute53
from tests.simulation.s3 import SimulatedS3
from tests.simulation.scheduler import Scheduler
from tests.simulation.sns import SimulatedSns
from tests.support.aws_hooks import shared_client
from tests.support.strict_moto import make_strict

REGION = "ca-central-1"
SERVICES = ("s3", "ecs", "events", "route53", "sns", "ec2")
DEFINITION = "contract-server"
T = TypeVar("T")


@dataclass
class Backend:
    """The adapters that the cases use; `poll_seconds` is the pause between two polls."""

    name: str
    store: ObjectStore
    containers: Containers
    rules: ShutdownRules
    host_names: HostNames
    root_domain: str
    clock: Clock
    read_rule: Callable[[str], tuple[str, dict[str, Any]] | None]
    read_tags: Callable[[str], dict[str, str]]  # of an object
    poll_seconds: float = 0.1

    def new_name(self) -> str:
        """Return a name that the backend does not have yet."""
        return f"contract-{uuid.uuid4().hex[:12]}"

    def wait_until(self, probe: Callable[[], T | None], seconds: float = 60) -> T:
        """Return the first truthy result of `probe`."""
        until = self.clock.now() + timedelta(seconds=seconds)
        return poll(probe, clock=self.clock, until=until, what="the backend", first=self.poll_seconds)


def make_fake_backend() -> Backend:
    """Return the fakes of the lifecycle's tests."""
    journal, clock = Journal(), FakeClock()
    store, rules = FakeObjectStore(journal), FakeRules(journal, clock)
    containers = FakeContainers(journal, clock, {DEFINITION})
    containers.container_names, containers.size = {"game"}, (0.25, 0.5)
    names = FakeHostNames(journal, clock)
    root = "games.example.org"

    def read_rule(name: str) -> tuple[str, dict[str, Any]] | None:
        rule = rules.rules.get(name)
        return (write_cron(rule.fires), rule.message) if rule and rule.fires else None

    def read_tags(key: str) -> dict[str, str]:
        return dict(parse_qsl(store.tags[key]))

    return Backend("fake", store, containers, rules, names, root, clock, read_rule, read_tags, poll_seconds=1)


def make_simulated_backend() -> Backend:
    """Return the real adapters over the simulated AWS, without the delays that only the simulation has."""
    scheduler = Scheduler()
    border = Boundary(scheduler)
    sns, ecs = SimulatedSns(border), SimulatedEcs(border, {DEFINITION})
    events, route53 = SimulatedEvents(border, sns), SimulatedRoute53(border)
    s3 = SimulatedS3(border)
    ecs.container_names = {"game"}
    ecs.seconds_until_seen = ecs.seconds_to_provision = ecs.seconds_to_delete = 0

    def read_rule(name: str) -> tuple[str, dict[str, Any]] | None:
        rule = events.rules.get(name)
        if not rule or not rule.fires:
            return None
        [(_, text)] = rule.targets.values()
        return write_cron(rule.fires), json.loads(text)

    return Backend(
        "simulation",
        ObjectStore(s3, "contract"),
        Containers(ecs, ["subnet-1"], "sg-1"),
        ShutdownRules(events, "arn:topic"),
        HostNames(route53, "Z1"),
        "games.example.org",
        scheduler,
        read_rule,
        lambda key: s3.tags[key],
        poll_seconds=1,
    )


def make_aws_backend(name: str, make_client: Callable[[str], Any]) -> Backend:
    """Return the real adapters, over any implementation of AWS."""
    clients = {service: make_client(service) for service in SERVICES}
    bucket, root = f"contract-{uuid.uuid4().hex[:8]}", f"{uuid.uuid4().hex[:8]}.example.org"
    location = {"LocationConstraint": REGION}
    clients["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
    topic = clients["sns"].create_topic(Name="contract")["TopicArn"]
    zone = clients["route53"].create_hosted_zone(Name=root, CallerReference=root)["HostedZone"]["Id"]
    clients["ecs"].register_task_definition(
        family=DEFINITION,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "game", "image": "server", "memory": 512}],
    )
    subnet = clients["ec2"].describe_subnets()["Subnets"][0]["SubnetId"]
    group = clients["ec2"].describe_security_groups()["SecurityGroups"][0]["GroupId"]

    def read_rule(rule: str) -> tuple[str, dict[str, Any]] | None:
        found = [entry for entry in clients["events"].list_rules()["Rules"] if entry["Name"] == rule]
        if not found:
            return None
        [target] = clients["events"].list_targets_by_rule(Rule=rule)["Targets"]
        return found[0]["ScheduleExpression"], json.loads(target["Input"])

    def read_tags(key: str) -> dict[str, str]:
        found = clients["s3"].get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    return Backend(
        name,
        ObjectStore(clients["s3"], bucket),
        Containers(clients["ecs"], [subnet], group),
        ShutdownRules(clients["events"], topic),
        HostNames(clients["route53"], zone.removeprefix("/hostedzone/")),
        root,
        SystemClock(),
        read_rule,
        read_tags,
    )


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Run one emulator for all cases."""
    running = start_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture(params=["fake", "simulation", "moto", "emulator"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """Run each case once on each backend."""
    if request.param == "fake":
        yield make_fake_backend()
    elif request.param == "simulation":
        yield make_simulated_backend()
    elif request.param == "moto":
        request.getfixturevalue("aws")
        for _ in make_strict(monkeypatch):
            yield make_aws_backend("moto", shared_client)
    else:
        yield make_aws_backend("emulator", request.getfixturevalue("emulator").client)
