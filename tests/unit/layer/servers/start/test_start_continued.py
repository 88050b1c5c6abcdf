"""start_server: which invocation continues another's work, and which leaves it alone."""

import pytest

from hippo.errors import TransientError
from tests.fakes.journal import Crash
from tests.fakes.world import USER, LifecycleWorld


def made(world: LifecycleWorld) -> list[str]:
    """Return the calls that create or change part of a server."""
    return world.journal.names("rules.", "containers.", "host_names.")


def test_a_retry_of_the_same_invocation_continues(world: LifecycleWorld) -> None:
    """Given Lambda's retry, it keeps its request id, so it continues although the lease is live."""
    world.journal.lose_answer("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start(owner="same")

    world.start(owner="same")

    assert (world.record().state, world.record().attempt) == ("ready", 1)


def test_a_live_lease_keeps_others_off(world: LifecycleWorld) -> None:
    """Given a lease that is live, other starts wait: the invocation may still be at work."""
    world.journal.lose_answer("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    world.journal.calls.clear()

    world.start("second")

    assert made(world) == []


def test_an_expired_lease_is_continued_by_another(world: LifecycleWorld) -> None:
    """Given an expired lease, any start of the project continues the same attempt."""
    world.journal.lose_answer("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(601)

    world.start("second")

    assert (world.record().state, world.record().attempt) == ("ready", 1)
    assert len(world.containers.clusters) == 1


def test_a_continued_start_is_not_over_its_time(world: LifecycleWorld) -> None:
    """Given an attempt past its deadline, it is given up instead of being brought up without an end."""
    world.journal.lose_answer("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(31 * 60)

    world.start("second")
    world.deliver_stops()

    assert "the deadline passed" in world.record().error
    assert world.left() == {}


def test_a_start_during_a_stop_comes_back_later(world: LifecycleWorld) -> None:
    """Given an earlier attempt that is being stopped, a new start raises, so that Lambda retries it."""
    world.start()
    world.clock.advance(60)
    refused: list[str] = []

    def start_meanwhile() -> None:
        world.clock.advance(1)
        with pytest.raises(TransientError) as error:
            world.start("second")
        refused.append(str(error.value))

    world.journal.before("containers.delete_cluster", start_meanwhile)
    world.stop()

    assert refused == [f"{USER}: the earlier server is still being stopped"]


@pytest.mark.parametrize("request_id", ["first", "second"])
def test_a_start_keeps_an_abandoned_stop_going(ready_world: LifecycleWorld, request_id: str) -> None:
    """Given a stop that was cut off, any start requests it again, seen or new."""
    ready_world.journal.fail("containers.delete_cluster", Crash())
    with pytest.raises(Crash):
        ready_world.stop()
    ready_world.clock.advance(301)

    try:
        ready_world.start(request_id)
    except TransientError:
        assert request_id == "second"
    ready_world.deliver_stops()

    assert ready_world.left() == {}


def test_a_start_older_than_a_stop_at_work_is_not_retried(ready_world: LifecycleWorld) -> None:
    """Given a start that is void already, nothing is raised for it."""
    sent_at = ready_world.clock.now()
    ready_world.clock.advance(5)
    ready_world.journal.before("containers.delete_cluster", lambda: ready_world.start("old", sent_at=sent_at))

    ready_world.stop()

    assert ready_world.record().state == "stopped"
