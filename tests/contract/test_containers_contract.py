"""Contract tests of clusters and tasks, on which the fake, moto and the emulator must agree."""

import pytest

from hippo.errors import AwsError, ConflictError, PermanentError
from tests.contract.conftest import DEFINITION, Backend


def make_cluster(backend: Backend) -> str:
    """Create a cluster and wait until it is ACTIVE."""
    name = backend.new_name()
    backend.containers.create_cluster(name, {"hippo:stack": "contract"})
    backend.wait_until(lambda: backend.containers.find_cluster_status(name) == "ACTIVE" or None)
    return name


def run_task(backend: Backend, cluster: str, token: str = "token", provider: str = "FARGATE_SPOT") -> str:
    """Run a task, wait until it is visible, and return its ARN."""
    result = backend.containers.run_task(cluster, DEFINITION, provider, token, {"hippo:user": "ada"})
    assert result.task_arn
    return result.task_arn


def end(backend: Backend, cluster: str) -> None:
    """Stop and delete everything."""
    for arn in backend.containers.list_tasks(cluster):
        backend.containers.stop_task(cluster, arn, "over")
    backend.wait_until(lambda: backend.containers.delete_cluster(cluster) or None)


def test_variables_need_an_existing_container(backend: Backend) -> None:
    """Given variables for a container that does not exist, the task permanently fails to run; other
    variables under one token conflict.
    """
    cluster = make_cluster(backend)
    call = (cluster, DEFINITION, "FARGATE_SPOT", "told", {})
    variables = {"HIPPO_GROUP": "1"}

    refused = (cluster, DEFINITION, "FARGATE_SPOT", "refused", {})  # AWS may keep the token of a refusal
    with pytest.raises(PermanentError):
        backend.containers.run_task(*refused, container="other", variables=variables)
    first = backend.containers.run_task(*call, container="game", variables=variables)
    with pytest.raises(ConflictError):
        backend.containers.run_task(*call, container="game", variables={"HIPPO_GROUP": "0"})

    assert first == backend.containers.run_task(*call, container="game", variables=variables)
    end(backend, cluster)


def test_containers_of_a_task_definition(backend: Backend) -> None:
    """Given a task definition, its containers are described; for an unknown one, no retry helps."""
    described = backend.containers.describe_definition(DEFINITION)

    assert (described.name.partition(":")[0], described.cpu, described.memory) == (DEFINITION, 0.25, 0.5)
    assert [(container.name, container.is_essential) for container in described.containers] == [
        ("game", True)
    ]
    with pytest.raises(AwsError) as refusal:
        backend.containers.describe_definition("no-such-definition")
    assert not refusal.value.retryable


def test_an_unknown_cluster_has_no_status(backend: Backend) -> None:
    """Given a cluster that does not exist, its status is None instead of an error."""
    assert backend.containers.find_cluster_status(backend.new_name()) is None


def test_a_cluster_can_be_created_twice(backend: Backend) -> None:
    """Given a cluster that exists, creating it again succeeds."""
    name = make_cluster(backend)

    backend.containers.create_cluster(name, {"hippo:stack": "contract"})

    assert backend.containers.find_cluster_status(name) == "ACTIVE"


def test_a_deleted_cluster_is_inactive_or_gone(backend: Backend) -> None:
    """Given a deleted cluster, it is INACTIVE or gone, and deleting it again succeeds."""
    name = make_cluster(backend)

    assert backend.containers.delete_cluster(name)

    assert backend.containers.find_cluster_status(name) in (None, "INACTIVE")
    assert backend.containers.delete_cluster(name)


def test_an_unknown_cluster_is_deleted_already(backend: Backend) -> None:
    """Given a cluster that does not exist, deleting it succeeds."""
    assert backend.containers.delete_cluster(backend.new_name())


def test_a_task_gets_an_interface(backend: Backend) -> None:
    """Given a started task, DescribeTasks returns its interface by name, and the task is listed."""
    cluster = make_cluster(backend)
    arn = run_task(backend, cluster)

    def find_interface() -> str | None:
        task = backend.containers.describe_task(cluster, arn)
        return task.interface_id if task else None

    assert backend.wait_until(find_interface).startswith("eni-")
    assert backend.containers.list_tasks(cluster) == [arn]
    end(backend, cluster)


def test_the_same_token_gives_the_same_task(backend: Backend) -> None:
    """Given a token that was used before, a retry starts no other task."""
    cluster = make_cluster(backend)

    assert run_task(backend, cluster) == run_task(backend, cluster)

    assert len(backend.containers.list_tasks(cluster)) == 1
    end(backend, cluster)


def test_the_same_token_with_another_provider_is_a_conflict(backend: Backend) -> None:
    """Given a used token with another provider, the call is a ConflictException."""
    cluster = make_cluster(backend)
    run_task(backend, cluster)

    with pytest.raises(ConflictError):
        run_task(backend, cluster, provider="FARGATE")

    end(backend, cluster)


def test_a_task_needs_its_definition(backend: Backend) -> None:
    """Given a task definition that is not registered yet, the error is retryable."""
    cluster = make_cluster(backend)

    with pytest.raises(AwsError):
        backend.containers.run_task(cluster, "not-registered", "FARGATE", "token", {})

    end(backend, cluster)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_task_needs_its_cluster(backend: Backend, deleted: bool) -> None:
    """Given a cluster that never existed or is gone, nothing runs and no cluster is created."""
    name = make_cluster(backend) if deleted else backend.new_name()
    backend.containers.delete_cluster(name)

    with pytest.raises(AwsError, match="ClusterNotFoundException"):
        run_task(backend, name)

    assert backend.containers.find_cluster_status(name) in (None, "INACTIVE")


def test_a_cluster_with_a_task_is_not_deleted(backend: Backend) -> None:
    """Given a cluster with a task, deletion returns False until the task has stopped."""
    cluster = make_cluster(backend)
    run_task(backend, cluster)

    assert not backend.containers.delete_cluster(cluster)

    assert backend.containers.find_cluster_status(cluster) == "ACTIVE"
    end(backend, cluster)


def test_a_stopped_task_comes_to_its_end(backend: Backend) -> None:
    """Given a stopped task, it is no longer listed, becomes STOPPED, and its cluster can be deleted."""
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
    """Given a task that is stopped already, or does not exist, stopping it succeeds."""
    cluster = make_cluster(backend)
    arn = run_task(backend, cluster)

    backend.containers.stop_task(cluster, arn, "over")
    backend.containers.stop_task(cluster, arn, "over")
    end(backend, cluster)
    backend.containers.stop_task(cluster, arn, "over")

    assert backend.containers.list_tasks(cluster) == []


def test_an_unknown_cluster_has_no_tasks(backend: Backend) -> None:
    """Given a cluster that does not exist, no task is listed or described."""
    name = backend.new_name()
    arn = f"arn:aws:ecs:ca-central-1:000000000000:task/{name}/{'0' * 32}"

    assert backend.containers.list_tasks(name) == []
    assert backend.containers.describe_task(name, arn) is None
