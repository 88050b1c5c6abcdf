"""An invocation may end between any two calls: each is tried here, before and after its effect."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import TransientError
from tests.fakes.journal import Crash
from tests.fakes.world import HOST, PROJECT, USER, LifecycleWorld

World = LifecycleWorld


def crash_everywhere(
    prepare: Callable[[World], None], act: Callable[[World, str], None], check: Callable[[World, str], None]
) -> int:
    """Let `act` end at each of its calls, each in a new world, and `check` it. Return the number of calls.

    `act` and `check` are given the invocation's request id.
    """
    number = 0
    while True:
        for after in (False, True):
            world = LifecycleWorld()
            prepare(world)
            world.journal.calls.clear()
            world.journal.crash_at(number, after=after)
            try:
                act(world, "same")
            except Crash:
                name = world.journal.calls[number].name
            else:
                return number
            try:
                check(world, "same")
            except Exception as error:
                raise AssertionError(f"after a crash {'after' if after else 'before'} {name}") from error
        number += 1


def nothing(world: World) -> None:
    """Prepare nothing."""


def start_a_minute_ago(world: World) -> None:
    """Prepare a ready server."""
    world.start()
    world.clock.advance(60)


def start_on_demand(world: World) -> None:
    """Let Spot have no capacity."""
    world.containers.shortages["FARGATE_SPOT"] = "stopped"


def fill_a_subnet(world: World) -> None:
    """Let the subnet that ECS chooses first have no free address."""
    world.containers.full_subnets = {"subnet-1"}


def take_the_name(world: World) -> None:
    """Let another owner have the participant's host name."""
    world.host_names.records[HOST] = AddressRecord(HOST, ("192.0.2.99",), 300)


def assert_all_gone(world: World) -> None:
    """Check that nothing of any kind is left."""
    assert world.left() == {}, world.left()


@pytest.mark.parametrize("prepare", [nothing, start_on_demand, fill_a_subnet])
def test_the_retry_of_a_crashed_start_brings_up_one_server(prepare: Callable[[World], None]) -> None:
    """Given an invocation cut off anywhere, Lambda's retry continues and creates nothing twice."""

    def check(world: World, owner: str) -> None:
        world.clock.advance(60)
        world.start(owner=owner)
        assert world.record().state == "ready"
        assert {kind: len(found) for kind, found in world.left().items()} == dict.fromkeys(
            ("tasks", "clusters", "names", "rules", "slots"), 1
        )
        world.clock.advance(60)
        world.stop()
        assert_all_gone(world)

    assert crash_everywhere(prepare, lambda world, owner: world.start(owner=owner), check) > 20


def test_a_crashed_start_is_ended_by_its_alarm() -> None:
    """Given no retry, nothing outlives maxRuntime, including a slot of the cap."""

    def check(world: World, owner: str) -> None:
        world.let_minutes_pass(45)
        assert_all_gone(world)

    assert crash_everywhere(nothing, lambda world, owner: world.start(owner=owner), check) > 20


def test_a_crashed_start_is_taken_over_by_another_start() -> None:
    """Given an expired lease, a participant who asks again gets the server of the same attempt."""

    def check(world: World, owner: str) -> None:
        world.clock.advance(601)
        world.start("asked again")
        assert (world.record().state, world.record().attempt) == ("ready", 1)
        assert len(world.containers.list_living()) == 1

    assert crash_everywhere(nothing, lambda world, owner: world.start(owner=owner), check) > 20


def test_a_stop_during_a_crashed_start_leaves_nothing() -> None:
    """Given a start that was cut off and still holds its lease, the stop step stops everything."""

    def check(world: World, owner: str) -> None:
        world.clock.advance(10)
        world.stop_as_lambda({"userId": USER, "projectId": PROJECT})
        world.let_minutes_pass(20)
        assert_all_gone(world)
        assert world.record().state == "stopped"

    assert crash_everywhere(nothing, lambda world, owner: world.start(owner=owner), check) > 20


def test_a_failing_start_that_crashes_leaves_nothing() -> None:
    """Given a permanent failure, it is torn down wherever the invocation ends, once it is retried."""

    def check(world: World, owner: str) -> None:
        world.clock.advance(60)
        world.start(owner=owner)
        world.deliver_stops()
        assert world.left() == {"names": [HOST]}
        assert "not this participant's" in world.record().error

    assert crash_everywhere(take_the_name, lambda world, owner: world.start(owner=owner), check) > 15


def test_the_retry_of_a_crashed_stop_leaves_nothing() -> None:
    """Given a stop that was cut off, Lambda's retry continues at once, whatever the lease."""

    def check(world: World, owner: str) -> None:
        world.clock.advance(60)
        world.stop(owner=owner, sent_at=world.clock.now())
        assert_all_gone(world)
        assert world.record().state == "stopped"

    assert crash_everywhere(start_a_minute_ago, lambda world, owner: world.stop(owner=owner), check) > 10


def test_a_crashed_stop_is_ended_by_its_alarm() -> None:
    """Given no retry, the rule brings another stop, which finishes the work."""

    def check(world: World, owner: str) -> None:
        world.let_minutes_pass(45)
        assert_all_gone(world)

    assert crash_everywhere(start_a_minute_ago, lambda world, owner: world.stop(owner=owner), check) > 10


def test_a_stop_during_a_start_may_crash_anywhere() -> None:
    """Given an overtaken start, a stop that was cut off and its alarm, nothing is left in the end."""

    def act(world: World, owner: str) -> None:
        world.journal.after("containers.run_task", lambda: (world.clock.advance(1), world.stop(owner=owner)))
        with suppress(TransientError):
            world.start()

    def check(world: World, owner: str) -> None:
        world.deliver_stops()
        world.let_minutes_pass(45)
        assert_all_gone(world)

    assert crash_everywhere(nothing, act, check) > 30
