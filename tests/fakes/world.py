"""The whole lifecycle over fakes: handlers are invoked as Lambda does it, and a test sees what is left."""

import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from hippo.errors import TransientError
from hippo.invocation import Invocation
from hippo.records.codes import HostChoice
from hippo.records.messages import StartMessage
from hippo.records.server import ResourceNames, ServerRecord, ServerStore, read_record, write_record
from hippo.servers.capacity.allocation import SlotAllocation
from hippo.servers.capacity.queue import ServerQueue
from hippo.servers.capacity.slots import ServerSlots
from hippo.servers.shown_games import ShownGames
from hippo.servers.start.bring_up import ServerStart
from hippo.servers.start.claims import ServerClaims
from hippo.servers.start.new_record import AttemptSettings
from hippo.servers.start.tools import StartTools
from hippo.servers.stop.tools import StopTools
from hippo.servers.stop_wiring import assemble
from hippo.studies.catalogue import Catalogue
from hippo.studies.task_rules import SizeLimits
from tests.fakes.clock import FakeClock
from tests.fakes.containers import FakeContainers, FakeInterfaces
from tests.fakes.host_names import FakeHostNames
from tests.fakes.journal import Crash, Journal
from tests.fakes.messaging import FakeObjectStore, FakeRules, FakeTopic

USER, OTHER_USER = "ada", "bob"
PROJECT, OTHER_PROJECT = "mountain_car", "cart_pole"
ROOT_DOMAIN = "games.example.org"
HOST = f"{USER}.{ROOT_DOMAIN}"
NAME = f"hippo-1-{USER}"  # of the first attempt's cluster and rule
START_SECONDS, STOP_SECONDS, MARGIN = 600, 300, 10


