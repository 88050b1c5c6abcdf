"""start_server: the one more try that a participant asks for after a failure has its effect."""

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import TransientError
from hippo.journey.waiting import name_retry
from tests.fakes.world import HOST, OTHER_USER, PROJECT, USER, LifecycleWorld

FOREIGN = AddressRecord(HOST, ("192.0.2.99",), 300)


@pytest.fixture
def world(world: LifecycleWorld) -> LifecycleWorld:
    """Its participant waits at the game."""
    world.put_participant(3)
    return world


def retry(world: LifecycleWorld) -> None:
    """Deliver the start that the participant asks for, as next_step names it."""
    world.start(f"{PROJECT}/{USER}/2{name_retry(world.record())}")


def fail(world: LifecycleWorld) -> None:
    """A start that finds the name taken, and is cleared up."""
    world.host_names.records[HOST] = FOREIGN
    world.start(f"{PROJECT}/{USER}/2")
    world.deliver_stops()
    world.clock.advance(30)


def test_retry_of_a_permanent_failure_is_a_new_attempt(world: LifecycleWorld) -> None:
    """Given a name that was taken and is free by now, then the retry brings the server up."""
    fail(world)
    del world.host_names.records[HOST]

    retry(world)

    record = world.record()
    assert (record.state, record.attempt, record.error) == ("ready", 2, "")


def test_retry_that_fails_again_says_so_and_leaves_nothing(world: LifecycleWorld) -> None:
    """Given a name that is still taken, then the record is that of the retry, and all is cleared up."""
    fail(world)

    retry(world)
    world.deliver_stops()

    record = world.record()
    assert (record.state, record.attempt) == ("stopped", 2)
    assert f"{PROJECT}/{USER}/2/2/retry" in record.seen
    assert world.left() == {"names": [HOST]}


def test_same_retry_has_effect_once(world: LifecycleWorld) -> None:
    """Given a retry that is published again because nobody saw it taken up, then there is one new attempt."""
    fail(world)
    del world.host_names.records[HOST]
    request = f"{PROJECT}/{USER}/2{name_retry(world.record())}"

    for _ in range(3):
        world.start(request)
        world.clock.advance(60)

    assert (world.record().state, world.record().attempt) == ("ready", 2)
    assert len(world.containers.list_living()) == 1


def test_retry_after_a_missing_project(world: LifecycleWorld) -> None:
    """Given a project that is published only after the first start, whose attempt made nothing, then the
    retry brings the server up, although numbered starts have been used up."""
    del world.store.objects["project_master_list.json"]
    for suffix in ("", "/1"):
        world.start(f"{PROJECT}/{USER}/2{suffix}")
    world.publish(PROJECT)
    world.clock.advance(60)

    retry(world)

    assert world.record().state == "ready"


def test_retry_waits_until_the_failed_attempt_is_gone(world: LifecycleWorld) -> None:
    """Given a retry while the failed attempt is being taken down, then it is not lost: the same one, asked
    for again a minute later, brings the server up."""
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
    """Given all servers in use when a retry comes, then the failure stays in the record, and the same retry
    has its effect when a server is free."""
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
