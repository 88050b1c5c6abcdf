"""start_server: how soon a responding server is ready, and how often AWS is asked meanwhile."""

from datetime import timedelta

from tests.fakes.world import LifecycleWorld


def test_a_server_that_answers_is_ready_within_a_second(world: LifecycleWorld) -> None:
    """Given a port that opens, the participant does not wait for a poll: the port is tried often."""
    world.port_opens_after = 120.0

    world.start()

    (task,) = world.containers.list_living()
    ready_at = world.record().ready_at
    assert ready_at
    assert ready_at - task.made <= timedelta(seconds=121)


def test_aws_is_asked_seldom_while_the_port_is_tried(world: LifecycleWorld) -> None:
    """Given two minutes without a response, few calls are made: invocations share the account's rates."""
    world.port_opens_after = 120.0

    world.start()

    assert len(world.journal.names("containers.describe_task")) <= 40
    assert len(world.journal.names("host_names.is_in_sync")) <= 12
