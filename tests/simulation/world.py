"""One whole deployment in simulated AWS: clients, functions, topics, participants, leftovers."""

import json
import os
import re
from typing import Any

from tests.simulation.boundary import Boundary
from tests.simulation.deployment import DEPLOYMENT, PREFIX, ROOT_DOMAIN, START_TOPIC, STOP_TOPIC
from tests.simulation.ec2 import SimulatedEc2
from tests.simulation.ecs import SimulatedEcs
from tests.simulation.ecs_states import Cluster
from tests.simulation.eventbridge import Rule, SimulatedEvents
from tests.simulation.invariants import NEVER_SHOWN, Invariants
from tests.simulation.lambdas import Function, SimulatedLambda
from tests.simulation.participants import Participant
from tests.simulation.route53 import SimulatedRoute53
from tests.simulation.s3 import SimulatedS3
from tests.simulation.scheduler import Program, Scheduler
from tests.simulation.sns import Message, SimulatedSns

PROJECT, USER = "study", "ada"
CONFIG = {
    "id": PROJECT,
    "name": "Study",
    "live": True,
    "ecsTask": PROJECT,
    "maxRuntime": 30,
    "steps": {
        "1": "page.html",
        "2": "page.html",
        "3": "game",
        "4": "page.html",
        "finalStep": "end.html",
    },
    "events": {"startServerStep": 2, "stopServerStep": 4},
}
FOREIGN_RECORD = (300, ("192.0.2.99",))
LONGEST = 6 * 3600.0  # seconds in which everything has come to rest
SWEEP_EVERY = 900.0  # seconds
IDLE_EXIT_CODE = 86
TIMEOUTS = {
    "start_server": 600.0,
    "stop_server": 300.0,
    "next_step": 28.0,
    "update_project_master_list": 60.0,
}


