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
    """Given a stop at any point, the start gives up and everything is removed."""
    world.journal.before(moment, lambda: (world.clock.advance(1), world.stop()))

    world.start()
    world.deliver_stops()

    assert world.record().state == "stopped"
    assert world.left() == {}


def test_an_overtaken_start_asks_for_a_stop_of_its_attempt(world: LifecycleWorld) -> None:
    """Given an overtaken start, it publishes a stop and ends: only stop_server tears down."""
    world.journal.before("containers.create_cluster", lambda: (world.clock.advance(1), world.stop()))

    world.start()

    assert world.topic.messages == [
        {"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "overtaken"}
    ]
    assert not world.journal.names("containers.run_task")


def test_an_overtaken_start_notices_that_its_cluster_is_gone(world: LifecycleWorld) -> None:
    """Given a cluster that a stop has deleted, the start does not wait out its time."""
    world.containers.cluster_seconds = 20
    begun = world.clock.now()
    world.journal.after("containers.create_cluster", lambda: (world.clock.advance(1), world.stop()))

    world.start()

    assert world.clock.now() - begun < timedelta(seconds=60)


def test_a_stop_between_record_and_slot_leaves_nothing(world: LifecycleWorld) -> None:
    """Given a stop before the slot is claimed, the start gives up."""
    world.journal.before("store.create", lambda: None)  # the record itself
    world.journal.before("store.create", lambda: (world.clock.advance(1), world.stop()))

    world.start()
    world.deliver_stops()

    assert world.left() == {}
    assert world.record().state == "stopped"


def test_the_same_event_handled_twice_at_once_keeps_its_server(world: LifecycleWorld) -> None:
    """Given one event delivered to two invocations with the same id, the slower one stops nothing."""
    world.journal.before("containers.run_task", lambda: world.start(owner="twin"))

    world.start(owner="twin")
    world.deliver_stops()

    assert world.record().state == "ready"
    assert len(world.containers.list_living()) == 1
