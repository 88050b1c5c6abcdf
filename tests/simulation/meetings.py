"""Pairs of invocations that meet: each begins as SNS or a browser begins it, at the same moment."""

import json
from collections.abc import Callable

from hippo.records.messages import LONGEST_REQUEST
from tests.simulation.boundary import Fault
from tests.simulation.cases import (
    IDLE,
    give_up_at_once,
    prepare_nothing,
    prepare_server,
    prepare_step,
    prepare_unused,
)
from tests.simulation.interleavings import UNBOUNDED, Meeting
from tests.simulation.invariants import LONGEST_RUN
from tests.simulation.participants import Request
from tests.simulation.scheduler import Program
from tests.simulation.sns import Message
from tests.simulation.world import CONFIG, World

Send = Callable[[World], Message]
Begin = Callable[[World], tuple[Program, Program]]


def deliver_both(first: Send, second: Send) -> Begin:
    """Deliver two messages at once, the second published a second later."""

    def begin(world: World) -> tuple[Program, Program]:
        plan, world.sns.plan_delivery = world.sns.plan_delivery, lambda _: []
        one = first(world)
        world.scheduler.wait(1)
        two = second(world)
        world.sns.plan_delivery = plan
        programs = [world.lambdas.invoke_later(_function_of(m), m).program for m in (one, two)]
        assert programs[0]
        assert programs[1]
        return programs[0], programs[1]

    return begin


def ask_and_deliver(method: str, send: Send, earlier: float = 0) -> Begin:
    """Deliver a message, and so many seconds later send a participant's request."""

    def begin(world: World) -> tuple[Program, Program]:
        person = world.meet()
        plan, world.sns.plan_delivery = world.sns.plan_delivery, lambda _: []
        message = send(world)
        world.sns.plan_delivery = plan
        stop = world.lambdas.invoke_later(_function_of(message), message).program
        if earlier:
            world.scheduler.wait(earlier)
        step = None if person.last.get("page") == "wait" else person.step
        request = person.begin(Request(method, person.build_answer() if method == "POST" else None, step))
        assert stop
        return request, stop

    return begin


def ask_both(first: str, second: str, *, same: bool = False) -> Begin:
    """Send two requests of one participant at once: GET or POST, with `same` the same answer twice."""

    def begin(world: World) -> tuple[Program, Program]:
        person = world.meet()
        step = None if person.last.get("page") == "wait" else person.step
        bodies = [person.build_answer() if method == "POST" else None for method in (first, second)]
        if same:
            bodies[1] = bodies[0]
        methods = zip((first, second), bodies, strict=True)
        one, two = (person.begin(Request(method, body, step)) for method, body in methods)
        return one, two

    return begin


def publish_both(world: World) -> tuple[Program, Program]:
    """Let two researchers publish their projects at once."""
    one, two = (
        world.lambdas.invoke("update_project_master_list", {**CONFIG, "id": name, "ecsTask": name})
        for name in ("one", "two")
    )
    return one, two


def prepare_left_waiting(world: World) -> None:
    """Let a participant have closed the page while they waited for a server that is ready since."""
    prepare_step(3, ready=True)(world)
    world.scheduler.wait(IDLE)


def prepare_balanced(world: World) -> None:
    """Publish a study of one page with two balanced groups."""
    world.publish_balanced()


def arrive_both(*users: str) -> Begin:
    """Send the first requests of two participants at once, or of one in two windows."""

    def begin(world: World) -> tuple[Program, Program]:
        one, two = (world.meet(user).begin(Request("GET", step=0)) for user in users)
        return one, two

    return begin


def prepare_last_page(world: World) -> None:
    """Put a participant at the only page of the study."""
    world.publish_balanced()
    world.meet().go_on()


def end_and_arrive(world: World) -> tuple[Program, Program]:
    """Send the last answer of one participant, and the first request of another one."""
    person = world.meet()
    last = person.begin(Request("POST", person.build_answer(), person.step))
    return last, world.meet("bob").begin(Request("GET", step=0))