class World:
    """A new account with the stack, one published study, and no participants."""

    def __init__(self, max_servers: int = 20) -> None:
        self.limit(max_servers)
        self.scheduler = Scheduler()
        self.boundary = Boundary(self.scheduler)
        self.s3, self.sns = SimulatedS3(self.boundary), SimulatedSns(self.boundary)
        self.events = SimulatedEvents(self.boundary, self.sns)
        self.ecs = SimulatedEcs(self.boundary, {PROJECT})
        self.ec2, self.route53 = SimulatedEc2(self.boundary, self.ecs), SimulatedRoute53(self.boundary)
        self.clients: dict[str, Any] = {
            "s3": self.s3,
            "sns": self.sns,
            "events": self.events,
            "ecs": self.ecs,
            "ec2": self.ec2,
            "route53": self.route53,
        }
        self.boundary.own_refusals = {
            "s3:PutObject": lambda: setattr(self.s3, "conflicts", 1),
            "events:PutTargets": lambda: setattr(self.events, "failed_entries", 1),
            "events:RemoveTargets": lambda: setattr(self.events, "failed_entries", 1),
            "route53:ChangeResourceRecordSets": lambda: setattr(self.route53, "prior_requests", 1),
            "ecs:RunTask": lambda: self.ecs.failures.append("RESOURCE:ENI"),
        }
        self.boundary.end_tasks = self._end_tasks
        self.foreign_names = 1
        self.withdrawn = self.came_back = 0  # how often records were deleted, and were there again
        self.lambdas = SimulatedLambda(self.scheduler)
        self.controllers: dict[Program | None, Any] = {}
        self.idle_controllers: list[Any] = []
        self.people: dict[str, Participant] = {}
        self.requests: list[tuple[Participant, Program, str | None]] = []
        for name, handler in DEPLOYMENT.list_handlers(self).items():
            self.lambdas.functions[name] = Function(handler, TIMEOUTS[name])
        self.sns.subscribers = {
            START_TOPIC: lambda message: self.lambdas.invoke_later("start_server", message),
            STOP_TOPIC: lambda message: self.lambdas.invoke_later("stop_server", message),
        }
        self.ecs.stopped.append(lambda event: self.sns.take(STOP_TOPIC, json.dumps(event)))
        self._put_foreign()
        self.publish(CONFIG)
        self.invariants = Invariants(self)

    def limit(self, max_servers: int) -> None:
        """Set the cap; the deployment restores the environment."""
        self.max_servers = max_servers
        os.environ["MAX_SERVERS"] = str(max_servers)

    def limit_project(self, max_servers: int) -> None:
        """Give the study a cap of its own, below the stack's."""
        self.max_servers = min(self.max_servers, max_servers)
        self.publish({**CONFIG, "maxServers": max_servers})

    def _put_foreign(self) -> None:
        """Create resources of others, which must stay."""
        self.route53.records[f"www.{ROOT_DOMAIN}"] = FOREIGN_RECORD
        self.ecs.clusters["other-1-ada"] = Cluster(0)
        self.events.rules["other-1-ada"] = Rule("other-1-ada", None, {"x": ("topic", "{}")})

    # ---- what happens -----------------------------------------------------------------------------------

    def publish(self, config: dict[str, Any]) -> None:
        """Put a study into the list, as the only one."""
        self.s3.objects["project_master_list.json"] = json.dumps({"projects": [config]}).encode()
        for page in ("page.html", "end.html"):
            self.s3.objects[f"{config['id']}/{page}"] = b"<p>page</p>"

    def publish_balanced(self) -> None:
        """Put a study of two pages into the list, frozen, with two balanced groups."""
        steps = {"1": "page.html", "finalStep": "end.html"}
        events = {"startServerStep": 9, "stopServerStep": 9}  # never
        config = {**CONFIG, "steps": steps, "events": events, "groups": "balanced", "version": "v1"}
        variants = ["page-0.html", "page-1.html"]
        frozen = {
            "config": config,
            "variants": {"page.html": variants},
            "files": dict.fromkeys(variants, "page"),
        }
        frozen["files"]["end.html"] = "end"
        self.publish(config)
        self.s3.objects[f"{PROJECT}/_versions/v1.json"] = json.dumps(frozen).encode()

    def meet(self, user: str = USER) -> Participant:
        """Return the participant of that id."""
        if user not in self.people:
            self.people[user] = Participant(self, user, PROJECT)
        return self.people[user]

    def send_start(self, user: str = USER, request_id: str = "first") -> Message:
        """Publish a start as `next_step` does."""
        body = {"projectId": PROJECT, "userId": user, "requestId": request_id}
        return self.sns.take(START_TOPIC, json.dumps(body))

    def send_stop(self, user: str = USER, **more: Any) -> Message:
        """Publish a stop."""
        return self.sns.take(STOP_TOPIC, json.dumps({"userId": user, "projectId": PROJECT, **more}))

    def send_unused(self, user: str = USER) -> Message:
        """Publish the stop of a first attempt whose game was never shown, as a sweep does."""
        return self.send_stop(user, attempt=1, reason=NEVER_SHOWN)

    def end_idle(self, user: str = USER) -> None:
        """Let a game server end itself because no player is connected; an image may always do that."""
        for task in self.ecs.list_living(user):
            self.ecs.end_task(task, "EssentialContainerExited", "idle", seconds=0, exit_code=IDLE_EXIT_CODE)

    def _end_tasks(self, is_heard: bool) -> None:
        """Let all tasks crash; their events arrive at once or an hour late."""
        plan = self.sns.plan_delivery
        if not is_heard:
            self.sns.plan_delivery = lambda message: [3600.0] if "aws.ecs" in message.text else plan(message)
        for user in self.ecs.living:
            for task in self.ecs.list_living(user):
                self.ecs.end_task(task, "EssentialContainerExited", "crashed", seconds=0)

    def send_sweep(self) -> Message:
        """Send the message of the periodic rule."""
        return self.sns.take(STOP_TOPIC, json.dumps({"sweep": True}))

    def take_answer(self, program: Program) -> dict[str, Any] | None:
        """Report the result of a request to its participant."""
        entry = next(entry for entry in self.requests if entry[1] is program)
        self.requests.remove(entry)
        self.controllers.pop(program, None)
        person, _, body = entry
        answer = person.note(program, body)
        if answer:
            self.invariants.check_answer(person, answer)
        return answer

    def bring_up(self, user: str = USER) -> None:
        """Bring up a server that has been ready for a minute."""
        self.send_start(user)
        self.scheduler.wait(120)
        assert self.server(user)["state"] == "ready", self.server(user)

    def settle(self) -> None:
        """Let time pass until nothing is due and every lease is over, then check what must hold."""
        self._rest()
        if self.invariants.check_end():
            self.sweep()
            self.invariants.check_swept()

    def sweep(self) -> None:
        """Run the periodic rule twice, since the first may only have requested stops."""
        for _ in range(2):
            self.send_sweep()
            self._rest()

    def _rest(self) -> None:
        """Wait until nothing is due and every lease is over."""
        for wait in (SWEEP_EVERY, 0):
            if not self.scheduler.run(LONGEST):
                self.invariants.fail(1, f"something continues forever; left: {self.left()}")
            self.scheduler.wait(wait)

    # ---- what is there ----------------------------------------------------------------------------------

    def server(self, user: str = USER) -> dict[str, Any]:
        """Return the server record, {} if it does not exist."""
        content: dict[str, Any] = json.loads(self.s3.objects.get(f"_servers/{user}.json", b"{}"))
        return content

    def record(self, user: str = USER) -> dict[str, Any]:
        """Return the participant's record, {} if it does not exist."""
        content: dict[str, Any] = json.loads(self.s3.objects.get(f"{PROJECT}/Users/{user}", b"{}"))
        return content

    def can_connect(self, address: str) -> bool:
        """Return whether a TCP connection opens."""
        task = self.ecs.find_by_address(address)
        return task is not None and task.answers(self.scheduler.time)

    def left(self) -> dict[str, list[str]]:
        """Return every resource of participants that should be gone, by kind, without empty kinds."""
        time = self.scheduler.time
        slots = [key for key, body in self.s3.objects.items() if re.fullmatch("_slots/[^/]+", key) and body]
        queue = [key for key in slots if key.startswith("_slots/q.")]
        kinds = {
            "tasks": [task.arn for task in self.ecs.tasks.values() if task.is_living(time)],
            "clusters": [name for name in self.ecs.list_clusters_left() if name.startswith(PREFIX)],
            "names": [name for name, value in self.route53.records.items() if value != FOREIGN_RECORD],
            "rules": [name for name in self.events.rules if name.startswith(PREFIX)],
            "slots": [key for key in slots if key not in queue],
            "queue": queue,
        }
        return {kind: names for kind, names in kinds.items() if names}

    def has_foreign(self) -> bool:
        """Return whether every resource of others still exists."""
        names = [name for name, value in self.route53.records.items() if value == FOREIGN_RECORD]
        others = self.ecs.clusters["other-1-ada"].gone_from is None and "other-1-ada" in self.events.rules
        return others and len(names) == self.foreign_names
