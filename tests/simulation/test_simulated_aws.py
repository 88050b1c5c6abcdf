"""The simulated AWS beyond the contract tests: time, messages, retries, limits, ends of programs."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from hippo.errors import TransientError
from tests.simulation.boundary import Fault
from tests.simulation.chaos import Chaos
from tests.simulation.deployment import STOP_TOPIC
from tests.simulation.invariants import Violation
from tests.simulation.lambdas import Function
from tests.simulation.world import USER, World


@pytest.fixture
def world() -> World:
    """Return an account with the stack and no participants."""
    return World()


def listen(world: World, fails: int = 0) -> list[float]:
    """Put a handler behind the stop topic that fails so many times; return the times of its invocations."""
    times: list[float] = []

    def handler(event: object, context: object) -> None:
        times.append(world.scheduler.time)
        if len(times) <= fails:
            raise TransientError("simulated")

    world.lambdas.functions["stop_server"] = Function(handler, 300)
    return times


def put_rule(world: World, cron: str) -> None:
    """Create a rule with a target."""
    world.events.put_rule(Name="rule", ScheduleExpression=cron)
    world.events.put_targets(Rule="rule", Targets=[{"Id": "x", "Arn": STOP_TOPIC, "Input": "{}"}])


@pytest.mark.parametrize(("fails", "times", "letters"), [(0, 1, 0), (2, 3, 0), (3, 3, 1)])
def test_an_event_is_tried_three_times(world: World, fails: int, times: int, letters: int) -> None:
    """Given a handler that fails, it is retried after one and two minutes, and then given up."""
    invoked = listen(world, fails)

    world.send_stop()
    world.scheduler.run()

    assert [round(moment) for moment in invoked] == [0, 60, 180][:times]
    assert len(world.lambdas.dead_letters) == letters


@pytest.mark.parametrize(
    ("cron", "fired"), [("cron(10 12 1 1 ? 2030)", [600]), ("cron(59 11 1 1 ? 2030)", [])]
)
def test_a_rule_fires_once_and_never_in_the_past(world: World, cron: str, fired: list[int]) -> None:
    """Given a cron of 12:10 it fires then; given one of 11:59, a minute ago, it never does."""
    invoked = listen(world)

    put_rule(world, cron)
    world.scheduler.run()

    assert [round(moment) for moment in invoked] == fired


def test_a_rule_with_a_target_is_not_deleted(world: World) -> None:
    """Given a rule with a target, DeleteRule is refused."""
    put_rule(world, "cron(10 12 1 1 ? 2030)")

    with pytest.raises(ClientError, match="has targets"):
        world.events.delete_rule(Name="rule")


def test_a_late_message_keeps_its_time(world: World) -> None:
    """Given a message that comes twice, at once and an hour late, both say when it was sent."""
    seen: list[str] = []

    def handler(event: dict[str, list[dict[str, dict[str, str]]]], context: object) -> None:
        seen.append(event["Records"][0]["Sns"]["Timestamp"])

    world.lambdas.functions["stop_server"] = Function(handler, 300)
    world.sns.plan_delivery = lambda _: [3600.0, 0.1]
    world.send_stop()
    world.scheduler.run()

    assert seen == ["2030-01-01T12:00:00.000+00:00"] * 2


def run_program(world: World, work: Callable[[], object], limit: float = 300) -> BaseException | None:
    """Run something as an invocation would; return what it ended with."""
    program = world.scheduler.begin("program", work, limit)
    world.scheduler.run_program(program)
    return program.error


def test_calls_beyond_the_rate_wait_and_then_fail(world: World) -> None:
    """Given 25 CreateCluster calls at once, of which AWS accepts 20, the others wait for their turn."""

    def work() -> None:
        for number in range(25):
            world.ecs.create_cluster(clusterName=f"hippo-{number}")

    assert run_program(world, work) is None
    assert world.scheduler.time >= 5


def test_an_ended_program_makes_no_further_call(world: World) -> None:
    """Given a process that is killed after a call, its later calls have no effect."""
    world.boundary.faults = {0: Fault.KILLED}

    def work() -> None:
        try:
            world.ecs.create_cluster(clusterName="first")
        finally:
            world.ecs.create_cluster(clusterName="second")

    run_program(world, work)

    assert {"first", "second"} & world.ecs.clusters.keys() == {"first"}


def test_time_that_is_up_ends_a_program(world: World) -> None:
    """Given a program that sleeps longer than it may, it ends when its time is up."""
    run_program(world, lambda: world.scheduler.wait(1000), limit=300)

    assert world.scheduler.time == 300


def test_a_crash_in_the_game_shows_within_seconds(world: World) -> None:
    """Given a shown game whose container crashes, the participant waits within 5 s and plays within 2 min."""
    person = world.meet()
    while person.last.get("page") != "show_game_page":
        person.go_on()
    began = world.scheduler.time
    for task in world.ecs.list_living(USER):
        world.ecs.end_task(task, "EssentialContainerExited", "crashed", seconds=0)
    world.scheduler.wait(5)

    person.says_step, person.last = True, {}
    person.go_on()
    assert person.last["page"] == "wait"
    while person.last["page"] == "wait":
        person.go_on()

    assert person.last["page"] == "show_game_page"
    assert world.scheduler.time - began < 120


def begin_stop_in_a_storm(world: World) -> Chaos:
    """Begin to stop a server whose alarm has fired, while EventBridge refuses every call of the stop."""
    world.bring_up()
    chaos = Chaos(world, seed=0)
    world.boundary.choose_fault = lambda _: None
    world.boundary.limits.storms["events"] = world.scheduler.time + 120
    world.events.rules[world.server()["ruleName"]].fires = None
    world.send_stop()
    world.scheduler.wait(40)
    return chaos


def test_a_stop_from_before_the_calm_may_lack_its_alarm(world: World) -> None:
    """Given a stop whose alarm was refused in a storm, StopTask after the storm violates nothing."""
    chaos = begin_stop_in_a_storm(world)

    chaos.calm()
    world.settle()

    assert world.server()["state"] == "stopped"


def test_a_stop_after_the_calm_needs_its_alarm(world: World) -> None:
    """Given a stop that begins after the storm and finds no alarm, StopTask violates the second invariant."""
    begin_stop_in_a_storm(world).calm()
    task = world.ecs.list_living(USER)[0]

    def work() -> None:
        world.ecs.stop_task(cluster=task.cluster, task=task.arn, reason="test")

    with pytest.raises(Violation, match="no rule would have it stopped again"):
        run_program(world, work)
