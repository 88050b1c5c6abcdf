"""A participant withdraws during a start or a stop; then every message ever sent is delivered again.

The withdrawal works as the tool's: a server is stopped first, and only records that were seen are deleted, so
that a record written meanwhile stays. In the end the same participant begins again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.simulation.boundary import Fault, Point
from tests.simulation.cases import prepare_step
from tests.simulation.sns import Message
from tests.simulation.world import CONFIG, PROJECT, SWEEP_EVERY, USER, World

APART = 1.0  # seconds between late messages
DUPLICATES_AFTER = 5.0
LOOKS_EVERY = 2.0  # the tool, while a server stops
FIRST_PAGE = {**CONFIG, "events": {"startServerStep": 1, "stopServerStep": 4}}
ORDERS = ("oldest", "newest")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal: the call that follows it, whether that function is killed, the first later message."""

    act: str
    number: int
    killed: bool = False
    first: str = ORDERS[0]

    def __str__(self) -> str:
        return f"{self.act}/{self.number}/{'killed' if self.killed else 'continues'}/{self.first}"

    @classmethod
    def parse(cls, text: str) -> "Withdrawal":
        """Return the withdrawal of that name."""
        act, number, ending, first = text.split("/")
        return cls(act, int(number), ending == "killed", first)


def list_withdrawals(act: str) -> Iterator[Withdrawal]:
    """List a withdrawal at every call of the act's function."""
    for number in range(count_calls(act)):
        for killed in (False, True):
            for first in ORDERS:
                yield Withdrawal(act, number, killed, first)


def count_calls(act: str) -> int:
    """Return the number of calls of the act's function without a withdrawal."""
    world, calls = World(), []
    prepare, function, begin = ACTS[act]
    prepare(world)
    world.boundary.choose_fault = lambda point: calls.append(point) if _is_of(point, function) else None
    begin(world)
    world.scheduler.wait(120)
    return len(calls)


def run_withdrawal(withdrawal: Withdrawal) -> World:
    """Run one in a world of its own. Raises Violation."""
    prepare, function, begin = ACTS[withdrawal.act]
    world = World()
    prepare(world)
    _withdraw_at(world, function, withdrawal)
    begin(world)
    world.settle()
    assert world.withdrawn, f"{withdrawal}: nobody has withdrawn"
    if world.server() or world.record():  # of a start that was at work, or fresh, at that very moment
        world.came_back += 1
        delete_records(world)
    tasks = len(world.ecs.tasks)
    deliver_again(world, list(world.sns.sent), withdrawal.first)
    world.settle()
    if len(world.ecs.tasks) > tasks:
        world.invariants.fail(6, "a message of before the withdrawal has started a task")
    if back := [key for key in world.s3.objects if USER in key and not key.startswith("_slots/0")]:
        world.invariants.fail(6, f"a message of before the withdrawal has brought back {back}")
    begin_again(world, withdrawal.first)
    return world


def begin_again(world: World, first: str) -> None:
    """Let the withdrawn participant begin again and play, whatever earlier messages still arrive."""
    before = list(world.sns.sent)
    person = world.meet()
    for _ in range(40):
        if person.last.get("page") == "show_game_page":
            break
        person.go_on()
    else:
        world.invariants.fail(4, f"no game for who has begun anew: {world.server()}")
    if world.server()["attempt"] != 1:
        world.invariants.fail(7, f"who has begun anew needed another attempt: {world.server()}")
    deliver_again(world, before, first)
    world.scheduler.wait(len(before) * APART + 60)
    if world.server()["state"] != "ready":
        world.invariants.fail(6, f"a message of before the withdrawal has ended a game: {world.server()}")
    person.finish()
    world.settle()


def delete_records(world: World) -> None:
    """Delete what the tool deletes; the slots are the platform's own."""
    for key in list(world.s3.objects):
        if key in (f"_servers/{USER}.json", f"{PROJECT}/Users/{USER}") or key.startswith("_slots/q."):
            del world.s3.objects[key]
    world.people.pop(USER, None)
    world.invariants.forget(USER)
    world.withdrawn += 1


def deliver_again(world: World, messages: list[Message], first: str) -> None:
    """Deliver everything that was ever published, in order or in reverse."""
    for number, message in enumerate(messages if first == ORDERS[0] else reversed(messages)):
        world.sns.deliver_later(message, (number + 1) * APART)


def withdraw(world: World) -> None:
    """Do what the tool does: request the stop of the server, wait for it, then delete."""
    if world.server().get("state", "stopped") != "stopped":
        world.send_stop(requestId=f"{PROJECT}/{USER}/by hand")
        world.scheduler.plan(LOOKS_EVERY, lambda: _look_again(world, world.scheduler.time))
        return
    delete_records(world)
    for message in list(world.sns.sent):
        world.sns.deliver_later(message, DUPLICATES_AFTER)


def _look_again(world: World, since: float) -> None:
    if world.server().get("state", "stopped") == "stopped":
        withdraw(world)
        return
    if world.scheduler.time - since > SWEEP_EVERY:
        world.send_sweep()
        since = world.scheduler.time
    world.scheduler.plan(LOOKS_EVERY, lambda: _look_again(world, since))


def _withdraw_at(world: World, function: str, withdrawal: Withdrawal) -> None:
    left = [withdrawal.number]

    def choose_fault(point: Point) -> Fault | None:
        if not _is_of(point, function):
            return None
        left[0] -= 1
        if left[0] != -1:
            return None
        withdraw(world)
        return Fault.KILLED if withdrawal.killed else None

    world.boundary.choose_fault = choose_fault


def _is_of(point: Point, function: str) -> bool:
    return point.program is not None and point.program.name.startswith(f"{function}-")


def prepare_first_page(world: World) -> None:
    """Publish a study whose server is started by the first page."""
    world.publish(FIRST_PAGE)


def go_on(world: World) -> None:
    """Let the participant's page do what comes next."""
    world.meet().go_on()


def go_past_the_game(world: World) -> None:
    """Let the participant play, and reach the stop step."""
    person = world.meet()
    while person.step < CONFIG["events"]["stopServerStep"]:
        person.go_on()


def crash_task(world: World) -> None:
    """Let the game server crash; a replacement is due."""
    for task in world.ecs.list_living(USER):
        world.ecs.end_task(task, "EssentialContainerExited", "crashed", seconds=0)


ACTS: dict[str, tuple[Callable[[World], None], str, Callable[[World], None]]] = {
    "first start": (prepare_first_page, "start_server", go_on),
    "start": (prepare_step(1), "start_server", go_on),
    "stop": (prepare_step(3, ready=True), "stop_server", go_past_the_game),
    "death": (prepare_step(3, ready=True), "stop_server", crash_task),
    "replacement": (prepare_step(3, ready=True), "start_server", crash_task),
}
