"""start_server: no server starts that is larger than the operator allows."""

import pytest

from hippo.errors import TransientError
from hippo.studies.task_rules import SizeLimits
from tests.fakes.world import PROJECT, LifecycleWorld

SMALL = SizeLimits(cpu=2, memory=8)


@pytest.mark.parametrize("size", [(4.0, 8.0), (2.0, 16.0), (float("inf"), 8.0), (float("nan"), 8.0)])
def test_a_server_that_is_too_large_does_not_start(world: LifecycleWorld, size: tuple[float, float]) -> None:
    """Given a task definition beyond the limits, no task runs, and the record says what is too large."""
    world.limits, world.containers.size = SMALL, size

    world.start()

    assert world.record().state == "failed"
    assert "more than the 2 vCPU and 8 GB" in world.record().error
    assert world.containers.tasks == {}
    assert world.topic.messages  # the stop that removes the cluster


def test_a_server_within_the_limits_starts(world: LifecycleWorld) -> None:
    """Given a task definition exactly at the limits, its server starts."""
    world.limits, world.containers.size = SMALL, (2.0, 8.0)

    world.start()

    assert world.record().state == "ready"


def test_a_named_container_does_not_avoid_the_check(world: LifecycleWorld) -> None:
    """Given a config that names the container, the size is checked all the same."""
    world.limits, world.containers.size = SMALL, (16.0, 120.0)
    world.publish(PROJECT, awsSetup={"containerName": PROJECT})

    world.start()

    assert (world.record().state, world.containers.tasks) == ("failed", {})


def test_a_larger_revision_during_the_start_does_not_run(world: LifecycleWorld) -> None:
    """Given a revision registered after the check, the task runs the revision that was checked."""
    world.limits = SMALL
    world.journal.fail("containers.run_task", TransientError("ecs:RunTask: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.containers.revision = 2

    world.start(owner="same")

    assert world.record().task_definition == f"{PROJECT}:1"
    assert [task.definition for task in world.containers.tasks.values()] == [f"{PROJECT}:1"]


def test_an_unknown_size_is_awaited(world: LifecycleWorld) -> None:
    """Given limits and a definition that is registered later, nothing runs until its size is known."""
    world.limits = SMALL
    world.containers.definitions.clear()
    with pytest.raises(TransientError, match="cannot be read"):
        world.start()
    assert world.containers.tasks == {}
    world.containers.definitions.add(PROJECT)

    world.start("asked again")

    assert world.record().state == "ready"


@pytest.mark.parametrize(
    ("limits", "storage", "state"),
    [
        (SMALL, 20, "ready"),
        (SMALL, 21, "failed"),
        (SizeLimits(cpu=2, memory=60), 60, "ready"),
        (SizeLimits(cpu=2, memory=60), 61, "failed"),
        (SizeLimits(cpu=2), 200, "ready"),
    ],
)
def test_the_disk_is_limited_with_the_memory(
    world: LifecycleWorld, limits: SizeLimits, storage: int, state: str
) -> None:
    """Given a limit of the memory, a task's disk may be as large, and what each task has is never refused."""
    world.limits, world.containers.storage = limits, storage

    world.start()

    assert world.record().state == state
    assert ("ephemeralStorage" in world.record().error) is (state == "failed")
