"""The AWS account as an operator prepares it before the first deployment: zone, network, task role."""

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from hippo_local.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_route53.client import Route53Client

# Browsers resolve every name below it to this machine.
ROOT_DOMAIN = "localhost"
TASK_EXECUTION_ROLE = "ecsTaskExecutionRole"
_TASK_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass(frozen=True)
class Account:
    """The ids that the template needs from its operator."""

    hosted_zone_id: str
    subnet_id: str
    security_group_id: str


def prepare_account(aws: Aws, game_server_port: int) -> Account:
    """Create what the template's parameters refer to, and the role that ECS creates at first use."""
    subnet_id, security_group_id = _create_network(aws.make_client("ec2"), game_server_port)
    _ensure_task_execution_role(aws.make_client("iam"))
    return Account(_ensure_hosted_zone(aws.make_client("route53")), subnet_id, security_group_id)


def _ensure_hosted_zone(route53: "Route53Client") -> str:
    for zone in route53.list_hosted_zones_by_name(DNSName=ROOT_DOMAIN)["HostedZones"]:
        if zone["Name"].rstrip(".") == ROOT_DOMAIN:
            return zone["Id"].rsplit("/", 1)[-1]
    created = route53.create_hosted_zone(Name=ROOT_DOMAIN, CallerReference=str(uuid.uuid4()))
    return created["HostedZone"]["Id"].rsplit("/", 1)[-1]


def _create_network(ec2: "EC2Client", game_server_port: int) -> tuple[str, str]:
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    group_id = ec2.create_security_group(
        VpcId=vpc_id, GroupName="game-servers", Description="Participants to their game servers"
    )["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group_id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": game_server_port,
                "ToPort": game_server_port,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    return subnet_id, group_id


def _ensure_task_execution_role(iam: "IAMClient") -> None:
    try:
        iam.create_role(RoleName=TASK_EXECUTION_ROLE, AssumeRolePolicyDocument=json.dumps(_TASK_TRUST))
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
