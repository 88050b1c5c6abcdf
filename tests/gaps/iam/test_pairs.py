"""Tests of IAM in pairs: a call on the resource that a policy names, and the same call on another one."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import ACCOUNT, REGION, Emulator
from tests.gaps.iam.test_authorization import ECS, allow, is_denied, run_arguments
from tests.gaps.lambda_.test_async_invocations import make_queue
from tests.gaps.test_eventbridge import make_topic
from tests.gaps.test_route53 import make_zone, record
from tests.gaps.test_s3 import make_bucket

# Pairs of the ARN for the policy and the name in the call.
Resource = tuple[str, Any]


def name() -> str:
    return f"pair-{uuid.uuid4().hex[:8]}"


def cluster(emulator: Emulator) -> Resource:
    made = emulator.make_cluster()
    return f"{ECS}:cluster/{made}", made


def rule(emulator: Emulator) -> Resource:
    emulator.client("events").put_rule(Name=(made := name()), ScheduleExpression="rate(1 day)")
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{made}", made


def object_in_bucket(emulator: Emulator) -> Resource:
    bucket = make_bucket(emulator, name())
    emulator.client("s3").put_object(Bucket=bucket, Key="p/Users/u", Body=b"{}")
    return f"arn:aws:s3:::{bucket}/*/Users/*", bucket


def bucket(emulator: Emulator) -> Resource:
    made = make_bucket(emulator, name())
    return f"arn:aws:s3:::{made}", made


def topic(emulator: Emulator) -> Resource:
    made = make_topic(emulator, None)[0]
    return made, made


def function(emulator: Emulator) -> Resource:
    made = emulator.make_function("def handler(event, context):\n    return 1\n")
    return made, made


def zone(emulator: Emulator) -> Resource:
    made = make_zone(emulator, f"{name()}.example.com")
    return f"arn:aws:route53:::hostedzone/{made}", made


def log_group(emulator: Emulator) -> Resource:
    emulator.client("logs").create_log_group(logGroupName=(made := f"/test/{name()}"))
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{made}:*", made


def read(client: Any, bucket: str) -> bool:
    return is_denied(client.get_object, Bucket=bucket, Key="p/Users/u")


def write(client: Any, bucket: str) -> bool:
    return is_denied(client.put_object, Bucket=bucket, Key="p/Users/u", Body=b"{}")


def delete(client: Any, bucket: str) -> bool:
    return is_denied(client.delete_object, Bucket=bucket, Key="p/Users/u")


def tag_cluster(client: Any, cluster: str) -> bool:
    tags = [{"key": "study", "value": "a"}]
    return is_denied(client.tag_resource, resourceArn=f"{ECS}:cluster/{cluster}", tags=tags)


PAIRS: dict[str, tuple[Callable[[Emulator], Resource], Callable[[Any, Any], bool]]] = {
    "ecs:DeleteCluster": (cluster, lambda ecs, one: is_denied(ecs.delete_cluster, cluster=one)),
    "ecs:TagResource": (cluster, tag_cluster),
    "events:DescribeRule": (rule, lambda events, one: is_denied(events.describe_rule, Name=one)),
    "events:DisableRule": (rule, lambda events, one: is_denied(events.disable_rule, Name=one)),
    "events:EnableRule": (rule, lambda events, one: is_denied(events.enable_rule, Name=one)),
    "s3:GetObject": (object_in_bucket, read),
    "s3:PutObject": (object_in_bucket, write),
    "s3:DeleteObject": (object_in_bucket, delete),
    "s3:ListBucket": (bucket, lambda s3, one: is_denied(s3.list_objects_v2, Bucket=one)),
    "sns:Publish": (topic, lambda sns, one: is_denied(sns.publish, TopicArn=one, Message="{}")),
    "sqs:SendMessage": (
        make_queue,
        lambda sqs, one: is_denied(sqs.send_message, QueueUrl=one, MessageBody="{}"),
    ),
    "lambda:InvokeFunction": (function, lambda client, one: is_denied(client.invoke, FunctionName=one)),
    "route53:ListResourceRecordSets": (
        zone,
        lambda route53, one: is_denied(route53.list_resource_record_sets, HostedZoneId=one),
    ),
    "logs:CreateLogStream": (
        log_group,
        lambda logs, one: is_denied(logs.create_log_stream, logGroupName=one, logStreamName=name()),
    ),
}


@pytest.mark.parametrize("action", PAIRS)
def test_a_call_is_authorized_on_its_own_resource(emulator: Emulator, action: str) -> None:
    """Given an action, it is authorized on its resource type (Service Authorization Reference, one page per
    service).
    """
    make, call = PAIRS[action]
    (arn, mine), (_, other) = make(emulator), make(emulator)
    client = emulator.client(action.partition(":")[0], emulator.assume(allow(action, arn)))

    assert [call(client, mine), call(client, other)] == [False, True]


def test_names_can_be_written_into_one_zone_only(emulator: Emulator) -> None:
    """Given a policy on one hosted zone, names can be written there only (Service Authorization Reference,
    Amazon Route 53).
    """
    mine, other = make_zone(emulator), make_zone(emulator)
    statement = allow("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{mine}")
    route53 = emulator.client("route53", emulator.assume(statement))
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record("u1.example.com")}]}

    denied = [
        is_denied(route53.change_resource_record_sets, HostedZoneId=one, ChangeBatch=batch)
        for one in (mine, other)
    ]

    assert denied == [False, True]


def test_an_action_without_resources_is_authorized_on_everything(emulator: Emulator) -> None:
    """Given DescribeNetworkInterfaces, it has no resource type (Service Authorization Reference, Amazon
    EC2).
    """
    interface = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*"
    free, scoped = (
        emulator.client("ec2", emulator.assume(allow("ec2:DescribeNetworkInterfaces", resource)))
        for resource in ("*", interface)
    )

    assert not is_denied(free.describe_network_interfaces)
    assert is_denied(scoped.describe_network_interfaces)


def test_one_role_is_passed_and_no_other(emulator: Emulator) -> None:
    """Given a role, iam:PassRole is authorized on the role itself (IAM user guide, "Grant permissions to
    pass a role").
    """
    mine, other, cluster = emulator.make_role(), emulator.make_role(), emulator.make_cluster()
    definitions = [emulator.make_definition(taskRoleArn=role) for role in (mine, other)]
    statements = allow("ecs:RunTask", "*"), allow("iam:PassRole", mine)
    ecs = emulator.client("ecs", emulator.assume(*statements))

    denied = [is_denied(ecs.run_task, **run_arguments(cluster, definition)) for definition in definitions]

    assert denied == [False, True]


def test_a_role_of_an_override_must_be_passed_too(emulator: Emulator) -> None:
    """Given overrides.taskRoleArn, it replaces the definition's role (ECS API reference, TaskOverride)."""
    mine, other, cluster = emulator.make_role(), emulator.make_role(), emulator.make_cluster()
    statements = allow("ecs:RunTask", "*"), allow("iam:PassRole", mine)
    ecs = emulator.client("ecs", emulator.assume(*statements))
    arguments = run_arguments(cluster, emulator.make_definition())

    denied = [is_denied(ecs.run_task, **arguments, overrides={"taskRoleArn": role}) for role in (mine, other)]

    assert denied == [False, True]


def test_a_definition_needs_its_roles_passed(emulator: Emulator) -> None:
    """Given roles, RegisterTaskDefinition needs PassRole (Service Authorization Reference, Amazon ECS)."""
    mine, other = emulator.make_role(), emulator.make_role()
    statements = allow("ecs:RegisterTaskDefinition", "*"), allow("iam:PassRole", mine)
    ecs = emulator.client("ecs", emulator.assume(*statements))
    container = {"name": "main", "image": "server"}

    denied = [
        is_denied(
            ecs.register_task_definition, family=name(), taskRoleArn=role, containerDefinitions=[container]
        )
        for role in (mine, other)
    ]

    assert denied == [False, True]


def test_a_denial_outweighs_what_is_allowed(emulator: Emulator) -> None:
    """Given an explicit Deny, it overrides an Allow (IAM user guide, "Policy evaluation logic")."""
    (_, mine), (other_arn, other) = cluster(emulator), cluster(emulator)
    refusal = {"Effect": "Deny", "Action": "ecs:DeleteCluster", "Resource": other_arn}
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:*", "*"), refusal))

    assert [is_denied(ecs.delete_cluster, cluster=one) for one in (mine, other)] == [False, True]


def test_a_role_is_assumed_by_principals_of_its_trust_policy(emulator: Emulator) -> None:
    """Given a role, sts:AssumeRole needs its trust (IAM user guide, "How to use trust policies")."""
    iam, sts = emulator.client("iam"), emulator.client("sts", emulator.assume(allow("sts:AssumeRole", "*")))
    denied = []
    for principal in ({"AWS": "*"}, {"Service": "lambda.amazonaws.com"}):
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name(), AssumeRolePolicyDocument=document)["Role"]["Arn"]
        denied.append(is_denied(sts.assume_role, RoleArn=role, RoleSessionName="test"))

    assert denied == [False, True]


def test_a_wrong_signature_is_rejected(emulator: Emulator) -> None:
    """Given a wrong signature, the call is rejected before policies are evaluated (IAM user guide, "AWS
    Signature Version 4").
    """
    keys = emulator.assume(allow("ecs:ListClusters", "*"))
    forged = {**keys, "aws_secret_access_key": "another secret"}

    emulator.client("ecs", keys).list_clusters()
    with pytest.raises(ClientError) as refusal:
        emulator.client("ecs", forged).list_clusters()

    assert refusal.value.response["Error"]["Code"] in ("InvalidSignatureException", "SignatureDoesNotMatch")
