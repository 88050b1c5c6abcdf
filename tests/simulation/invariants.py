"""The invariants, whatever fails: checked after every change, and once everything has come to rest.

1. Once the deadline has passed nothing of any participant is left: task, cluster, name, rule, slot.
2. A task never exists without an armed rule of its attempt, a stop message in flight (the dead-letter queue
   with its alarm counts) or a handler at work on it that holds a live lease.
3. A participant never has two tasks for longer than one handler's run.
4. A server is marked ready only when it can be reached by its name; the game is shown only for such a server,
   by that name. A server whose game has been shown is not stopped as one whose game never was, nor the other
   way round.
5. An answer that got a 200 is in the record exactly once and in order; `nextStep` never goes back and never
   skips; the start and the stop step's message is sent before the step is written, and one start makes one
   attempt.
6. A start that comes after the stop, late or twice, starts nothing that lives on.
7. The server record agrees with the resources, its times are in order, and its tag names its project. A task
   that is ready has the key and the identity of the record.

The eighth is the operator's cap: no more participants than `MAX_SERVERS` ever have tasks. The ninth holds
where `ids_become_names` is false, because strangers may choose the ids: only UUIDs are names of servers.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hippo.host_labels import is_uuid
from tests.simulation.answer_invariants import AnswerInvariants
from tests.simulation.deployment import ROOT_DOMAIN, STOP_TOPIC
from tests.simulation.ecs_states import Task

if TYPE_CHECKING:
    from tests.simulation.participants import Participant
    from tests.simulation.world import World

LONGEST_RUN = 600.0  # seconds, of any handler
NEVER_SHOWN = "idle: the game was never shown"  # the reason of such a stop


class Violation(AssertionError):  # noqa: N818  # it is what a test fails with
    """One of them does not hold."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"{number}: {what}")
        self.number = number


