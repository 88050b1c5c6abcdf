"""Crash points: one fault, or two, at every AWS call of an invocation, and everything that may follow.

The name describes a case: `start/retry/5:LOST,31:KILLED` is the start of a server whose calls 5 and 31
(counted from the first call of the start) meet these faults, and after which the platform's retry follows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.simulation.boundary import Fault
from tests.simulation.deployment import ROOT_DOMAIN
from tests.simulation.lambdas import Invocation
from tests.simulation.participants import Request
from tests.simulation.sns import Message
from tests.simulation.world import FOREIGN_RECORD, USER, World

FAULTS = tuple(Fault)
TASK_FAULTS = (Fault.TASK_ENDS, Fault.TASK_ENDS_UNHEARD)
PAIR_FAULTS = tuple(fault for fault in Fault if fault not in TASK_FAULTS)
AFTERMATHS = ("retry", "stop", "duplicate", "cron")
IDLE = 660.0  # seconds: longer than a server of the study waits for a player
SOON = 1.0  # seconds after the invocation has ended, one way or the other


@dataclass(frozen=True, slots=True)
class Case:
    """An act, its aftermath, and the faults by the number of the call."""

    act: str
    aftermath: str
    faults: tuple[tuple[int, Fault], ...] = ()

    def __str__(self) -> str:
        faults = ",".join(f"{number}:{fault.name}" for number, fault in self.faults)
        return f"{self.act}/{self.aftermath}/{faults}"

    @classmethod
    def parse(cls, text: str) -> "Case":
        """Return the case of that name."""
        act, aftermath, faults = text.split("/")
        pairs = [entry.split(":") for entry in faults.split(",") if entry]
        return cls(act, aftermath, tuple((int(number), Fault[name]) for number, name in pairs))


@dataclass(slots=True)
class Outcome:
    """A finished case: its world, and its number of calls, of the act alone and in all."""

    world: World
    calls_of_act: int
    calls: int


def run_case(case: Case) -> Outcome:
    """Run a case in a world of its own. Raises Violation."""
    prepare, act = ACTS[case.act]
    world = World()
    prepare(world)
    first = len(world.boundary.points)
    world.boundary.faults = {first + number: fault for number, fault in case.faults}
    end = act(world, case.aftermath)
    of_act = len(world.boundary.points) - first
    end(world)
    calls = len(world.boundary.points) - first
    world.boundary.faults = {}
    if case.aftermath == "retry" and not any(fault in TASK_FAULTS for _, fault in case.faults):
        check_effect(case.act, world)
    repeat_start(world)
    return Outcome(world, of_act, calls)


def check_effect(act: str, world: World) -> None:
    """Check that a retried act is finished: the server was ready, or is stopped long before its deadline."""
    server = world.server()
    if act in READY_ACTS:
        assert server.get("readyAt"), f"the retried start has brought up no server: {server}"
    if act == "stop":
        lives = [task.ends_from for task in world.ecs.tasks.values()]
        assert all(end and end < 600 for end in lives), f"the retried stop left it to the rule: {lives}"
    if act in IDLE_ACTS:
        servers = [page.get("server") for page in world.meet().shown if page["page"] == "show_game_page"]
        assert server["attempt"] == 2, f"who was away has got no other server: {server}"
        assert (server["tries"], server["idleEnds"]) == (1, 1), f"an idle end counts as a failure: {server}"
        assert len(set(servers)) == IDLE_ACTS[act], f"the game was shown on {servers}"


def repeat_start(world: World) -> None:
    """Deliver the start again when all is over, with its old time; it must start nothing (invariant 6)."""
    starts = [message for message in world.sns.sent if message.topic.endswith(":start")]
    if not starts:
        return
    tasks, was_stopped = len(world.ecs.tasks), bool(world.server().get("stopRequestedAt"))
    world.sns.deliver_later(starts[0], SOON)
    world.settle()
    if was_stopped and len(world.ecs.tasks) > tasks:
        world.invariants.fail(6, "a start that came after the stop has started a task")


# ---- servers ----------------------------------------------------------------------------------------------


def prepare_nothing(world: World) -> None:
    """Prepare nothing."""


def prepare_server(world: World) -> None:
    """Prepare a ready server."""
    world.bring_up()


def prepare_no_spot(world: World) -> None:
    """Let Spot have no capacity: RunTask says so in its failures."""
    world.ecs.shortages["FARGATE_SPOT"] = "refused"


def prepare_spot_late(world: World) -> None:
    """Let Spot have no capacity: the task stops by itself."""
    world.ecs.shortages["FARGATE_SPOT"] = "stopped"


def prepare_name_taken(world: World) -> None:
    """Let another owner have the participant's name."""
    world.route53.records[f"{USER}.{ROOT_DOMAIN}"] = FOREIGN_RECORD
    world.foreign_names = 2


def prepare_second_attempt(world: World) -> None:
    """Let an earlier server have existed."""
    world.bring_up()
    world.send_stop()
    world.scheduler.wait(120)


def act_on_servers(send: Callable[[World], Message]) -> Callable[[World, str], Callable[[World], None]]:
    """Run an invocation of start_server or stop_server to its end; return what follows."""

    def act(world: World, aftermath: str) -> Callable[[World], None]:
        if aftermath != "retry":
            form, world.lambdas.form_invocation = world.lambdas.form_invocation, give_up_at_once
        message = send(world)
        while not any(i.message is message for i in world.lambdas.in_flight):
            world.scheduler.take_next()
        [invocation] = [i for i in world.lambdas.in_flight if i.message is message]
        if aftermath != "retry":
            world.lambdas.form_invocation = form
        assert invocation.program
        world.scheduler.run_program(invocation.program)
        return lambda world: follow(world, aftermath, message)

    return act


