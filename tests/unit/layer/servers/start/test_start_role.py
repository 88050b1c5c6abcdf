"""start_server: no game gets the stack's execution role, which pulls all images and writes all logs."""

import pytest

from hippo.errors import TransientError
from hippo.servers.start.game_container import KnownDefinitions
from tests.fakes.world import PROJECT, LifecycleWorld

EXECUTION = "arn:aws:iam::123456789012:role/hippo-TaskExecutionRole-1"


@pytest.fixture
def world(world: LifecycleWorld) -> LifecycleWorld:
    """Return a world whose start_server knows the execution role."""
    world.execution_role = EXECUTION
    return world


@pytest.mark.parametrize("role", [EXECUTION, "hippo-TaskExecutionRole-1", EXECUTION.replace("-T", "-t")])
@pytest.mark.parametrize("setup", [{}, {"containerName": PROJECT}])
def test_execution_role_as_task_role(world: LifecycleWorld, role: str, setup: dict[str, str]) -> None:
    """Given a definition that gives the game the execution role, in any form, no task runs."""
    world.containers.task_role = role
    world.publish(PROJECT, awsSetup=setup)

    world.start()

    assert (world.record().state, world.containers.tasks) == ("failed", {})
    assert "gives the game the stack's execution role" in world.record().error


@pytest.mark.parametrize("role", ["", "arn:aws:iam::123456789012:role/hippo-TaskRole-1", "mine"])
def test_other_task_roles(world: LifecycleWorld, role: str) -> None:
    """Given no task role, the stack's, or one of the operator's, the server starts."""
    world.containers.task_role = role

    world.start()

    assert world.record().state == "ready"


def test_an_unread_definition_does_not_run(world: LifecycleWorld) -> None:
    """Given a definition that is registered between its check and RunTask, it does not run unchecked."""
    world.containers.definitions.clear()
    with pytest.raises(TransientError, match="cannot be read"):
        world.start()
    assert not world.journal.arguments("containers.run_task")
    world.containers.definitions.add(PROJECT)

    world.start("asked again")

    assert world.record().state == "ready"


def test_the_next_try_reads_nothing_again(world: LifecycleWorld) -> None:
    """Given a name without a revision that was read, its revision, which the next try names, is known."""
    known = KnownDefinitions()

    for name in (PROJECT, f"{PROJECT}:1"):
        known.find(world.containers, name)  # type: ignore[arg-type]

    assert world.journal.arguments("containers.describe_definition") == [{"name": PROJECT}]
