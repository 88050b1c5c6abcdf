"""The slots of MAX_SERVERS are never exceeded, and none leaks."""

import json

import pytest

from hippo.errors import TransientError
from hippo.servers.capacity.slots import ServerSlots
from tests.fakes.journal import Crash
from tests.fakes.world import OTHER_USER, USER, LifecycleWorld


@pytest.fixture
def world() -> LifecycleWorld:
    """Return a deployment that allows one server."""
    return LifecycleWorld(max_servers=1)


def test_above_the_cap_nothing_is_made(world: LifecycleWorld) -> None:
    """Given no free slot, the second participant waits without a record: asking again takes effect."""
    world.start(user=OTHER_USER)

    world.start()

    assert f"_servers/{USER}.json" not in world.store.objects
    assert len(world.containers.list_living()) == 1


def test_a_slot_is_free_again_after_the_stop(world: LifecycleWorld) -> None:
    """Given a freed slot, the next participant gets a server by the very same request."""
    world.start(user=OTHER_USER)
    world.start()
    world.stop({"userId": OTHER_USER})
    world.clock.advance(60)

    world.start()

    assert world.record().state == "ready"
    assert world.slots() == [USER]


def test_two_starts_at_once_share_one_slot(world: LifecycleWorld) -> None:
    """Given two starts for the last slot, the second claim gives up, and the same id works later."""
    world.journal.before("store.create", lambda: None)  # our record
    world.journal.before("store.create", lambda: world.start(user=OTHER_USER))  # our slot

    world.start()

    assert world.slots() == [OTHER_USER]
    assert len(world.containers.list_living()) == 1
    world.stop({"userId": OTHER_USER})
    world.clock.advance(60)
    world.start()
    assert (world.record().state, world.record().tries) == ("ready", 1)


def test_a_start_that_gives_up_leaves_no_rule(world: LifecycleWorld) -> None:
    """Given a slot lost after the shutdown alarm was armed, stop_server is asked to remove the alarm."""
    world.journal.before("store.create", lambda: None)
    world.journal.before("store.create", lambda: world.start(user=OTHER_USER))

    world.start()
    world.deliver_stops()

    assert list(world.rules.rules) == [f"hippo-1-{OTHER_USER}"]


def test_a_rival_for_a_slot_is_evaded() -> None:
    """Given a lost slot while another is free, the loser takes the other one."""
    world = LifecycleWorld(max_servers=2)
    free = ServerSlots(world.store, world.clock, 2)

    def take_the_slot_that_was_chosen() -> None:
        free.claim(world.record().slot or 0, OTHER_USER, 1)

    world.journal.before("store.create", lambda: None)
    world.journal.before("store.create", take_the_slot_that_was_chosen)

    world.start()

    assert world.record().state == "ready"
    assert world.slots() == [USER, OTHER_USER]


def test_giving_up_does_not_wipe_out_an_earlier_stop(world: LifecycleWorld) -> None:
    """Given a start that gave up, a start older than the stop stays void."""
    sent_at = world.clock.now()
    world.clock.advance(5)
    world.stop()
    world.clock.advance(5)
    world.journal.before("store.create", lambda: world.start(user=OTHER_USER))
    world.start("second")
    world.deliver_stops()
    world.stop({"userId": OTHER_USER})

    world.start("old", sent_at=sent_at)

    assert world.left() == {}


def test_many_starts_at_once_never_exceed_the_cap() -> None:
    """Given starts that let each other in just before they claim their slots, the cap holds."""
    world = LifecycleWorld(max_servers=3)
    users = [f"user-{number}" for number in range(8)]

    def start_all(rest: list[str]) -> None:
        if rest:
            world.journal.before("store.create", lambda: None)
            world.journal.before("store.create", lambda: start_all(rest[1:]))
            world.start(user=rest[0])

    start_all(users)

    assert len(world.slots()) == 3
    assert len(world.containers.list_living()) == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_the_slot_leaks_nothing(world: LifecycleWorld, after: bool) -> None:
    """Given a record that names the slot before it is claimed, the attempt's stop frees it."""
    crash = world.journal.lose_answer if after else world.journal.fail
    world.journal.before("store.create", lambda: None)
    crash("store.create", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(601)

    world.stop()

    assert world.slots() == []


def test_a_lost_answer_of_the_claim_is_recognised(world: LifecycleWorld) -> None:
    """Given a slot that this attempt already holds, it counts as claimed."""
    slots = ServerSlots(world.store, world.clock, 1)
    slots.claim(0, USER, 1)

    assert slots.claim(0, USER, 1)
    assert not slots.claim(0, USER, 2)
    assert not slots.claim(0, OTHER_USER, 1)


def test_a_slot_of_another_attempt_is_not_freed(world: LifecycleWorld) -> None:
    """Given a slot that another attempt holds, a stop does not free it."""
    slots = ServerSlots(world.store, world.clock, 1)
    slots.claim(0, OTHER_USER, 1)

    slots.free(0, USER, 1)
    slots.free(0, OTHER_USER, 2)

    assert json.loads(world.store.objects["_slots/0000"]) == {"userId": OTHER_USER, "attempt": 1}


def test_the_slot_is_kept_while_a_task_may_live(world: LifecycleWorld) -> None:
    """Given a stop that fails, no other participant gets the slot."""
    world.start()
    world.clock.advance(60)
    world.journal.fail("containers.stop_task", TransientError("ecs"))

    with pytest.raises(TransientError):
        world.stop()

    assert world.slots() == [USER]


def test_the_listing_is_of_the_slots_alone(world: LifecycleWorld) -> None:
    """Given any number of participants, looking for a free slot costs one listing."""
    world.start()

    assert world.journal.arguments("store.list") == [{"prefix": "_slots/"}]
