"""start_server: start messages that must start nothing."""

import pytest

from hippo.errors import TransientError
from tests.fakes.world import NAME, OTHER_PROJECT, PROJECT, USER, LifecycleWorld


def made(world: LifecycleWorld) -> list[str]:
    """The calls that make or change something of a server."""
    return world.journal.names("rules.", "containers.", "host_names.")


@pytest.mark.parametrize("request_id", ["first", "another"])
def test_a_ready_server_is_enough(ready_world: LifecycleWorld, request_id: str) -> None:
    """A duplicate and a second start change nothing while a server is ready."""
    ready_world.start(request_id)

    assert made(ready_world) == []
    assert ready_world.record().attempt == 1


@pytest.mark.parametrize("request_id", ["first", "another"])
def test_a_start_at_work_is_left_alone(world: LifecycleWorld, request_id: str) -> None:
    """While one invocation holds the lease, a duplicate and a second start do nothing."""
    world.journal.after("containers.create_cluster", lambda: world.start(request_id))

    world.start()

    assert world.journal.names("rules.arm", "containers.create_cluster", "containers.run_task") == [
        "rules.arm",
        "containers.create_cluster",
        "containers.run_task",
    ]


def test_another_project_waits_for_the_server_that_runs(ready_world: LifecycleWorld) -> None:
    """A participant has one server: a start for another project does not touch it."""
    ready_world.start("other", project=OTHER_PROJECT)

    assert made(ready_world) == []
    assert ready_world.record().project_id == PROJECT


def test_another_project_does_not_continue_a_start(world: LifecycleWorld) -> None:
    """An abandoned start is continued for its own project only."""
    world.journal.fail("containers.create_cluster", TransientError("ecs"))
    with pytest.raises(TransientError):
        world.start()
    world.journal.calls.clear()

    world.start("other", project=OTHER_PROJECT)

    assert made(world) == []


def test_a_start_older_than_the_stop_starts_nothing(world: LifecycleWorld) -> None:
    """SNS keeps no order: what was asked for before the stop is void after it."""
    sent_at = world.clock.now()
    world.start()
    world.clock.advance(60)
    world.stop()
    world.journal.calls.clear()

    world.start("late", sent_at=sent_at)

    assert made(world) == []
    assert world.record().state == "stopped"


def test_a_start_that_comes_after_its_stop_starts_nothing(world: LifecycleWorld) -> None:
    """A stop that overtook the only start leaves a marker, which the start respects."""
    sent_at = world.clock.now()
    world.clock.advance(5)
    world.stop({"projectId": PROJECT})
    world.clock.advance(5)

    world.start(sent_at=sent_at)

    assert made(world) == []
    assert world.left() == {}


def test_an_unknown_project_does_not_wipe_out_the_marker(world: LifecycleWorld) -> None:
    """A start that fails at once leaves the time of the stop as it was."""
    sent_at = world.clock.now()
    world.clock.advance(5)
    world.stop()
    world.clock.advance(5)
    world.start("odd", project="unknown")

    world.start(sent_at=sent_at)

    assert world.left() == {}


def test_a_participant_past_the_stop_step_gets_no_server(world: LifecycleWorld) -> None:
    """A start that comes when the stop step has been reached is too late."""
    world.put_participant(next_step=5)

    world.start()

    assert made(world) == []


def test_a_participant_before_the_stop_step_gets_one(world: LifecycleWorld) -> None:
    """At the game step the server is still needed."""
    world.put_participant(next_step=4)

    world.start()

    assert world.record().state == "ready"


def test_a_duplicate_after_the_stop_starts_nothing(ready_world: LifecycleWorld) -> None:
    """The id of a start that has had its effect has none again, whenever it is published."""
    ready_world.stop()
    ready_world.clock.advance(60)

    ready_world.start("first")
    ready_world.deliver_stops()

    assert ready_world.record().state == "stopped"
    assert ready_world.left() == {}


def test_a_seen_start_has_whatever_it_left_cleared_up(ready_world: LifecycleWorld) -> None:
    """A second delivery after the stop asks for one more look: the first may have died at work."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.containers.create_cluster(NAME, {})

    ready_world.start("first")
    ready_world.deliver_stops()

    assert ready_world.left() == {}


def test_a_late_start_of_somebody_who_has_withdrawn(world: LifecycleWorld) -> None:
    """Given records that were deleted, then a start that `next_step` sent before makes nothing, not even a
    record."""
    sent_at = world.clock.now()
    world.clock.advance(61)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert made(world) == []
    assert f"_servers/{USER}.json" not in world.store.objects


def test_a_start_that_is_published_again_has_its_effect(world: LifecycleWorld) -> None:
    """Given a `next_step` that died before it wrote, and a late start without effect, then the participant's
    own next request, which asks under the same id, has it."""
    sent_at = world.clock.now()
    world.clock.advance(120)
    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    world.start(f"{PROJECT}/{USER}/1")

    assert (world.record().state, world.record().attempt) == ("ready", 1)


@pytest.mark.parametrize("occasion", ["2", "1/2", "2/2/retry", "again/1"])
def test_a_start_of_a_later_page_finds_the_record(world: LifecycleWorld, occasion: str) -> None:
    """Given no participant, then what only a participant with a record can have brought about has no effect,
    however fresh it is."""
    world.start(f"{PROJECT}/{USER}/{occasion}")

    assert made(world) == []
    assert f"_servers/{USER}.json" not in world.store.objects


@pytest.mark.parametrize("request_id", [f"{PROJECT}/{USER}/1", "f5a6c1d2", f"{OTHER_PROJECT}/{USER}/1"])
def test_a_start_may_be_there_before_the_record(world: LifecycleWorld, request_id: str) -> None:
    """Given no participant record, a fresh start of `next_step`, and any other, has its effect."""
    late = not request_id.startswith(f"{PROJECT}/")
    sent_at = world.clock.now()
    world.clock.advance(3600 if late else 59)

    world.start(request_id, sent_at=sent_at)

    assert world.record().state == "ready"


def test_a_late_start_of_somebody_with_a_record(world: LifecycleWorld) -> None:
    """Given a participant at the start step, then a start that comes an hour late has its effect."""
    world.put_participant(2)
    sent_at = world.clock.now()
    world.clock.advance(3600)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert world.record().state == "ready"


def test_a_start_that_died_is_finished_all_the_same(world: LifecycleWorld) -> None:
    """Given a start that died and a participant who is gone, its retry goes on: something may be there."""
    sent_at = world.clock.now()
    world.journal.fail("containers.run_task", TransientError("ecs"))
    with pytest.raises(TransientError):
        world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)
    world.clock.advance(180)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert world.record().state == "ready"
