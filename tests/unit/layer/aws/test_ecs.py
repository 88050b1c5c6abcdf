"""ECS and EC2: the meaning of their responses."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from hippo.aws.ecs import Containers, RunResult
from hippo.errors import AwsError, ConflictError, PermanentError
from tests.fakes.containers import CAPACITY
from tests.unit.layer.aws.calls import CALLS, CLIENTS, TASK_ARN

CONTAINERS = Containers(CLIENTS["ecs"], ["subnet"], "group")


@pytest.mark.parametrize(
    "code",
    [
        "ClusterContainsTasksException",
        "ClusterContainsServicesException",
        "ClusterContainsContainerInstancesException",
        "UpdateInProgressException",
    ],
)
def test_a_cluster_in_use_is_not_deleted_yet(stub: Callable[..., None], code: str) -> None:
    """Given a cluster that is busy, deletion returns False instead of raising, so that it is retried."""
    stub("ecs", "delete_cluster", code)

    assert CALLS["delete_cluster"][1]() is False


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("delete_cluster", True), ("describe_tasks", None), ("list_tasks", []), ("stop_task", None)],
)
def test_a_cluster_that_is_not_there_has_nothing(
    stub: Callable[..., None], operation: str, expected: object
) -> None:
    """Given ClusterNotFoundException, no error is raised: there is nothing to stop."""
    stub("ecs", operation, "ClusterNotFoundException")

    assert CALLS[operation][1]() == expected


@pytest.mark.parametrize("operation", ["list_tasks", "stop_task"])
@pytest.mark.parametrize("code", ["InvalidParameterException", "ClientException"])
def test_an_inactive_cluster_has_nothing(stub: Callable[..., None], operation: str, code: str) -> None:
    """Given a cluster that was just deleted, AWS's other texts also mean that it is gone."""
    stub("ecs", operation, code, text="The referenced cluster was inactive.")

    assert not CALLS[operation][1]()


def test_a_task_that_is_gone_is_stopped(stub: Callable[..., None]) -> None:
    """Given a task that stopped an hour ago, which ECS no longer knows, stopping it succeeds."""
    stub("ecs", "stop_task", "InvalidParameterException", text="The referenced task was not found.")

    assert CALLS["stop_task"][1]() is None


@pytest.mark.parametrize("operation", ["list_tasks", "stop_task"])
def test_another_invalid_parameter_is_a_fault(stub: Callable[..., None], operation: str) -> None:
    """Given other texts for StopTask, the error is raised."""
    stub("ecs", operation, "InvalidParameterException", text="taskId length should be one of [32,36]")

    with pytest.raises(AwsError):
        CALLS[operation][1]()


def test_a_token_in_use_is_a_conflict(stub: Callable[..., None]) -> None:
    """Given ConflictException of RunTask, a ConflictError is raised."""
    stub("ecs", "run_task", "ConflictException")

    with pytest.raises(ConflictError):
        CALLS["run_task"][1]()


def test_a_shortage_may_be_an_error(stub: Callable[..., None]) -> None:
    """Given a shortage that AWS reports as an exception, it counts as a failure."""
    stub("ecs", "run_task", "ClientException", text=CAPACITY)

    assert CALLS["run_task"][1]() == RunResult(None, [CAPACITY])


@pytest.mark.parametrize("code", ["InvalidParameterException", "ClientException"])
def test_a_container_that_is_not_there_is_permanent(stub: Callable[..., None], code: str) -> None:
    """Given a container that the task lacks, no retry helps, and the error says what to change."""
    text = "Override for container named game is not a container in the TaskDefinition."
    stub("ecs", "run_task", code, text=text)

    with pytest.raises(PermanentError, match=r"definition d has no container game.*awsSetup\.containerName"):
        CONTAINERS.run_task("name", "d", "FARGATE", "token", {}, container="game", variables={"A": "b"})


def test_another_invalid_parameter_of_a_task_is_a_fault(stub: Callable[..., None]) -> None:
    """Given subnets, groups or roles with the same code, the error may pass."""
    stub("ecs", "run_task", "InvalidParameterException", text="No subnets were found")

    with pytest.raises(AwsError):
        CALLS["run_task"][1]()


@pytest.mark.parametrize("variables", [{}, {"HIPPO_GROUP": "1"}])
def test_only_variables_make_overrides(variables: dict[str, str]) -> None:
    """Given no variables, the call has no overrides."""
    sent: list[dict[str, Any]] = []
    client = SimpleNamespace(run_task=lambda **named: sent.append(named) or {"tasks": [{"taskArn": "x"}]})

    Containers(client, ["subnet"], "group").run_task(
        "name", "d", "FARGATE", "token", {}, container="game", variables=variables
    )

    told = {"name": "game", "environment": [{"name": "HIPPO_GROUP", "value": "1"}]}
    assert sent[0].get("overrides") == ({"containerOverrides": [told]} if variables else None)


def test_failures_are_read_with_their_detail(stub: Callable[..., None]) -> None:
    """Given failures of RunTask, the result has their reasons and details."""
    stub("ecs", "run_task", {"tasks": [], "failures": [{"reason": "AGENT", "detail": "lost"}, {"arn": "x"}]})

    assert CALLS["run_task"][1]() == RunResult(None, ["AGENT lost", ""])


def test_an_interface_is_found_by_the_name_of_its_detail(stub: Callable[..., None]) -> None:
    """Given attachments and details in any order, the task is read by their names."""
    details = [{"name": "subnetId", "value": "subnet"}, {"name": "networkInterfaceId", "value": "eni-1"}]
    others = {"type": "ServiceConnect", "details": [{"name": "networkInterfaceId", "value": "wrong"}]}
    interface = {"type": "ElasticNetworkInterface", "details": details}
    stub("ecs", "describe_tasks", {"tasks": [{"taskArn": TASK_ARN, "attachments": [others, interface]}]})

    task = Containers(CLIENTS["ecs"]).describe_task("name", TASK_ARN)

    assert task
    assert task.interface_id == "eni-1"


@pytest.mark.parametrize("attachments", [[], [{"type": "ElasticNetworkInterface", "details": []}]])
def test_an_interface_that_is_not_attached_yet_is_none(
    stub: Callable[..., None], attachments: list[dict[str, Any]]
) -> None:
    """Given a task that is PROVISIONING, it has no interface yet."""
    task = {"taskArn": TASK_ARN, "lastStatus": "PROVISIONING", "attachments": attachments}
    stub("ecs", "describe_tasks", {"tasks": [task]})

    found = Containers(CLIENTS["ecs"]).describe_task("name", TASK_ARN)

    assert found
    assert (found.status, found.interface_id) == ("PROVISIONING", None)


def test_a_task_that_ecs_does_not_show_is_none(stub: Callable[..., None]) -> None:
    """Given a failure MISSING of DescribeTasks, which has status 200, the task is None."""
    stub("ecs", "describe_tasks", {"tasks": [], "failures": [{"arn": TASK_ARN, "reason": "MISSING"}]})

    assert CALLS["describe_tasks"][1]() is None


@pytest.mark.parametrize(
    "answer",
    [
        "InvalidNetworkInterfaceID.NotFound",
        {"NetworkInterfaces": []},
        {"NetworkInterfaces": [{"Status": "pending"}]},
    ],
)
def test_an_address_that_is_not_there_yet_is_none(stub: Callable[..., None], answer: Any) -> None:
    """Given EC2 that lags behind ECS, the address is None."""
    stub("ec2", "describe_network_interfaces", answer)

    assert CALLS["describe_network_interfaces"][1]() is None