def check_groups(world: World) -> None:
    """Check that each record has the group that was counted, groups are even, and each end counts once."""
    for _, program, _ in list(world.requests):
        assert world.take_answer(program), "no answer"
    content = json.loads(world.s3.objects["study/_groups.json"])
    group_of = {user: world.record(user)["group"] for user in world.people}
    for user, (group, _) in content["running"].items():
        assert group_of[user] == group, (group_of, content)
    for person in world.people.values():
        person.finish()
        person.send(Request("GET"))
    content = json.loads(world.s3.objects["study/_groups.json"])
    assert content["running"] == {}, content
    counts = [list(group_of.values()).count(group) for group in (0, 1)]
    assert [*content["finished"], 0][:2] == counts, (counts, content)
    assert max(counts) == 1, counts


def take_answers(world: World) -> None:
    """Deliver the responses to the browser, and let the participant finish."""
    for _, program, _ in list(world.requests):
        assert world.take_answer(program), "no answer"
    world.meet().finish()


def take_answers_and_return(world: World) -> None:
    """Deliver the response, let the participant come back to their game later, and finish.

    A request that was held for as long as the stop waits gets no response.
    """
    for _, program, _ in list(world.requests):
        world.take_answer(program)
    person = world.meet()
    was_shown = person.last["page"] == "show_game_page"
    world.scheduler.wait(120)
    if was_shown and world.server()["state"] != "ready":
        world.invariants.fail(4, f"the game was shown and its server taken away: {world.server()}")
    person.come_back()
    person.finish()


def check_list(world: World) -> None:
    """Check that both publications were accepted and the list lost nothing."""
    projects = json.loads(world.s3.objects["project_master_list.json"])["projects"]
    assert sorted(project["id"] for project in projects) == ["one", "study", "two"], projects


def leave(world: World) -> None:
    """Let nothing more happen."""


def stop_in_the_end(world: World) -> None:
    """Let the participant reach the stop step."""
    world.scheduler.wait(120)
    world.send_stop()


def prepare_ended(world: World) -> None:
    """Let the first attempt have been stopped while its rule's message is still in flight."""
    world.bring_up()
    world.send_stop()
    world.scheduler.wait(120)


def prepare_half(world: World) -> None:
    """Let a start have been cut off after it had a task, and its lease have expired."""
    world.boundary.choose_fault = lambda point: Fault.KILLED if point.operation == "ecs:RunTask" else None
    form, world.lambdas.form_invocation = world.lambdas.form_invocation, give_up_at_once
    world.send_start()
    world.scheduler.wait(LONGEST_RUN + 1)
    world.boundary.choose_fault, world.lambdas.form_invocation = None, form


def start(world: World) -> Message:
    """Send the start of the start step."""
    return world.send_start()


def start_again(world: World) -> Message:
    """Send a start for another attempt."""
    return world.send_start(request_id="second")


def stop(world: World) -> Message:
    """Send the stop of the stop step."""
    return world.send_stop()


def ring(world: World) -> Message:
    """Send the message of the first attempt's rule."""
    return world.send_stop(attempt=1, reason="maxRuntime")


def end_unused(world: World) -> Message:
    """Send the stop of a server whose game was never shown."""
    return world.send_unused()


def sweep(world: World) -> Message:
    """Send the message of the periodic rule."""
    return world.send_sweep()


def prepare_last_slot(world: World) -> None:
    """Allow one server."""
    world.limit(1)


def prepare_full(world: World) -> None:
    """Allow one server, which runs already."""
    world.limit(1)
    world.bring_up()


def start_other(world: World) -> Message:
    """Send the start of another participant."""
    return world.send_start("bob")


