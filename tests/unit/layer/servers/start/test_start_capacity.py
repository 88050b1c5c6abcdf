"""start_server: Spot first, On-Demand only if Spot has no capacity."""

import pytest

from hippo.aws.ecs import is_capacity_shortage
from hippo.errors import TransientError
from tests.fakes.containers import CAPACITY
from tests.fakes.world import HOST, NAME, PROJECT, LifecycleWorld


def providers(world: LifecycleWorld) -> list[str]:
    """Return the capacity providers of the RunTask calls, in order."""
    return [call["provider"] for call in world.journal.arguments("containers.run_task")]


def test_spot_is_enough(world: LifecycleWorld) -> None:
    """Given capacity on Spot, no other provider is asked."""
    world.start()

    assert providers(world) == ["FARGATE_SPOT"]
    assert world.record().capacity_provider == "FARGATE_SPOT"


@pytest.mark.parametrize("shortage", ["refused", "stopped", "interrupted"])
def test_on_demand_where_spot_has_no_capacity(world: LifecycleWorld, shortage: str) -> None:
    """Given failures of RunTask, an unplaced task or an interruption, the start moves to FARGATE."""
    world.containers.shortages["FARGATE_SPOT"] = shortage

    world.start()

    assert providers(world) == ["FARGATE_SPOT", "FARGATE"]
    assert (world.record().state, world.record().capacity_provider) == ("ready", "FARGATE")
    assert len(world.containers.list_living()) == 1


def test_an_interruption_while_the_name_spreads_moves_the_name(world: LifecycleWorld) -> None:
    """Given an interrupted Spot task, its name moves to the On-Demand task that replaces it."""
    world.containers.shortages["FARGATE_SPOT"] = "interrupted"
    world.port_opens_after = 60

    world.start()

    assert world.host_names.records[HOST].addresses == (world.record().public_ip,)
    assert world.record().addresses == ("203.0.113.1", "203.0.113.2")


def test_other_failures_are_no_reason_to_pay_more(world: LifecycleWorld) -> None:
    """Given a failure unrelated to capacity, it is retried later on Spot."""
    world.containers.failures = ["RESOURCE:ENI"]

    with pytest.raises(TransientError, match="RESOURCE:ENI"):
        world.start(owner="same")
    world.start(owner="same")

    assert providers(world) == ["FARGATE_SPOT", "FARGATE_SPOT"]


def test_an_answer_without_task_and_failures_is_not_believed(world: LifecycleWorld) -> None:
    """Given RunTask without a task or a failure, nothing has started."""
    world.containers.failures = [""]

    with pytest.raises(TransientError, match="no task"):
        world.start()


def test_no_capacity_anywhere_is_tried_again_later(world: LifecycleWorld) -> None:
    """Given no capacity at all, the start raises, and begins again with Spot."""
    world.containers.shortages = {"FARGATE_SPOT": "refused", "FARGATE": "refused"}
    with pytest.raises(TransientError, match="no capacity"):
        world.start(owner="same")
    world.containers.shortages = {}

    world.start(owner="same")

    assert providers(world) == ["FARGATE_SPOT", "FARGATE", "FARGATE_SPOT"]
    assert world.record().state == "ready"


def test_a_second_round_does_not_get_the_stopped_tasks_again(world: LifecycleWorld) -> None:
    """Given a token that ECS knows, it returns the old task, so another round has other tokens."""
    world.containers.shortages = {"FARGATE_SPOT": "stopped", "FARGATE": "stopped"}
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.containers.shortages = {}

    world.start(owner="same")

    assert world.record().state == "ready"
    tokens = [call["token"] for call in world.journal.arguments("containers.run_task")]
    assert len(set(tokens)) == 3


def test_a_continued_start_stays_with_its_provider(world: LifecycleWorld) -> None:
    """Given a start that had moved to FARGATE, it does not ask Spot again when continued."""
    world.containers.shortages["FARGATE_SPOT"] = "refused"
    world.journal.fail("host_names.create", TransientError("route53"))
    with pytest.raises(TransientError):
        world.start(owner="same")

    world.start(owner="same")

    assert providers(world) == ["FARGATE_SPOT", "FARGATE"]
    assert len(world.containers.tasks) == 1


def test_a_lost_answer_of_run_task_starts_no_second_task(world: LifecycleWorld) -> None:
    """Given a retry, its token is the same, so ECS returns the task of the first try."""
    world.journal.lose_answer("containers.run_task", TransientError("ecs:RunTask: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")

    world.start(owner="same")

    assert world.record().task_arn == f"arn:task/{NAME}/1"
    assert len(world.containers.tasks) == 1


def test_a_new_revision_between_two_tries_adopts_the_running_task(world: LifecycleWorld) -> None:
    """Given a ConflictException for a token with another definition, the running task is used."""
    world.publish(PROJECT, awsSetup={"containerName": PROJECT})  # so the revision is not looked up
    world.journal.lose_answer("containers.run_task", TransientError("ecs:RunTask: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.containers.revision = 2

    world.start(owner="same")

    assert (world.record().state, world.record().task_arn) == ("ready", f"arn:task/{NAME}/1")
    assert len(world.containers.tasks) == 1


def test_a_conflict_without_a_task_to_see_is_tried_again(world: LifecycleWorld) -> None:
    """Given ListTasks that does not show the task yet, the start raises instead of starting another."""
    world.publish(PROJECT, awsSetup={"containerName": PROJECT})  # so the revision is not looked up
    world.journal.lose_answer("containers.run_task", TransientError("ecs:RunTask: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.containers.revision = 2
    world.containers.seconds_until_seen = 1000

    with pytest.raises(TransientError, match="conflicts"):
        world.start(owner="same")


def test_a_refusal_of_a_shortage_is_recognised_by_its_text() -> None:
    """Given the text that AWS uses, the shortage is recognised."""
    assert is_capacity_shortage(CAPACITY)
    assert not is_capacity_shortage("CannotPullContainerError: no such image")


@pytest.mark.parametrize("named", [True, False])
def test_a_full_subnet_is_left_out(world: LifecycleWorld, named: bool) -> None:
    """Given a subnet without addresses, named in the reason or not, another is tried, still on Spot."""
    world.containers.full_subnets, world.containers.names_full_subnet = {"subnet-1"}, named

    world.start()

    assert providers(world) == ["FARGATE_SPOT", "FARGATE_SPOT"]
    [task] = world.containers.list_living()
    assert (task.subnet, task.arn) == ("subnet-2", world.record().task_arn)
    assert world.record().state == "ready"


def test_full_subnets_everywhere_are_a_shortage(world: LifecycleWorld) -> None:
    """Given no address in any subnet, each is tried once per provider, and all again later."""
    world.containers.full_subnets = {"subnet-1", "subnet-2"}
    with pytest.raises(TransientError, match="no capacity"):
        world.start(owner="same")
    assert providers(world) == ["FARGATE_SPOT", "FARGATE_SPOT", "FARGATE", "FARGATE"]
    world.containers.full_subnets = set()

    world.start(owner="same")

    assert world.record().state == "ready"
    assert len(world.containers.list_living()) == 1