class LifecycleWorld:
    """One deployment with two published projects: start at step 2, game 3, stop at step 4."""

    def __init__(self, max_servers: int = 20, max_runtime: int = 60) -> None:
        self.journal, self.clock = Journal(), FakeClock()
        self.store = FakeObjectStore(self.journal)
        self.topic = FakeTopic(self.journal)
        self.start_topic = FakeTopic(self.journal, "start_topic")
        self.rules = FakeRules(self.journal, self.clock)
        self.containers = FakeContainers(self.journal, self.clock, {PROJECT, OTHER_PROJECT})
        self.interfaces = FakeInterfaces(self.journal, self.clock)
        self.host_names = FakeHostNames(self.journal, self.clock)
        self.port_opens_after = 35.0  # seconds from RunTask
        self.max_servers, self.max_runtime = max_servers, max_runtime
        self.limits = SizeLimits()
        self.execution_role = ""
        self._owners = itertools.count(1)
        self._projects: dict[str, dict[str, Any]] = {}
        self.publish(PROJECT)
        self.publish(OTHER_PROJECT)

    # ---- set up -----------------------------------------------------------------------------------------

    def publish(self, project: str, **changes: Any) -> None:
        """Put a project into the master list."""
        steps = {"1": "consent.html", "2": "quiz.html", "3": "game", "4": "survey.html"}
        events = {"startServerStep": 2, "stopServerStep": 4}
        config = {"id": project, "live": True, "ecsTask": project, "maxRuntime": 30, "events": events}
        config |= {"steps": {**steps, "finalStep": "thanks.html"}, **changes}
        self._projects[project] = config
        body = json.dumps({"projects": list(self._projects.values())}).encode()
        self.store.objects["project_master_list.json"] = body

    def put_participant(
        self,
        next_step: int,
        created: datetime | None = None,
        user: str = USER,
        *,
        sends_step: bool = False,
    ) -> None:
        """Put a participant at a step of the first project."""
        stored = {"created": (created or self.clock.now()).isoformat(), "nextStep": next_step, "requests": []}
        stored |= {"sendsStep": True} if sends_step else {}
        self.store.objects[f"{PROJECT}/Users/{user}"] = json.dumps(stored).encode()

    def put_record(self, record: ServerRecord) -> None:
        """Store a server record as it is."""
        self.store.objects[f"_servers/{record.user_id}.json"] = write_record(record)

    # ---- invocations ------------------------------------------------------------------------------------

    def new_owner(self) -> str:
        """Return the id of a new invocation."""
        return f"invocation-{next(self._owners)}"

    def start(
        self,
        request_id: str = "first",
        *,
        user: str = USER,
        project: str = PROJECT,
        owner: str = "",
        sent_at: datetime | None = None,
        seconds: float = START_SECONDS,
        tickets: str = "",
        host: str = HostChoice.USER_ID,
    ) -> None:
        """Invoke start_server once; `owner` is its request id, `seconds` its time limit.

        By default the participant's link counts as signed, so their server is named after them.
        """
        sent_at = sent_at or self.clock.now()
        message = StartMessage(project, user, request_id, sent_at, tickets=tickets, host=host)
        run = self._make_run(owner, seconds)
        tools = StartTools(
            self.rules,
            self.containers,
            self.interfaces,
            self.host_names,
            self.topic,
            self._can_connect,
            limits=self.limits,
            execution_role=self.execution_role,
        )
        catalogue = Catalogue(lambda _: self.store, (self.store.bucket,), self.clock, cache_seconds=0)
        claims = ServerClaims(
            AttemptSettings("hippo", ROOT_DOMAIN, self.max_runtime),
            catalogue,
            ServerStore(self.store, ResourceNames("hippo", ROOT_DOMAIN)),
            SlotAllocation(
                ServerSlots(self.store, self.clock, self.max_servers), ServerQueue(self.store, self.clock)
            ),
            tools.request_stop,
            run,
            self.clock,
        )
        ServerStart(claims, tools, "hippo", run, self.clock, timedelta(seconds=10)).start(message)

    def stop(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        owner: str = "",
        sent_at: datetime | None = None,
        seconds: float = STOP_SECONDS,
    ) -> None:
        """Invoke stop_server once, for the user unless `body` says otherwise."""
        self.deliver_to_stop_server(
            {"userId": USER, **(body or {})}, owner=owner, sent_at=sent_at, seconds=seconds
        )

    def deliver_to_stop_server(
        self,
        body: Mapping[str, Any],
        *,
        owner: str = "",
        sent_at: datetime | None = None,
        seconds: float = STOP_SECONDS,
    ) -> None:
        """Invoke stop_server once with any message of the stop topic."""
        tools = StopTools(
            self.rules,
            self.containers,
            self.host_names,
            ServerSlots(self.store, self.clock, self.max_servers),
            ServerQueue(self.store, self.clock),
            self.start_topic,
            self.topic,
            ShownGames(lambda _: self.store, (self.store.bucket,)),
        )
        run = self._make_run(owner, seconds)
        topic = assemble(self.store, tools, "hippo", ROOT_DOMAIN, run, self.clock)
        topic.handle(topic.read(body, sent_at or self.clock.now()))

    def sweep(self, **options: Any) -> None:
        """Invoke stop_server with the sweep's signal."""
        self.deliver_to_stop_server({"sweep": True}, **options)

    def stop_as_lambda(self, body: Mapping[str, Any]) -> None:
        """Invoke stop_server and, if it fails, twice more as the same invocation."""
        owner, sent_at = self.new_owner(), self.clock.now()
        for wait in (60, 120, 0):
            with suppress(TransientError, Crash):
                return self.deliver_to_stop_server({"userId": USER, **body}, owner=owner, sent_at=sent_at)
            self.clock.advance(wait)
        return None

    def deliver_stops(self) -> None:
        """Deliver every message of the stop topic to stop_server."""
        while self.topic.messages:
            self.stop_as_lambda(self.topic.messages.pop(0))

    def let_minutes_pass(self, minutes: int) -> None:
        """Let time pass; rules that come due are delivered to stop_server."""
        for _ in range(minutes):
            self.clock.advance(60)
            self.topic.messages += self.rules.take_due()
            self.deliver_stops()

    # ---- what is there ----------------------------------------------------------------------------------

    def record(self, user: str = USER) -> ServerRecord:
        """Return the server record."""
        return read_record(json.loads(self.store.objects[f"_servers/{user}.json"]))

    def slots(self) -> list[str]:
        """Return the participants who hold a slot of the cap."""
        objects = self.store.objects.items()
        held = [body for key, body in objects if key.startswith("_slots/0") and body]
        return sorted(json.loads(body)["userId"] for body in held)

    def left(self) -> dict[str, list[str]]:
        """Return everything that stop_server must remove, by kind, without empty kinds."""
        kinds = {
            "tasks": [task.arn for task in self.containers.list_living()],
            "clusters": [name for name, cluster in self.containers.clusters.items() if not cluster.deleted],
            "names": list(self.host_names.records),
            "rules": list(self.rules.rules),
            "slots": self.slots(),
        }
        return {kind: names for kind, names in kinds.items() if names}

    def _make_run(self, owner: str, seconds: float) -> Invocation:
        ends = self.clock.now() + timedelta(seconds=seconds)
        return Invocation(owner or self.new_owner(), ends - timedelta(seconds=MARGIN), ends)

    def _can_connect(self, address: str, port: int) -> bool:
        with self.journal.call("connect", address=address, port=port):
            opens_after = timedelta(seconds=self.port_opens_after)
            return any(
                task.address == address and self.clock.now() >= task.made + opens_after
                for task in self.containers.list_living()
            )
