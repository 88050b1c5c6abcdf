"""start_server: the retry that a participant requests after a failure takes effect."""

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import TransientError
from hippo.journey.waiting import name_retry
from tests.fakes.world import HOST, OTHER_USER, PROJECT, USER, LifecycleWorld

FOREIGN = AddressRecord(HOST, ("192.0.2.99",), 300)


@pytest.fixture
def world(world: LifecycleWorld) -> LifecycleWorld:
    """Put the participant at the game, waiting."""
    world.put_participant(3)
    return world


def retry(world: LifecycleWorld) -> None:
    """Deliver the start that the participant requests, as next_step names it."""
    world.start(f"{PROJECT}/{USER}/2{name_retry(world.record())}")


def fail(world: LifecycleWorld) -> None:
    """Let a start find the name taken, and be torn down."""
    world.host_names.records[HOST] = FOREIGN
    world.start(f"{PROJECT}/{USER}/2")
    world.deliver_stops()
    world.clock.advance(30)


def test_retry_of_a_permanent_failure_is_a_new_attempt(world: LifecycleWorld) -> None:
    """Given a taken name that is free now, the retry brings the server up."""
    fail(world)
    del world.host_names.records[HOST]

    retry(world)

    record = world.record()
    assert (record.state, record.attempt, record.error) == ("ready", 2, "")


def test_retry_that_fails_again_says_so_and_leaves_nothing(world: LifecycleWorld) -> None:
    """Given a name that is still taken, the record is the retry's, and everything is torn down."""
    fail(world)

    retry(world)
    world.deliver_stops()

    record = world.record()
    assert (record.state, record.attempt) == ("stopped", 2)
    assert f"{PROJECT}/{USER}/2/2/retry" in record.seen
    assert world.left() == {"names": [HOST]}


def test_same_retry_has_effect_once(world: LifecycleWorld) -> None:
    """Given a retry that is published again before it is taken up, one new attempt begins."""
    fail(world)
    del world.host_names.records[HOST]
    request = f"{PROJECT}/{USER}/2{name_retry(world.record())}"

    for _ in range(3):
        world.start(request)
        world.clock.advance(60)

    assert (world.record().state, world.record().attempt) == ("ready", 2)
    assert len(world.containers.list_living()) == 1


def test_retry_after_a_missing_project(world: LifecycleWorld) -> None:
    """Given a project published after a start that created nothing, a retry works with used-up numbers."""
    del world.store.objects["project_master_list.json"]
    for suffix in ("", "/1"):
        world.start(f"{PROJECT}/{USER}/2{suffix}")
    world.publish(PROJECT)
    world.clock.advance(60)

    retry(world)

    assert world.record().state == "ready"


def test_retry_waits_until_the_failed_attempt_is_gone(world: LifecycleWorld) -> None:
    """Given a retry during the failed attempt's teardown, it brings the server up a minute later."""
    world.host_names.records[HOST] = FOREIGN
    world.start(f"{PROJECT}/{USER}/2")
    del world.host_names.records[HOST]
    world.clock.advance(5)
    request = f"{PROJECT}/{USER}/2{name_retry(world.record())}"
    with pytest.raises(TransientError, match="still being stopped"):
        world.start(request)
    world.deliver_stops()
    world.clock.advance(60)

    world.start(request)

    assert (world.record().state, world.record().attempt) == ("ready", 2)


def test_retry_above_the_cap_can_be_asked_for_again() -> None:
    """Given no free slot at the retry, the failure stays, and the same retry works once a slot is free."""
    world = LifecycleWorld(max_servers=1)
    world.put_participant(3)
    fail(world)
    del world.host_names.records[HOST]
    world.start(user=OTHER_USER)
    request = f"{PROJECT}/{USER}/2{name_retry(world.record())}"
    world.start(request)
    kept = world.record()
    world.stop({"userId": OTHER_USER})
    world.clock.advance(60)

    world.start(request)

    assert (kept.state, bool(kept.error), request in kept.seen) == ("stopped", True, False)
    assert (world.record().state, world.record().attempt) == ("ready", 2)
