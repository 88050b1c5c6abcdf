"""start_server: the record says why a start does not progress, without another write."""

import logging

import pytest

from hippo.errors import AwsError, TransientError
from tests.fakes.world import USER, LifecycleWorld

DENIED = AwsError(
    "ecs:RunTask",
    "AccessDeniedException",
    retryable=False,
    detail="hippo-start_server is not authorized to perform: iam:PassRole on resource: "
    "arn:aws:iam::999999999999:role/ecsTaskExecutionRole",
)


def fail(world: LifecycleWorld, error: Exception = DENIED) -> None:
    """Deliver a start whose RunTask fails, as Lambda does until it gives up."""
    world.journal.fail("containers.run_task", error)
    with pytest.raises(type(error)):
        world.start()


def test_record_says_why_a_try_failed(world: LifecycleWorld) -> None:
    """Given a role that may not be passed, the record is still starting, and names role and permission."""
    fail(world)

    record = world.record()
    assert (record.state, record.error, record.lease_until) == ("starting", "", None)
    assert "iam:PassRole" in record.start_problem
    assert "arn:aws:iam::999999999999:role/ecsTaskExecutionRole" in record.start_problem


def test_problem_needs_no_write_of_its_own(world: LifecycleWorld) -> None:
    """Given a try that fails, the write that releases the lease is the only one after the failure."""
    fail(world)

    names = world.journal.names()
    assert names[names.index("containers.run_task") + 1 :] == ["store.read", "store.replace"]


def test_problem_stays_while_the_next_try_is_at_work(world: LifecycleWorld) -> None:
    """Given a second try, the record keeps the problem until that try has succeeded."""
    fail(world)
    seen = []
    world.journal.before("containers.run_task", lambda: seen.append(world.record().start_problem))

    world.start()

    assert "iam:PassRole" in seen[0]
    assert (world.record().state, world.record().problem) == ("ready", "")


def test_last_problem_counts(world: LifecycleWorld) -> None:
    """Given tries that fail differently, the record has the last reason."""
    fail(world)
    fail(world, TransientError("still waiting for 198.51.100.7 to answer by its name"))

    assert world.record().problem == "still waiting for 198.51.100.7 to answer by its name"


def test_no_capacity_is_a_problem_too(world: LifecycleWorld) -> None:
    """Given no capacity anywhere, the record says so."""
    world.containers.shortages = {"FARGATE": "refused", "FARGATE_SPOT": "refused"}
    with pytest.raises(TransientError):
        world.start()

    assert "no capacity on FARGATE_SPOT or FARGATE" in world.record().start_problem


def test_server_stopped_before_it_was_ready_keeps_its_problem(world: LifecycleWorld) -> None:
    """Given a start that never succeeded, its record still says why after the shutdown alarm."""
    fail(world)

    world.let_minutes_pass(61)

    assert world.record().state == "stopped"
    assert "iam:PassRole" in world.record().start_problem


def test_failed_try_is_logged_with_the_participant(
    world: LifecycleWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a try that fails, a log line names participant and reason, so that `hippo logs` finds it."""
    with caplog.at_level(logging.INFO):
        fail(world)

    (line,) = [record for record in caplog.records if record.message == "not started yet"]
    assert line.userId == USER  # type: ignore[attr-defined]
    assert "iam:PassRole" in line.error  # type: ignore[attr-defined]
