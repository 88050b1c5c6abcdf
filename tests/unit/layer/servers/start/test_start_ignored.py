"""start_server: start messages that must start nothing."""

import pytest

from hippo.errors import TransientError
from tests.fakes.world import NAME, OTHER_PROJECT, PROJECT, USER, LifecycleWorld


def made(world: LifecycleWorld) -> list[str]:
    """Return the calls that create or change part of a server."""
    return world.journal.names("rules.", "containers.", "host_names.")


@pytest.mark.parametrize("request_id", ["first", "another"])
def test_a_ready_server_is_enough(ready_world: LifecycleWorld, request_id: str) -> None:
    """Given a ready server, a duplicate and a second start change nothing."""
    ready_world.start(request_id)

    assert made(ready_world) == []
    assert ready_world.record().attempt == 1


@pytest.mark.parametrize("request_id", ["first", "another"])
def test_a_start_at_work_is_left_alone(world: LifecycleWorld, request_id: str) -> None:
    """Given an invocation that holds the lease, a duplicate and a second start do nothing."""
    world.journal.after("containers.create_cluster", lambda: world.start(request_id))

    world.start()

    assert world.journal.names("rules.arm", "containers.create_cluster", "containers.run_task") == [
        "rules.arm",
        "containers.create_cluster",
        "containers.run_task",
    ]


def test_another_project_waits_for_the_server_that_runs(ready_world: LifecycleWorld) -> None:
    """Given a server, a start for another project does not touch it."""
    ready_world.start("other", project=OTHER_PROJECT)

    assert made(ready_world) == []
    assert ready_world.record().project_id == PROJECT


def test_another_project_does_not_continue_a_start(world: LifecycleWorld) -> None:
    """Given an abandoned start, only its own project continues it."""
    world.journal.fail("containers.create_cluster", TransientError("ecs"))
    with pytest.raises(TransientError):
        world.start()
    world.journal.calls.clear()

    world.start("other", project=OTHER_PROJECT)

    assert made(world) == []


def test_a_start_older_than_the_stop_starts_nothing(world: LifecycleWorld) -> None:
    """Given a stop, starts sent before it are void, since SNS keeps no order."""
    sent_at = world.clock.now()
    world.start()
    world.clock.advance(60)
    world.stop()
    world.journal.calls.clear()

    world.start("late", sent_at=sent_at)

    assert made(world) == []
    assert world.record().state == "stopped"


def test_a_start_that_comes_after_its_stop_starts_nothing(world: LifecycleWorld) -> None:
    """Given a stop that overtook the only start, it leaves a marker that the start respects."""
    sent_at = world.clock.now()
    world.clock.advance(5)
    world.stop({"projectId": PROJECT})
    world.clock.advance(5)

    world.start(sent_at=sent_at)

    assert made(world) == []
    assert world.left() == {}


def test_an_unknown_project_does_not_wipe_out_the_marker(world: LifecycleWorld) -> None:
    """Given a start that fails at once, the time of the stop is kept."""
    sent_at = world.clock.now()
    world.clock.advance(5)
    world.stop()
    world.clock.advance(5)
    world.start("odd", project="unknown")

    world.start(sent_at=sent_at)

    assert world.left() == {}


def test_a_participant_past_the_stop_step_gets_no_server(world: LifecycleWorld) -> None:
    """Given a participant at the stop step, a start is too late."""
    world.put_participant(next_step=5)

    world.start()

    assert made(world) == []


def test_a_participant_before_the_stop_step_gets_one(world: LifecycleWorld) -> None:
    """Given a participant at the game step, the server is still needed."""
    world.put_participant(next_step=4)

    world.start()

    assert world.record().state == "ready"


def test_a_duplicate_after_the_stop_starts_nothing(ready_world: LifecycleWorld) -> None:
    """Given an id that has taken effect, it takes none again, whenever it is published."""
    ready_world.stop()
    ready_world.clock.advance(60)

    ready_world.start("first")
    ready_world.deliver_stops()

    assert ready_world.record().state == "stopped"
    assert ready_world.left() == {}


def test_a_seen_start_has_whatever_it_left_cleared_up(ready_world: LifecycleWorld) -> None:
    """Given a second delivery after the stop, another stop is requested: the first may have been cut off."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.containers.create_cluster(NAME, {})

    ready_world.start("first")
    ready_world.deliver_stops()

    assert ready_world.left() == {}


def test_a_late_start_of_a_withdrawn_participant(world: LifecycleWorld) -> None:
    """Given deleted records, a start that `next_step` sent before creates nothing, not even a record."""
    sent_at = world.clock.now()
    world.clock.advance(61)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert made(world) == []
    assert f"_servers/{USER}.json" not in world.store.objects


def test_a_start_that_is_published_again_has_its_effect(world: LifecycleWorld) -> None:
    """Given a start void because `next_step` was cut off, the participant's next request takes effect."""
    sent_at = world.clock.now()
    world.clock.advance(120)
    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    world.start(f"{PROJECT}/{USER}/1")

    assert (world.record().state, world.record().attempt) == ("ready", 1)


@pytest.mark.parametrize("occasion", ["2", "1/2", "2/2/retry", "again/1"])
def test_a_start_of_a_later_page_finds_the_record(world: LifecycleWorld, occasion: str) -> None:
    """Given no participant record, a start that only a participant with one can cause has no effect."""
    world.start(f"{PROJECT}/{USER}/{occasion}")

    assert made(world) == []
    assert f"_servers/{USER}.json" not in world.store.objects


@pytest.mark.parametrize("request_id", [f"{PROJECT}/{USER}/1", "f5a6c1d2", f"{OTHER_PROJECT}/{USER}/1"])
def test_a_start_may_be_there_before_the_record(world: LifecycleWorld, request_id: str) -> None:
    """Given no participant record, a fresh start of `next_step`, and any other sender's, takes effect."""
    late = not request_id.startswith(f"{PROJECT}/")
    sent_at = world.clock.now()
    world.clock.advance(3600 if late else 59)

    world.start(request_id, sent_at=sent_at)

    assert world.record().state == "ready"


def test_a_late_start_of_a_participant_with_a_record(world: LifecycleWorld) -> None:
    """Given a participant at the start step, a start that comes an hour late takes effect."""
    world.put_participant(2)
    sent_at = world.clock.now()
    world.clock.advance(3600)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert world.record().state == "ready"


def test_an_interrupted_start_is_finished_all_the_same(world: LifecycleWorld) -> None:
    """Given a cut-off start and a withdrawn participant, its retry continues: resources may exist."""
    sent_at = world.clock.now()
    world.journal.fail("containers.run_task", TransientError("ecs"))
    with pytest.raises(TransientError):
        world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)
    world.clock.advance(180)

    world.start(f"{PROJECT}/{USER}/1", sent_at=sent_at)

    assert world.record().state == "ready"