def give_up_at_once(function: str, message: Message, request_id: str) -> Invocation:
    """Drop the invocation without a retry or a trace, as if Lambda had lost the event."""
    return Invocation(function, message, request_id, retries=[], has_dead_letters=False)


def follow(world: World, aftermath: str, message: Message) -> None:
    """Let what follows the invocation happen; in the end only the rules are left."""
    if aftermath == "stop":
        world.scheduler.wait(SOON)
        world.send_stop()
    elif aftermath == "duplicate":
        world.sns.deliver_later(message, SOON)
    world.settle()


# ---- servers without a player ------------------------------------------------------------------------------


def prepare_unused(world: World) -> None:
    """Let a participant have stayed at a page since their server became ready."""
    prepare_step(2, ready=True)(world)
    world.scheduler.wait(IDLE)


def prepare_away(world: World) -> None:
    """Let a participant have left their game, and the server be about to end itself."""
    prepare_step(3, ready=True)(world)
    world.meet().go_on()
    world.scheduler.wait(IDLE)


def end_idle(world: World) -> Message:
    """Let the game server end itself; return the message about that."""
    sent = len(world.sns.sent)
    world.end_idle()
    while len(world.sns.sent) == sent:
        world.scheduler.take_next()
    return world.sns.sent[-1]


def act_and_return(send: Callable[[World], Message]) -> Callable[[World, str], Callable[[World], None]]:
    """Run the invocation that stops an unused server; in the end its participant returns and finishes."""
    run = act_on_servers(send)

    def act(world: World, aftermath: str) -> Callable[[World], None]:
        end = run(world, aftermath)

        def finish(world: World) -> None:
            end(world)
            person = world.meet()
            person.come_back()
            person.finish()
            world.settle()

        return finish

    return act


# ---- participants -----------------------------------------------------------------------------------------


def prepare_step(step: int, *, ready: bool = False, old: bool = False) -> Callable[[World], None]:
    """Put a participant at that step, with a server that is ready or has not begun to start.

    `old`: by an existing front end, which does not send `step`.
    """

    def prepare(world: World) -> None:
        person = world.meet()
        person.says_step = not old
        while person.step < step:
            person.go_on()
        if ready:
            world.scheduler.wait(120)

    return prepare


def act_on_steps(method: str) -> Callable[[World, str], Callable[[World], None]]:
    """Run a participant's request to its end; return what follows."""

    def act(world: World, aftermath: str) -> Callable[[World], None]:
        person = world.meet()
        body = person.build_answer() if method == "POST" else None
        request = Request(method, body, None if person.last.get("page") == "wait" else person.step)
        answer = person.send(request)

        def go_on(world: World) -> None:
            world.scheduler.wait(SOON)
            if answer is None and aftermath in ("retry", "duplicate"):
                person.send(request if person.says_step else Request("GET"))
            if aftermath == "duplicate" and person.says_step:
                person.send(request)
            if aftermath == "stop":
                world.send_stop()
            if aftermath in ("retry", "duplicate"):
                person.finish()
            world.settle()

        return go_on

    return act


Act = tuple[Callable[[World], None], Callable[[World, str], Callable[[World], None]]]
ACTS: dict[str, Act] = {
    "start": (prepare_nothing, act_on_servers(lambda world: world.send_start())),
    "start_no_spot": (prepare_no_spot, act_on_servers(lambda world: world.send_start())),
    "start_spot_stops": (prepare_spot_late, act_on_servers(lambda world: world.send_start())),
    "start_name_taken": (prepare_name_taken, act_on_servers(lambda world: world.send_start())),
    "start_again": (
        prepare_second_attempt,
        act_on_servers(lambda world: world.send_start(request_id="second")),
    ),
    "stop": (prepare_server, act_on_servers(lambda world: world.send_stop())),
    "unused": (prepare_unused, act_and_return(lambda world: world.send_unused())),
    "idle": (prepare_away, act_and_return(end_idle)),
    "first_page": (prepare_nothing, act_on_steps("GET")),
    "page": (prepare_step(1), act_on_steps("POST")),  # comes to the start step
    "to_game": (prepare_step(2), act_on_steps("POST")),
    "to_ready_game": (prepare_step(2, ready=True), act_on_steps("POST")),
    "old_page": (prepare_step(1, old=True), act_on_steps("POST")),
    "old_to_game": (prepare_step(2, old=True), act_on_steps("POST")),
    "old_to_ready_game": (prepare_step(2, ready=True, old=True), act_on_steps("POST")),
    "old_poll_ready": (prepare_step(3, ready=True, old=True), act_on_steps("GET")),
    "poll": (prepare_step(3), act_on_steps("GET")),
    "poll_ready": (prepare_step(3, ready=True), act_on_steps("GET")),
}
READY_ACTS = ("start", "start_no_spot", "start_spot_stops", "start_again")
IDLE_ACTS = {"unused": 1, "idle": 2}  # on how many servers the participant sees the game
PAIR_ACTS = ("start", "stop")


def count_calls(act: str) -> int:
    """Return the number of calls of an act without a fault."""
    return run_case(Case(act, "retry")).calls_of_act


def list_single(act: str) -> Iterator[Case]:
    """Yield every call of the act, with each fault and each aftermath."""
    calls = count_calls(act)
    for aftermath in AFTERMATHS:
        yield Case(act, aftermath)
        for number in range(calls):
            for fault in FAULTS:
                yield Case(act, aftermath, ((number, fault),))


def list_pairs(case: Case) -> Iterator[Case]:
    """A case with one fault, and a second one at every call after it, of whatever invocation."""
    [(first, _)] = case.faults
    for number in range(first + 1, run_case(case).calls):
        for fault in PAIR_FAULTS:
            yield Case(case.act, case.aftermath, (*case.faults, (number, fault)))
