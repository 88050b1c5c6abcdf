"""MAX_SERVERS: never exceeded, nothing leaked."""

import json

import pytest

from hippo.errors import TransientError
from hippo.servers.capacity.slots import ServerSlots
from tests.fakes.journal import Crash
from tests.fakes.world import OTHER_USER, USER, LifecycleWorld


@pytest.fixture
def world() -> LifecycleWorld:
    """A deployment that allows one server."""
    return LifecycleWorld(max_servers=1)


def test_above_the_cap_nothing_is_made(world: LifecycleWorld) -> None:
    """The second participant keeps waiting, without a record, so that asking again has effect."""
    world.start(user=OTHER_USER)

    world.start()

    assert f"_servers/{USER}.json" not in world.store.objects
    assert len(world.containers.list_living()) == 1


def test_a_slot_is_free_again_after_the_stop(world: LifecycleWorld) -> None:
    """The next participant gets their server then, with the very same request."""
    world.start(user=OTHER_USER)
    world.start()
    world.stop({"userId": OTHER_USER})
    world.clock.advance(60)

    world.start()

    assert world.record().state == "ready"
    assert world.slots() == [USER]


def test_two_starts_at_once_share_one_slot(world: LifecycleWorld) -> None:
    """The one whose claim comes second gives up, and can ask again later with the same id."""
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
    """The alarm clock was armed before the slot was lost: stop_server is asked to remove it."""
    world.journal.before("store.create", lambda: None)
    world.journal.before("store.create", lambda: world.start(user=OTHER_USER))

    world.start()
    world.deliver_stops()

    assert list(world.rules.rules) == [f"hippo-1-{OTHER_USER}"]


def test_a_rival_for_a_slot_is_evaded() -> None:
    """Where another slot is free, the loser takes that one."""
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
    """A start older than the stop stays void although another start had to give up in between."""
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
    """Each start lets the next one in just before it claims its slot."""
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
    """The record names the slot before it is claimed, so whoever stops the attempt frees it."""
    crash = world.journal.lose_answer if after else world.journal.fail
    world.journal.before("store.create", lambda: None)
    crash("store.create", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(601)

    world.stop()

    assert world.slots() == []


def test_a_lost_answer_of_the_claim_is_recognised(world: LifecycleWorld) -> None:
    """A slot that is ours already counts as claimed."""
    slots = ServerSlots(world.store, world.clock, 1)
    slots.claim(0, USER, 1)

    assert slots.claim(0, USER, 1)
    assert not slots.claim(0, USER, 2)
    assert not slots.claim(0, OTHER_USER, 1)


def test_a_slot_that_is_somebody_elses_is_not_freed(world: LifecycleWorld) -> None:
    """A stop frees only what its own attempt holds."""
    slots = ServerSlots(world.store, world.clock, 1)
    slots.claim(0, OTHER_USER, 1)

    slots.free(0, USER, 1)
    slots.free(0, OTHER_USER, 2)

    assert json.loads(world.store.objects["_slots/0000"]) == {"userId": OTHER_USER, "attempt": 1}


def test_the_slot_is_kept_while_a_task_may_live(world: LifecycleWorld) -> None:
    """A stop that fails does not let another participant in."""
    world.start()
    world.clock.advance(60)
    world.journal.fail("containers.stop_task", TransientError("ecs"))

    with pytest.raises(TransientError):
        world.stop()

    assert world.slots() == [USER]


def test_the_listing_is_of_the_slots_alone(world: LifecycleWorld) -> None:
    """Looking for a free slot costs one listing, however many participants there are."""
    world.start()

    assert world.journal.arguments("store.list") == [{"prefix": "_slots/"}]