SERVER_MEETINGS = {
    "start ∥ start, delivered twice": Meeting(prepare_nothing, deliver_both(start, start), leave),
    "start ∥ start, asked twice": Meeting(prepare_nothing, deliver_both(start, start_again), stop_in_the_end),
    "start ∥ stop": Meeting(prepare_nothing, deliver_both(start, stop), leave),
    "start, continued ∥ rule": Meeting(prepare_half, deliver_both(start, ring), leave),
    "start, continued ∥ stop": Meeting(prepare_half, deliver_both(start, stop), leave),
    "second start ∥ first rule": Meeting(prepare_ended, deliver_both(start_again, ring), leave),
    "stop ∥ stop": Meeting(prepare_server, deliver_both(stop, stop), leave),
    "stop ∥ rule": Meeting(prepare_server, deliver_both(stop, ring), leave),
    "stop ∥ sweep": Meeting(prepare_server, deliver_both(stop, sweep), leave),
    "start ∥ sweep": Meeting(prepare_nothing, deliver_both(start, sweep), leave),
    "start, continued ∥ sweep": Meeting(prepare_half, deliver_both(start, sweep), leave),
    "rule ∥ sweep": Meeting(prepare_server, deliver_both(ring, sweep), leave),
    "start ∥ other's start, one place": Meeting(prepare_last_slot, deliver_both(start, start_other), leave),
    "stop ∥ other's start, one place": Meeting(prepare_full, deliver_both(stop, start_other), leave),
    "unused ∥ sweep": Meeting(prepare_unused, deliver_both(end_unused, sweep), leave),
    "unused ∥ rule": Meeting(prepare_unused, deliver_both(end_unused, ring), leave),
    "unused ∥ stop": Meeting(prepare_unused, deliver_both(end_unused, stop), leave),
    "unused ∥ unused": Meeting(prepare_unused, deliver_both(end_unused, end_unused), leave),
    "stop ∥ next start": Meeting(prepare_server, deliver_both(stop, start_again), leave),
}
STEP_MEETINGS = {
    "first GET ∥ first GET": Meeting(prepare_nothing, ask_both("GET", "GET"), take_answers, UNBOUNDED),
    "POST ∥ POST": Meeting(prepare_step(1), ask_both("POST", "POST"), take_answers, UNBOUNDED),
    "POST ∥ same POST": Meeting(
        prepare_step(1), ask_both("POST", "POST", same=True), take_answers, UNBOUNDED
    ),
    "POST ∥ POST, to the game": Meeting(prepare_step(2), ask_both("POST", "POST"), take_answers, UNBOUNDED),
    "POST ∥ GET": Meeting(prepare_step(1), ask_both("POST", "GET"), take_answers, UNBOUNDED),
    "poll ∥ poll": Meeting(prepare_step(3, ready=True), ask_both("GET", "GET"), take_answers, UNBOUNDED),
    "POST ∥ poll": Meeting(prepare_step(3, ready=True), ask_both("POST", "GET"), take_answers, UNBOUNDED),
}
NEARLY_DECIDED = LONGEST_REQUEST.total_seconds() - 0.1
IDLE_MEETINGS = {
    "POST, to the game ∥ unused, nearly decided": Meeting(
        prepare_unused, ask_and_deliver("POST", end_unused, NEARLY_DECIDED), take_answers_and_return
    ),
    "poll ∥ unused, nearly decided": Meeting(
        prepare_left_waiting, ask_and_deliver("GET", end_unused, NEARLY_DECIDED), take_answers_and_return
    ),
    "POST, to the game ∥ unused": Meeting(
        prepare_unused, ask_and_deliver("POST", end_unused), take_answers_and_return
    ),
    "poll ∥ unused": Meeting(
        prepare_left_waiting, ask_and_deliver("GET", end_unused), take_answers_and_return
    ),
}
GROUP_MEETINGS = {
    "first GET ∥ other's first GET, balanced": Meeting(
        prepare_balanced, arrive_both("ada", "bob"), check_groups, UNBOUNDED
    ),
    "first GET ∥ first GET, balanced": Meeting(
        prepare_balanced, arrive_both("ada", "ada"), check_groups, UNBOUNDED
    ),
    "last POST ∥ other's first GET, balanced": Meeting(
        prepare_last_page, end_and_arrive, check_groups, UNBOUNDED
    ),
}
LIST_MEETINGS = {
    "update ∥ update": Meeting(prepare_nothing, publish_both, check_list, UNBOUNDED),
}
MEETINGS = {**SERVER_MEETINGS, **STEP_MEETINGS, **IDLE_MEETINGS, **GROUP_MEETINGS, **LIST_MEETINGS}


def _function_of(message: Message) -> str:
    return "start_server" if message.topic.endswith(":start") else "stop_server"
