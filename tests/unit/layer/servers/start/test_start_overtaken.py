"""start_server: a stop comes in between."""

from datetime import timedelta

import pytest

from tests.fakes.world import PROJECT, USER, LifecycleWorld


@pytest.mark.parametrize(
    "moment",
    [
        "rules.arm",
        "containers.create_cluster",
        "containers.find_cluster_status",
        "containers.run_task",
        "containers.describe_task",
        "interfaces.find_public_ip",
        "host_names.create",
        "connect",
        "host_names.is_in_sync",
    ],
)
def test_a_start_overtaken_by_a_stop_leaves_nothing(world: LifecycleWorld, moment: str) -> None:
    """Wherever a stop comes in between, the start gives up and everything goes."""
    world.journal.before(moment, lambda: (world.clock.advance(1), world.stop()))

    world.start()
    world.deliver_stops()

    assert world.record().state == "stopped"
    assert world.left() == {}


def test_an_overtaken_start_asks_for_a_stop_of_its_attempt(world: LifecycleWorld) -> None:
    """Only stop_server takes down: the start publishes and ends."""
    world.journal.before("containers.create_cluster", lambda: (world.clock.advance(1), world.stop()))

    world.start()

    assert world.topic.messages == [
        {"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "overtaken"}
    ]
    assert not world.journal.names("containers.run_task")


def test_an_overtaken_start_notices_that_its_cluster_is_gone(world: LifecycleWorld) -> None:
    """A start that waits for a cluster which a stop has deleted does not wait for its whole time."""
    world.containers.cluster_seconds = 20
    begun = world.clock.now()
    world.journal.after("containers.create_cluster", lambda: (world.clock.advance(1), world.stop()))

    world.start()

    assert world.clock.now() - begun < timedelta(seconds=60)


def test_a_stop_between_record_and_slot_leaves_nothing(world: LifecycleWorld) -> None:
    """A stop may even come before the slot has been claimed."""
    world.journal.before("store.create", lambda: None)  # the record itself
    world.journal.before("store.create", lambda: (world.clock.advance(1), world.stop()))

    world.start()
    world.deliver_stops()

    assert world.left() == {}
    assert world.record().state == "stopped"


def test_the_same_event_handled_twice_at_once_keeps_its_server(world: LifecycleWorld) -> None:
    """Lambda may hand one event to two invocations with the same id: the slower one stops nothing."""
    world.journal.before("containers.run_task", lambda: world.start(owner="twin"))

    world.start(owner="twin")
    world.deliver_stops()

    assert world.record().state == "ready"
    assert len(world.containers.list_living()) == 1
