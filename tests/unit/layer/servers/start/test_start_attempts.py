"""start_server: new attempts, and failures that no retry fixes."""

import pytest

from hippo.errors import AwsError, TransientError
from hippo.records.codes import EndReason
from hippo.records.server import MAX_ATTEMPTS, ServerRecord
from tests.fakes.world import OTHER_PROJECT, PROJECT, USER, LifecycleWorld


def test_a_new_start_after_the_stop_is_a_new_attempt(ready_world: LifecycleWorld) -> None:
    """Given a second attempt, names, rule and record are those of attempt 2."""
    ready_world.stop()
    ready_world.clock.advance(60)

    ready_world.start("second")

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries, record.cluster) == ("ready", 2, 2, f"hippo-2-{USER}")
    assert ready_world.rules.rules[f"hippo-2-{USER}"].message["attempt"] == 2


def test_a_test_user_who_begins_afresh_gets_a_server(ready_world: LifecycleWorld) -> None:
    """Given a participant record created after the stop, the same step is a new request with new tries."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.put_participant(next_step=2)
    ready_world.clock.advance(5)

    ready_world.start("first")

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries) == ("ready", 2, 1)


def test_too_many_attempts_fail(world: LifecycleWorld) -> None:
    """Given the last allowed attempt within a project, the participant sees an error instead of waiting."""
    for number in range(MAX_ATTEMPTS):
        world.start(f"attempt {number}")
        world.clock.advance(60)
        world.stop()
        world.clock.advance(60)

    world.start("one more")

    assert world.record().state == "failed"
    assert world.record().error == f"{MAX_ATTEMPTS} attempts have failed"
    assert world.left() == {}


def test_tries_are_counted_for_each_project(world: LifecycleWorld) -> None:
    """Given failures in one study, the next study does not count them."""
    world.put_record(
        ServerRecord(USER, PROJECT, "stopped", attempt=9, tries=MAX_ATTEMPTS, stopped_at=world.clock.now())
    )
    world.clock.advance(60)

    world.start(project=OTHER_PROJECT)

    assert (world.record().state, world.record().tries) == ("ready", 1)


def test_an_unknown_project_fails_at_once(world: LifecycleWorld) -> None:
    """Given a failure that no retry fixes, the record says so; nothing is created and nothing raised."""
    world.start(project="unknown")

    assert (world.record().state, world.record().error) == ("failed", "there is no project unknown")
    assert world.left() == {}


def test_an_unknown_project_can_be_published_later(world: LifecycleWorld) -> None:
    """Given a project published after a failure, a new start takes effect."""
    world.start(project="later")
    world.publish("later", ecsTask=PROJECT)
    world.clock.advance(60)

    world.start("again", project="later")

    assert (world.record().state, world.record().error) == ("ready", "")


def test_a_task_definition_that_is_not_there_yet_is_awaited(world: LifecycleWorld) -> None:
    """Given a task definition registered after publication, the same attempt continues with it."""
    world.containers.definitions.clear()
    with pytest.raises(AwsError):
        world.start()
    world.containers.definitions.add(PROJECT)

    world.start("asked again")

    record = world.record()
    assert (record.state, record.attempt) == ("ready", 1)
    assert len(world.containers.tasks) == 1


def test_a_permanent_failure_is_cleared_up_at_once(world: LifecycleWorld) -> None:
    """Given a failed attempt, a stop is published, nothing is left and the error stays."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit 1"))

    world.start()
    assert world.topic.messages == [{"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "failed"}]
    world.deliver_stops()

    assert world.left() == {}
    assert (world.record().state, world.record().reason) == ("stopped", EndReason.TASK_ENDED)
    assert "exit 1" in world.record().error


def test_a_failed_attempt_is_cleared_up_although_its_stop_was_not_published(world: LifecycleWorld) -> None:
    """Given Publish that fails after the record says `failed`, the retry publishes the stop."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit 1"))
    world.journal.fail("topic.publish", AwsError("sns:Publish", "InternalError", retryable=True))
    with pytest.raises(AwsError):
        world.start(owner="same")

    world.start(owner="same")
    world.deliver_stops()

    assert world.left() == {}


def test_a_failed_attempt_is_gone_before_the_next_begins(world: LifecycleWorld) -> None:
    """Given resources of a failed attempt, a new start waits and none of them leaks."""
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
