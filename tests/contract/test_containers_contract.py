"""Clusters and tasks: the fake, moto and the emulator have to agree about them."""

import pytest

from hippo.errors import AwsError, ConflictError, PermanentError
from tests.contract.conftest import DEFINITION, Backend


def make_cluster(backend: Backend) -> str:
    """A new cluster that is ACTIVE."""
    name = backend.new_name()
    backend.containers.create_cluster(name, {"hippo:stack": "contract"})
    backend.wait_until(lambda: backend.containers.find_cluster_status(name) == "ACTIVE" or None)
    return name


def run_task(backend: Backend, cluster: str, token: str = "token", provider: str = "FARGATE_SPOT") -> str:
    """The ARN of a task that is shown."""
    result = backend.containers.run_task(cluster, DEFINITION, provider, token, {"hippo:user": "ada"})
    assert result.task_arn
    return result.task_arn


def end(backend: Backend, cluster: str) -> None:
    """Take everything down."""
    for arn in backend.containers.list_tasks(cluster):
        backend.containers.stop_task(cluster, arn, "over")
    backend.wait_until(lambda: backend.containers.delete_cluster(cluster) or None)


def test_variables_need_a_container_that_is_there(backend: Backend) -> None:
    """For good, else the task runs; with other variables the token is in use."""
    cluster = make_cluster(backend)
    call = (cluster, DEFINITION, "FARGATE_SPOT", "told", {})
    told = {"HIPPO_GROUP": "1"}

    with pytest.raises(PermanentError):
        backend.containers.run_task(*call, container="other", variables=told)
    first = backend.containers.run_task(*call, container="game", variables=told)
    with pytest.raises(ConflictError):
        backend.containers.run_task(*call, container="game", variables={"HIPPO_GROUP": "0"})

    assert first == backend.containers.run_task(*call, container="game", variables=told)
    end(backend, cluster)


def test_an_unknown_cluster_has_no_status(backend: Backend) -> None:
    """None, not an error."""
    assert backend.containers.find_cluster_status(backend.new_name()) is None


def test_a_cluster_can_be_made_twice(backend: Backend) -> None:
    """The call is idempotent."""
    name = make_cluster(backend)

    backend.containers.create_cluster(name, {"hippo:stack": "contract"})

    assert backend.containers.find_cluster_status(name) == "ACTIVE"


def test_a_deleted_cluster_is_inactive_or_gone(backend: Backend) -> None:
    """And deleting it again is fine."""
    name = make_cluster(backend)

    assert backend.containers.delete_cluster(name)

    assert backend.containers.find_cluster_status(name) in (None, "INACTIVE")
    assert backend.containers.delete_cluster(name)


def test_an_unknown_cluster_is_deleted_already(backend: Backend) -> None:
    """Whoever comes second has nothing to do."""
    assert backend.containers.delete_cluster(backend.new_name())


def test_a_task_gets_an_interface(backend: Backend) -> None:
    """DescribeTasks shows it by name, and the task is listed."""
    cluster = make_cluster(backend)
    arn = run_task(backend, cluster)

    def find_interface() -> str | None:
        task = backend.containers.describe_task(cluster, arn)
        return task.interface_id if task else None

    assert backend.wait_until(find_interface).startswith("eni-")
    assert backend.containers.list_tasks(cluster) == [arn]
    end(backend, cluster)


def test_the_same_token_gives_the_same_task(backend: Backend) -> None:
    """A retry starts nothing."""
    cluster = make_cluster(backend)

    assert run_task(backend, cluster) == run_task(backend, cluster)

    assert len(backend.containers.list_tasks(cluster)) == 1
    end(backend, cluster)


def test_the_same_token_with_another_provider_is_a_conflict(backend: Backend) -> None:
    """ConflictException."""
    cluster = make_cluster(backend)
    run_task(backend, cluster)

    with pytest.raises(ConflictError):
        run_task(backend, cluster, provider="FARGATE")

    end(backend, cluster)


def test_a_task_needs_its_definition(backend: Backend) -> None:
    """One that is not registered yet is a fault that may pass."""
    cluster = make_cluster(backend)

    with pytest.raises(AwsError):
        backend.containers.run_task(cluster, "not-registered", "FARGATE", "token", {})

    end(backend, cluster)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_task_needs_its_cluster(backend: Backend, deleted: bool) -> None:
    """A cluster that never was or is gone runs nothing, and is not made by the way."""
    name = make_cluster(backend) if deleted else backend.new_name()
    backend.containers.delete_cluster(name)

    with pytest.raises(AwsError, match="ClusterNotFoundException"):
        run_task(backend, name)

    assert backend.containers.find_cluster_status(name) in (None, "INACTIVE")


def test_a_cluster_with_a_task_is_not_deleted(backend: Backend) -> None:
    """False until the task has stopped."""
    cluster = make_cluster(backend)
    run_task(backend, cluster)

    assert not backend.containers.delete_cluster(cluster)

    assert backend.containers.find_cluster_status(cluster) == "ACTIVE"
    end(backend, cluster)


def test_a_stopped_task_comes_to_its_end(backend: Backend) -> None:
    """It is listed no more, becomes STOPPED, and lets the cluster go."""
    cluster = make_cluster(backend)
    arn = run_task(backend, cluster)

    backend.containers.stop_task(cluster, arn, "over")

    def has_stopped() -> bool | None:
        task = backend.containers.describe_task(cluster, arn)
        return True if task is None or task.status == "STOPPED" else None

    assert backend.containers.list_tasks(cluster) == []
    assert backend.wait_until(has_stopped)
    assert backend.wait_until(lambda: backend.containers.delete_cluster(cluster) or None)


def test_stopping_twice_and_stopping_nothing_is_fine(backend: Backend) -> None:
    """A stop may be at work for the second time."""
    cluster = make_cluster(backend)
    arn = run_task(backend, cluster)

    backend.containers.stop_task(cluster, arn, "over")
    backend.containers.stop_task(cluster, arn, "over")
    end(backend, cluster)
    backend.containers.stop_task(cluster, arn, "over")

    assert backend.containers.list_tasks(cluster) == []


def test_an_unknown_cluster_has_no_tasks(backend: Backend) -> None:
    """None to list, none to describe."""
    name = backend.new_name()
    arn = f"arn:aws:ecs:ca-central-1:000000000000:task/{name}/{'0' * 32}"

    assert backend.containers.list_tasks(name) == []
    assert backend.containers.describe_task(name, arn) is None
