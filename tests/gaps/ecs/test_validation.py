"""Tests of requests that ECS rejects."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import Emulator


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """Return the error code of a call that must be rejected."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return str(refusal.value.response["Error"]["Code"])


def deleted_cluster(emulator: Emulator) -> str:
    name = emulator.make_cluster()
    emulator.client("ecs").delete_cluster(cluster=name)
    return name


def test_run_task_in_a_missing_cluster_is_rejected(emulator: Emulator) -> None:
    """Given a missing cluster, RunTask is ClusterNotFoundException, and no cluster is created (ECS API
    reference, RunTask).
    """
    definition = emulator.make_definition()

    code = code_of(emulator.run_task, cluster="never-made", definition=definition)

    found = emulator.client("ecs").describe_clusters(clusters=["never-made"])
    assert code == "ClusterNotFoundException"
    assert found["failures"][0]["reason"] == "MISSING"


def test_run_task_in_a_deleted_cluster_is_rejected(emulator: Emulator) -> None:
    """Given a deleted cluster, RunTask is ClusterNotFoundException, "The referenced cluster was inactive"
    (ECS API reference, RunTask).
    """
    definition = emulator.make_definition()

    code = code_of(emulator.run_task, cluster=deleted_cluster(emulator), definition=definition)

    assert code == "ClusterNotFoundException"


def test_a_deleted_cluster_is_inactive(emulator: Emulator) -> None:
    """Given a deleted cluster, it stays discoverable as INACTIVE for a while (ECS API reference,
    DeleteCluster).
    """
    name = deleted_cluster(emulator)

    found = emulator.client("ecs").describe_clusters(clusters=[name])["clusters"]

    assert found[0]["status"] == "INACTIVE"


def test_a_deleted_cluster_can_be_created_again(emulator: Emulator) -> None:
    """Given the name of an INACTIVE cluster, CreateCluster returns an ACTIVE one (ECS API reference)."""
    name = deleted_cluster(emulator)

    emulator.client("ecs").create_cluster(clusterName=name, capacityProviders=["FARGATE_SPOT"])

    assert emulator.run_task(name, emulator.make_definition())["desiredStatus"] == "RUNNING"


def test_list_tasks_of_a_missing_cluster_is_rejected(emulator: Emulator) -> None:
    """Given a missing cluster, ListTasks is ClusterNotFoundException (ECS API reference, ListTasks)."""
    code = code_of(emulator.client("ecs").list_tasks, cluster="never-made")

    assert code == "ClusterNotFoundException"


def test_run_task_without_a_network_is_rejected(emulator: Emulator) -> None:
    """Given awsvpc without networkConfiguration, RunTask is InvalidParameterException (ECS API reference,
    RunTask).
    """
    code = code_of(
        emulator.client("ecs").run_task,
        cluster=emulator.make_cluster(),
        taskDefinition=emulator.make_definition(),
        launchType="FARGATE",
    )

    assert code == "InvalidParameterException"


def test_run_task_on_a_provider_that_the_cluster_lacks_is_rejected(emulator: Emulator) -> None:
    """Given a provider that is not associated with the cluster, RunTask is InvalidParameterException (ECS
    API reference, RunTask).
    """
    emulator.client("ecs").create_cluster(clusterName="no-spot", capacityProviders=["FARGATE"])

    code = code_of(emulator.run_task, cluster="no-spot", definition=emulator.make_definition())

    assert code == "InvalidParameterException"


def test_run_task_of_an_inactive_definition_is_rejected(emulator: Emulator) -> None:
    """Given an inactive definition, RunTask is ClientException, "TaskDefinition is inactive" (ECS API
    reference, DeregisterTaskDefinition).
    """
    definition = emulator.make_definition()
    emulator.client("ecs").deregister_task_definition(taskDefinition=definition)

    code = code_of(emulator.run_task, cluster=emulator.make_cluster(), definition=definition)

    assert code == "ClientException"


def test_the_same_client_token_gives_the_same_task(emulator: Emulator) -> None:
    """Given a repeated call, it starts no other task (ECS API reference, "Ensuring idempotency")."""
    cluster, definition = emulator.make_cluster(), emulator.make_definition()

    first = emulator.run_task(cluster, definition, clientToken="attempt-1")
    second = emulator.run_task(cluster, definition, clientToken="attempt-1")

    assert first["taskArn"] == second["taskArn"]
    assert emulator.client("ecs").list_tasks(cluster=cluster)["taskArns"] == [first["taskArn"]]


def test_the_same_client_token_with_other_parameters_is_a_conflict(emulator: Emulator) -> None:
    """Given a used token with other parameters, RunTask is ConflictException (ECS API reference, RunTask)."""
    cluster = emulator.make_cluster()
    emulator.run_task(cluster, emulator.make_definition(), clientToken="attempt-1")

    code = code_of(
        emulator.run_task, cluster=cluster, definition=emulator.make_definition(), clientToken="attempt-1"
    )

    assert code == "ConflictException"


def test_a_long_client_token_is_rejected(emulator: Emulator) -> None:
    """Given a token of more than 64 characters, RunTask is rejected (ECS API reference, RunTask)."""
    code = code_of(
        emulator.run_task,
        cluster=emulator.make_cluster(),
        definition=emulator.make_definition(),
        clientToken="t" * 65,
    )

    assert code == "InvalidParameterException"


def test_a_cluster_with_a_running_task_is_not_deleted(emulator: Emulator) -> None:
    """Given a running task, DeleteCluster is ClusterContainsTasksException (ECS API reference,
    DeleteCluster).
    """
    cluster = emulator.make_cluster()
    emulator.run_task(cluster, emulator.make_definition())

    code = code_of(emulator.client("ecs").delete_cluster, cluster=cluster)

    assert code == "ClusterContainsTasksException"


def test_a_cluster_whose_tasks_have_stopped_is_deleted(emulator: Emulator) -> None:
    """Given only stopped tasks, the cluster is deleted (ECS API reference, DeleteCluster)."""
    cluster = emulator.make_cluster()
    task = emulator.run_task(cluster, emulator.make_definition(image="brief"))
    emulator.wait_for_status(task, "STOPPED")

    answer = emulator.client("ecs").delete_cluster(cluster=cluster)

    assert answer["cluster"]["status"] == "INACTIVE"


def test_an_override_for_an_unknown_container_is_rejected(emulator: Emulator) -> None:
    """Given an override for an unknown container, RunTask is InvalidParameterException and starts no task
    (https://github.com/azavea/django-ecsmanage/issues/21).
    """
    cluster, definition = emulator.make_cluster(), emulator.make_definition()
    other = {"containerOverrides": [{"name": "other", "environment": [{"name": "A", "value": "b"}]}]}

    code = code_of(emulator.run_task, cluster=cluster, definition=definition, overrides=other)

    assert code == "InvalidParameterException"
    assert emulator.client("ecs").list_tasks(cluster=cluster)["taskArns"] == []
