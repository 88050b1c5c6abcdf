"""Rare situations in which the simulation found a defect."""

from typing import Any

from hippo.errors import ConflictError
from hippo.records.codes import EndReason
from hippo.servers.capacity.slots import ServerSlots
from tests.fakes.world import USER, LifecycleWorld


def test_a_slot_is_given_back_in_spite_of_a_409(world: LifecycleWorld) -> None:
    """Given S3 that answers 409 because of another request, a slot is freed all the same."""
    slots = ServerSlots(world.store, world.clock, 20)
    slots.claim(3, USER, 1)
    world.journal.fail("store.replace", ConflictError("409"))

    slots.free(3, USER, 1)

    assert world.slots() == []


def test_a_task_that_ends_before_its_name_is_known_is_not_ready(world: LifecycleWorld) -> None:
    """Given a port that has answered, a task that crashes before the name is in sync has failed."""
    world.port_opens_after = 1.0

    def crash() -> Any:
        world.containers.end_task("EssentialContainerExited", "crashed")

    world.journal.before("host_names.is_in_sync", crash)
    world.start()

    assert (world.record().state, world.record().reason) == ("failed", EndReason.TASK_ENDED)
