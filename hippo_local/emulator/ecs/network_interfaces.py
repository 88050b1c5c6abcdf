"""ECS and EC2: the elastic network interface of a task, and its public address.

AWS (ECS API reference, Attachment and Task; "Fargate task networking"; EC2 API reference,
DescribeNetworkInterfaces): a task in awsvpc mode has an attachment of type ElasticNetworkInterface. Until
the interface exists, its status is PRECREATED and its details hold the subnet only. Then it is ATTACHED, with
networkInterfaceId, macAddress, privateDnsName and privateIPv4Address, and EC2 returns the public address.

MiniStack without Docker has no attachment, no interface and no public address.
"""

import re
import threading
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_ec2 = load("services.ec2")
_ecs = load("services.ecs")
_lock = threading.Lock()


def install() -> None:
    """Patch MiniStack so that DescribeNetworkInterfaces returns public addresses."""
    require(_ec2, "_create_network_interface", "_network_interfaces")
    plain = patch(_ec2, "_eni_fields_xml", None)

    def with_public_address(interface: dict[str, Any], tag: str = "item") -> str:
        xml: str = plain(interface, tag)
        address = interface.get("PublicIp")
        if not address:
            return xml
        association = (
            f"<association><publicIp>{address}</publicIp><publicDnsName></publicDnsName>"
            "<ipOwnerId>amazon</ipOwnerId></association>"
        )
        return xml.replace("<groupSet>", association + "<groupSet>", 1)

    patch(_ec2, "_eni_fields_xml", with_public_address)


def add_attachment(task: dict[str, Any]) -> None:
    """Add to a task in awsvpc mode the attachment that it has before its interface exists."""
    with _lock:
        if task.get("_network_mode") == "awsvpc" and not task["attachments"]:
            task["attachments"] = [
                {
                    "id": _ecs.new_uuid(),
                    "type": "ElasticNetworkInterface",
                    "status": "PRECREATED",
                    "details": [{"name": "subnetId", "value": task["_subnet"]}],
                }
            ]


def keep_network_configuration(data: dict[str, Any]) -> dict[str, Any]:
    """Return a RunTask request that carries its network configuration to the task.

    MiniStack keeps the subnet only. It never returns values under keys that begin with an underscore.
    """
    configuration = (data.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    overrides = data.get("overrides") or {"containerOverrides": [], "inferenceAcceleratorOverrides": []}
    return {**data, "overrides": {**overrides, "_network": configuration}}


def attach(task: dict[str, Any], address: str) -> None:
    """Create the interface of a task, with `address` as its private and public address."""
    for attachment in task["attachments"]:
        interface = _create_interface(task, address)
        attachment["status"] = "ATTACHED"
        attachment["details"] = [
            *attachment["details"],
            {"name": "networkInterfaceId", "value": interface["NetworkInterfaceId"]},
            {"name": "macAddress", "value": interface["MacAddress"]},
            {
                "name": "privateDnsName",
                "value": f"ip-{address.replace('.', '-')}.ca-central-1.compute.internal",
            },
            {"name": "privateIPv4Address", "value": address},
        ]
        for container in task["containers"]:
            container["networkInterfaces"] = [
                {"attachmentId": attachment["id"], "privateIpv4Address": address}
            ]


def detach(task: dict[str, Any]) -> None:
    """Delete the interface of a task."""
    _ec2._network_interfaces.pop(task.pop("_network_interface", None), None)
    for attachment in task["attachments"]:
        attachment["status"] = "DELETED"


def _create_interface(task: dict[str, Any], address: str) -> dict[str, Any]:
    network = task["overrides"].get("_network", {})
    request = {
        "SubnetId": [task["_subnet"]],
        "Description": [f"arn:aws:ecs:ca-central-1:attachment/{task['attachments'][0]['id']}"],
    }
    for number, group in enumerate(network.get("securityGroups", []), start=1):
        request[f"SecurityGroupId.{number}"] = [group]
    _, _, body = _ec2._create_network_interface(request)
    text = body.decode() if isinstance(body, bytes) else body
    found = re.search(r"<networkInterfaceId>([^<]+)", text)
    assert found is not None
    interface: dict[str, Any] = _ec2._network_interfaces[found[1]]
    interface.update(Status="in-use", PrivateIpAddress=address)
    if network.get("assignPublicIp") == "ENABLED":
        interface["PublicIp"] = address
    task["_network_interface"] = interface["NetworkInterfaceId"]
    return interface
