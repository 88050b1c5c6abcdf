"""start_server: new attempts, and failures that no retry mends."""

import pytest

from hippo.errors import AwsError, TransientError
from hippo.records.codes import EndReason
from hippo.records.server import MAX_TRIES, ServerRecord
from tests.fakes.world import OTHER_PROJECT, PROJECT, USER, LifecycleWorld


def test_a_new_start_after_the_stop_is_a_new_attempt(ready_world: LifecycleWorld) -> None:
    """Names, rule and record are those of attempt 2."""
    ready_world.stop()
    ready_world.clock.advance(60)

    ready_world.start("second")

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries, record.cluster) == ("ready", 2, 2, f"hippo-2-{USER}")
    assert ready_world.rules.rules[f"hippo-2-{USER}"].message["attempt"] == 2


def test_a_test_user_who_begins_afresh_gets_a_server(ready_world: LifecycleWorld) -> None:
    """The same step of a participant record made after the stop is a new request, with new tries."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.put_participant(next_step=2)
    ready_world.clock.advance(5)

    ready_world.start("first")

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries) == ("ready", 2, 1)


def test_too_many_attempts_fail(world: LifecycleWorld) -> None:
    """After so many attempts within a project the participant is told instead of waiting."""
    for number in range(MAX_TRIES):
        world.start(f"attempt {number}")
        world.clock.advance(60)
        world.stop()
        world.clock.advance(60)

    world.start("one more")

    assert world.record().state == "failed"
    assert world.record().error == f"{MAX_TRIES} attempts have failed"
    assert world.left() == {}


def test_tries_are_counted_for_each_project(world: LifecycleWorld) -> None:
    """What went wrong in one study does not count in the next."""
    world.put_record(
        ServerRecord(USER, PROJECT, "stopped", attempt=9, tries=MAX_TRIES, stopped_at=world.clock.now())
    )
    world.clock.advance(60)

    world.start(project=OTHER_PROJECT)

    assert (world.record().state, world.record().tries) == ("ready", 1)


def test_an_unknown_project_fails_at_once(world: LifecycleWorld) -> None:
    """The record says so; nothing is made and nothing raised, because no retry would help."""
    world.start(project="unknown")

    assert (world.record().state, world.record().error) == ("failed", "there is no project unknown")
    assert world.left() == {}


def test_an_unknown_project_can_be_published_later(world: LifecycleWorld) -> None:
    """A new start after the publication has its effect."""
    world.start(project="later")
    world.publish("later", ecsTask=PROJECT)
    world.clock.advance(60)

    world.start("again", project="later")

    assert (world.record().state, world.record().error) == ("ready", "")


def test_a_task_definition_that_is_not_there_yet_is_awaited(world: LifecycleWorld) -> None:
    """It is registered after the project is published: the same attempt goes on when it is there."""
    world.containers.definitions.clear()
    with pytest.raises(AwsError):
        world.start()
    world.containers.definitions.add(PROJECT)

    world.start("asked again")

    record = world.record()
    assert (record.state, record.attempt) == ("ready", 1)
    assert len(world.containers.tasks) == 1


def test_a_permanent_failure_is_cleared_up_at_once(world: LifecycleWorld) -> None:
    """The failed attempt is published to the stop topic; nothing is left, and the error stays."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit 1"))

    world.start()
    assert world.topic.messages == [{"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "failed"}]
    world.deliver_stops()

    assert world.left() == {}
    assert (world.record().state, world.record().reason) == ("stopped", EndReason.TASK_ENDED)
    assert "exit 1" in world.record().error


def test_a_failed_attempt_is_cleared_up_although_its_stop_was_not_published(world: LifecycleWorld) -> None:
    """When Publish fails after the record says `failed`, the retry publishes it."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit 1"))
    world.journal.fail("topic.publish", AwsError("sns:Publish", "InternalError", retryable=True))
    with pytest.raises(AwsError):
        world.start(owner="same")

    world.start(owner="same")
    world.deliver_stops()

    assert world.left() == {}


def test_a_failed_attempt_is_gone_before_the_next_begins(world: LifecycleWorld) -> None:
    """A new start while a failed attempt's resources are still there waits, and leaks nothing of it."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit 1"))
    world.start()
    world.clock.advance(5)

    with pytest.raises(TransientError, match="still being stopped"):
        world.start("second", project=OTHER_PROJECT, owner="patient")
    world.deliver_stops()
    world.start("second", project=OTHER_PROJECT, owner="patient", sent_at=world.clock.now())

    assert (world.record().state, world.record().attempt) == ("ready", 2)
    assert world.slots() == [USER]
    assert list(world.rules.rules) == [f"hippo-2-{USER}"]