class Invariants:
    """The invariants of a world. `longest_excess` is the longest time that a task outlived its deadline."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._two_since: dict[str, float] = {}
        self._attempts: dict[tuple[str, str], set[str]] = {}  # by participant and start: clusters of tasks
        self._servers: dict[str, dict[str, Any]] = {}
        self._ready: set[tuple[str, int]] = set()  # users and attempts
        self._deadlines: dict[str, float] = {}  # by cluster
        self._over_since: dict[str, float] = {}  # by participant: past the stop step, and stopped
        self._hosts: dict[str, set[str]] = {}  # by participant: names that their servers had
        self.ids_become_names = True
        self._answers = AnswerInvariants(world, self._note)
        self.found: list[Violation] = []
        self.unfinished = 0  # records without resources whose invocation was killed
        self.swept = False
        self.longest_excess = 0.0
        world.s3.wrote.append(self._check_write)
        world.ecs.made.append(self._check_task)
        world.ecs.stopping.append(self._check_stopping)
        world.boundary.watchers.append(self.check_now)
        world.scheduler.after_each = self.check_now

    def check_now(self) -> None:
        """2 and 3, for every participant who has a task."""
        for user in list(self._world.ecs.living):
            living = self._world.ecs.list_living(user)
            if not living:
                del self._world.ecs.living[user]
                self._two_since.pop(user, None)
                continue
            for task in living:
                if not self._is_covered(task):
                    self._note(2, f"{task.arn} has no alarm, message or handler")
            self._check_pair(user, living)
            self._check_late(user, living)
        self._check_names()
        if len(self._world.ecs.living) > self._world.max_servers:
            self._note(8, f"more than {self._world.max_servers} participants have tasks")
        if self.found:
            raise self.found[0]

    def check_end(self) -> bool:
        """Check 1, 5 and 7 when nothing is due; return whether something is left that only the sweep removes.

        Such leftovers cost nothing: a rule that was created or deleted by half, the record of an invocation
        that was cut off, and the queue entry of a participant who no longer asks.
        """
        world = self._world
        if world.lambdas.unexpected:
            raise world.lambdas.unexpected[0]
        left = {kind: names for kind, names in world.left().items() if kind != "queue"}
        rules = [name for name in left.pop("rules", []) if world.events.rules[name].targets]
        if left or rules:
            raise Violation(1, f"left at the end: {left} {rules}")
        if not world.has_foreign():
            raise Violation(1, "something that is not of this stack is gone")
        self._check_servers_at_rest(may_be_continued=True)
        for person in world.people.values():
            self._answers.check_end(person)
        for task in world.ecs.tasks.values():
            if task.ends_from is not None and task.cluster in self._deadlines:
                over = task.ends_from + task.seconds_to_stop - self._deadlines[task.cluster]
                self.longest_excess = max(self.longest_excess, over)
        if self.found:
            raise self.found[0]
        return bool(world.left() or self.unfinished)

    def check_swept(self) -> None:
        """1 and 7, when the sweep has been: nothing at all is left."""
        if left := self._world.left():
            raise Violation(1, f"left by the sweep: {left}")
        self.swept = True
        self._check_servers_at_rest(may_be_continued=False)
        if self.found:
            raise self.found[0]

    def fail(self, number: int, what: str) -> None:
        """Say that one of them does not hold, as seen from outside. Raises Violation."""
        self._note(number, what)
        raise self.found[0]

    def forget(self, user: str) -> None:
        """Their records have been deleted: what comes now is another life."""
        self._servers.pop(user, None)
        self._ready = {known for known in self._ready if known[0] != user}
        self._over_since.pop(user, None)
        for key in [key for key in self._attempts if key[0] == user]:
            del self._attempts[key]

    def check_answer(self, person: "Participant", answer: dict[str, Any]) -> None:
        """4, of an answer to a participant."""
        if answer["page"] != "show_game_page":
            return
        # The answer may arrive after a replacement has begun, so the attempt that it shows counts.
        stored = json.loads(self._world.s3.objects.get(f"study/Users/{person.user}", b"{}"))
        if (person.user, stored.get("shownAttempt")) not in self._ready:
            self._note(4, f"the game is shown to {person.user} and no server was ever ready")
        elif urlsplit(answer["server"]).hostname not in self._hosts.get(person.user, ()):
            self._note(
                4, f"the game is shown at {answer['server']}, which is not the server of {person.user}"
            )

    # ---- 2 and 3 ----------------------------------------------------------------------------------------

    def _is_covered(self, task: Task) -> bool:
        world = self._world
        if world.events.is_armed(task.cluster):
            return True
        attempt = int(task.cluster.split("-")[1])
        messages = [*world.sns.on_their_way]
        messages += [i.message for i in world.lambdas.in_flight if i.has_dead_letters]
        messages += [i.message for i in world.lambdas.dead_letters]
        for message in messages:
            if message.topic == STOP_TOPIC:
                body = message.body
                if body.get("userId") == task.user and body.get("attempt") in (None, attempt):
                    return True
        server = self._servers.get(task.user, {})
        lease = _read_time(server.get("leaseUntil"))
        is_held = lease is not None and lease > world.scheduler.now() and server["attempt"] == attempt
        return bool(is_held) and any(program.name == server["owner"] for program in world.lambdas.programs)

    def _check_stopping(self, task: Task) -> None:
        """2, more strictly where nothing fails: a stop is itself under an alarm before it stops anything.

        A stop that began before AWS was calm may have failed to arm its rule. It tries every other step all
        the same, and its message is delivered again.
        """
        boundary, program = self._world.boundary, self._world.scheduler.current
        may_fail = boundary.faults or boundary.choose_fault
        if may_fail or (program and program.began < boundary.calm_since):
            return
        if not self._world.events.is_armed(task.cluster):
            self._note(2, f"{task.arn} is being stopped, and no rule would have it stopped again")

    def _check_pair(self, user: str, living: list[Task]) -> None:
        if len(living) < 2:
            self._two_since.pop(user, None)
            return
        since = self._two_since.setdefault(user, self._world.scheduler.time)
        if self._world.scheduler.time - since > LONGEST_RUN:
            self._note(3, f"{user} has had {len(living)} tasks for more than {LONGEST_RUN:.0f} s")

    def _check_late(self, user: str, living: list[Task]) -> None:
        over, time = self._over_since.get(user), self._world.scheduler.time
        for task in living:
            if over is not None and task.made > over and time - task.made > LONGEST_RUN:
                self._note(6, f"{task.arn} was started after the stop and lives on")

    # ---- 4, 5 and 7, as things are written ---------------------------------------------------------------

    def _check_write(self, key: str, before: bytes | None, body: bytes) -> None:
        if key.startswith("_servers/"):
            self._check_server(json.loads(body))
            self._check_tags(key, json.loads(body)["projectId"])
        elif "/Users/" in key:
            self._check_shown(key.rpartition("/")[2], json.loads(before or b"{}"), json.loads(body))
            self._answers.check_write(key.rpartition("/")[2], json.loads(before or b"{}"), json.loads(body))

    def _check_server(self, server: dict[str, Any]) -> None:
        user = server["userId"]
        before = self._servers.get(user, {})
        self._servers[user] = server
        if server.get("readyAt"):
            self._ready.add((user, server["attempt"]))
        if server.get("deadline") and server["cluster"]:
            deadline = _read_time(server["deadline"])
            assert deadline
            seconds = (deadline - self._world.scheduler.now()).total_seconds()
            self._deadlines[server["cluster"]] = self._world.scheduler.time + seconds
        if server["hostName"]:
            self._hosts.setdefault(user, set()).add(server["hostName"])
        if server["attempt"] < before.get("attempt", 0):
            self._note(7, f"{user}: attempt {before['attempt']} became {server['attempt']}")
        if server["reason"] == NEVER_SHOWN and before.get("reason") != NEVER_SHOWN:
            record = self._world.record(user)
            if record.get("gameShownAt") or record.get("shownAttempt") == server["attempt"]:
                self._note(
                    4, f"the server of {user} is stopped as never shown, and they may be playing on it"
                )
        if server["state"] == "ready" and before.get("state") != "ready":
            self._check_ready(server)
        if server["state"] == "stopped" and self._is_past_stop(user):
            self._over_since.setdefault(user, self._world.scheduler.time)

    def _check_shown(self, user: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        server, attempt = self._servers.get(user, {}), after.get("shownAttempt")
        is_new = attempt is not None and attempt != before.get("shownAttempt")
        if is_new and attempt == server.get("attempt") and server.get("reason") == NEVER_SHOWN:
            self._note(4, f"the game is shown to {user} on a server that is stopped as never shown")

    def _check_tags(self, key: str, project: str) -> None:
        tags = self._world.s3.tags[key]
        if tags != ({"hippo-project": project} if project else {}):
            self._note(7, f"{key}: a record of {project or 'no project'} has the tags {tags}")

    def _is_past_stop(self, user: str) -> bool:
        reached: int = self._world.record(user).get("nextStep", 1) - 1
        stop_step: int = self._answers.config["events"]["stopServerStep"]
        return reached >= stop_step

    def _check_ready(self, server: dict[str, Any]) -> None:
        if server.get("problem"):
            self._note(7, f"{server['hostName']} is ready, and its record still names a problem of the start")
        task = self._world.ecs.tasks.get(server["taskArn"])
        if task is None or not task.answers(self._last_look()):
            self._note(4, f"{server['taskArn'] or 'no task'} was marked ready and does not answer")
        elif self._world.route53.resolve(server["hostName"]) != (task.address,):
            self._note(4, f"{server['hostName']} was marked ready and does not lead to {task.address}")
        elif (server["publicIp"], server["cluster"]) != (task.address, task.cluster):
            self._note(7, f"the record of {server['userId']} does not agree with {task.arn}")
        elif _identify(server) != {name: task.variables.get(name) for name in _identify(server)}:
            self._note(7, f"{task.arn} was marked ready and has the ticket key of another attempt")

    def _check_names(self) -> None:
        """9: no participant has chosen a name below the root domain."""
        chosen = {f"{user}.{ROOT_DOMAIN}" for user in self._servers if not is_uuid(user)}
        if not self.ids_become_names and (found := chosen & self._world.route53.records.keys()):
            self._note(9, f"{sorted(found)} are names that participants chose")

    def _last_look(self) -> float:
        """When the handler at work could last try the port: just before it reads and writes the record."""
        program = self._world.scheduler.current
        return (program.calls[0] if program else self._world.scheduler.time) - 1e-6

    def _check_task(self, task: Task) -> None:
        start = self._servers.get(task.user, {}).get("startId", "")
        clusters = self._attempts.setdefault((task.user, start), set())
        clusters.add(task.cluster)
        server, rule = self._servers.get(task.user, {}), self._world.events.rules.get(task.cluster)
        # A stop that has overtaken this start has moved the rule.
        deadline = _read_time(server.get("deadline")) if server.get("state") == "starting" else None
        if rule and rule.fires and deadline and rule.fires < deadline:
            self._note(7, f"the rule of {task.cluster} rings before its deadline")
        if len(clusters) > 1:
            self._note(5, f"the start {start} had effect in {sorted(clusters)}")

    # ---- at the end --------------------------------------------------------------------------------------

    def _check_servers_at_rest(self, *, may_be_continued: bool) -> None:
        self.unfinished = 0
        for user, server in self._servers.items():
            if may_be_continued and self._may_be_continued(server):
                self.unfinished += 1
            else:
                self._check_server_at_rest(user, server)

    def _may_be_continued(self, server: dict[str, Any]) -> bool:
        """Return whether the record has no resources and its killed invocation's lease is over."""
        lease = _read_time(server.get("leaseUntil"))
        is_free = lease is None or lease <= self._world.scheduler.now()
        return server["state"] in ("starting", "stopping") and is_free

    def _check_server_at_rest(self, user: str, server: dict[str, Any]) -> None:
        if server["state"] not in ("stopped", "failed"):
            self._note(7, f"nothing is left of the server of {user}, and its record says {server['state']}")
        if server["state"] == "failed" and server["cluster"]:
            self._note(7, f"the failed server of {user} was not cleared up")
        if server.get("slot") is not None:
            self._note(7, f"the record of {user} names a slot")
        names = ("requestedAt", "readyAt", "stoppedAt")
        times = [moment for name in names if (moment := _read_time(server.get(name)))]
        if times != sorted(times):
            self._note(7, f"times of {user} are out of order: {times}")

    def _note(self, number: int, what: str) -> None:
        self.found.append(Violation(number, f"{what} (at {self._world.scheduler.time:.1f} s)"))


def _identify(server: dict[str, Any]) -> dict[str, str | None]:
    """Return the variables that a server must have to admit the tickets of its record."""
    return {
        "HIPPO_TICKET_KEY": server["ticketKey"] or None,
        "HIPPO_USER_ID": server["userId"] if server["ticketKey"] else None,
        "HIPPO_PROJECT_ID": server["projectId"] if server["ticketKey"] else None,
    }


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
