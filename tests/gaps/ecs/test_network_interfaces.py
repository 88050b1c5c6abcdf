"""Tests of the network interface of a task and its public address."""

from typing import Any

from tests.gaps.emulators import SUBNET, Emulator


def details_of(task: dict[str, Any]) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in task["attachments"][0]["details"]}


def test_a_new_task_has_an_attachment_without_an_interface(emulator: Emulator) -> None:
    """Given a new task, RunTask returns PRECREATED with the subnet only (ECS API reference, Attachment)."""
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())

    attachment = task["attachments"][0]
    assert (attachment["type"], attachment["status"]) == ("ElasticNetworkInterface", "PRECREATED")
    assert details_of(task) == {"subnetId": SUBNET}


def test_a_running_task_names_its_interface(emulator: Emulator) -> None:
    """Given a running task, its details have networkInterfaceId, privateIPv4Address, … by name (ECS API
    reference, Attachment).
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())

    running = emulator.wait_for_status(task, "RUNNING")

    assert running["attachments"][0]["status"] == "ATTACHED"
    assert set(details_of(running)) == {
        "subnetId",
        "networkInterfaceId",
        "macAddress",
        "privateDnsName",
        "privateIPv4Address",
    }


def test_ec2_returns_the_public_address_of_a_task(emulator: Emulator) -> None:
    """Given a running task, its interface has Association.PublicIp (EC2 API reference,
    DescribeNetworkInterfaces).
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())
    details = details_of(emulator.wait_for_status(task, "RUNNING"))

    answer = emulator.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[details["networkInterfaceId"]]
    )

    interface = answer["NetworkInterfaces"][0]
    assert interface["Association"]["PublicIp"] == details["privateIPv4Address"]
    assert interface["Status"] == "in-use"


def test_a_task_without_a_public_address_has_none(emulator: Emulator) -> None:
    """Given no assignPublicIp, it is DISABLED and the task has no public address (ECS API reference,
    AwsVpcConfiguration).
    """
    cluster, definition = emulator.make_cluster(), emulator.make_definition()
    answer = emulator.client("ecs").run_task(
        cluster=cluster,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
    )
    details = details_of(emulator.wait_for_status(answer["tasks"][0], "RUNNING"))

    found = emulator.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[details["networkInterfaceId"]]
    )

    assert "Association" not in found["NetworkInterfaces"][0]


def test_the_interface_is_deleted_with_the_task(emulator: Emulator) -> None:
    """Given a stopping task, its interface is deleted in DEPROVISIONING (ECS developer guide, "Amazon ECS
    task lifecycle").
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())
    details = details_of(emulator.wait_for_status(task, "RUNNING"))

    emulator.stop_task(task)
    stopped = emulator.wait_for_status(task, "STOPPED")

    left = emulator.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    assert details["networkInterfaceId"] not in [interface["NetworkInterfaceId"] for interface in left]
    assert stopped["attachments"][0]["status"] == "DELETED"
