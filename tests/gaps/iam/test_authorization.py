"""Tests of IAM: the resource and condition keys of each call."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import ACCOUNT, REGION, SUBNET, Emulator
from tests.gaps.test_eventbridge import ALLOW, make_topic
from tests.gaps.test_route53 import make_zone, record

ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
# Most services use the first two codes; SNS and EC2 have their own.
DENIALS = ("AccessDeniedException", "AccessDenied", "AuthorizationError", "UnauthorizedOperation")


def allow(action: str | list[str], resource: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def is_denied(call: Callable[..., Any], **arguments: Any) -> bool:
    """Return whether IAM denies a call; fail the test on any other error."""
    try:
        call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIALS:
            return True
        raise
    return False


def in_cluster(name: str) -> dict[str, Any]:
    return {"ecs:cluster": f"{ECS}:cluster/{name}"}


def run_arguments(cluster: str, definition: str) -> dict[str, Any]:
    network = {"awsvpcConfiguration": {"subnets": [SUBNET], "assignPublicIp": "ENABLED"}}
    return {
        "cluster": cluster,
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": network,
    }


def test_run_task_is_authorized_on_the_task_definition(emulator: Emulator) -> None:
    """Given RunTask, its resource type is task-definition (Service Authorization Reference, Amazon ECS)."""
    cluster, mine, other = emulator.make_cluster(), emulator.make_definition(), emulator.make_definition()
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:RunTask", mine)))

    assert not is_denied(ecs.run_task, **run_arguments(cluster, mine))
    assert is_denied(ecs.run_task, **run_arguments(cluster, other))


def test_run_task_can_be_limited_to_clusters(emulator: Emulator) -> None:
    """Given the condition key ecs:cluster, RunTask is limited to it (Service Authorization Reference, Amazon
    ECS).
    """
    mine, other, definition = emulator.make_cluster(), emulator.make_cluster(), emulator.make_definition()
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:RunTask", "*", ArnLike=in_cluster(mine))))

    assert not is_denied(ecs.run_task, **run_arguments(mine, definition))
    assert is_denied(ecs.run_task, **run_arguments(other, definition))


@pytest.mark.parametrize("action", ["StopTask", "DescribeTasks"])
def test_a_call_on_a_task_is_authorized_on_the_task(emulator: Emulator, action: str) -> None:
    """Given StopTask or DescribeTasks, the resource type is task (Service Authorization Reference, Amazon
    ECS).
    """
    definition = emulator.make_definition()
    tasks = [emulator.run_task(emulator.make_cluster(), definition) for _ in range(2)]
    prefix = tasks[0]["taskArn"].rsplit("/", 1)[0]
    ecs = emulator.client("ecs", emulator.assume(allow(f"ecs:{action}", f"{prefix}/*")))

    denied = [
        is_denied(ecs.stop_task, cluster=task["clusterArn"], task=task["taskArn"])
        if action == "StopTask"
        else is_denied(ecs.describe_tasks, cluster=task["clusterArn"], tasks=[task["taskArn"]])
        for task in tasks
    ]

    assert denied == [False, True]


@pytest.mark.parametrize("action", ["StopTask", "DescribeTasks", "ListTasks"])
def test_a_call_on_tasks_can_be_limited_to_clusters(emulator: Emulator, action: str) -> None:
    """Given the condition key ecs:cluster, calls on tasks are limited to it (Service Authorization
    Reference, Amazon ECS).
    """
    clusters, definition = [emulator.make_cluster(), emulator.make_cluster()], emulator.make_definition()
    tasks = [emulator.run_task(cluster, definition) for cluster in clusters]
    condition = in_cluster(clusters[0])
    ecs = emulator.client("ecs", emulator.assume(allow(f"ecs:{action}", "*", ArnEquals=condition)))
    calls = {
        "StopTask": lambda task: is_denied(ecs.stop_task, cluster=task["clusterArn"], task=task["taskArn"]),
        "DescribeTasks": lambda task: is_denied(
            ecs.describe_tasks, cluster=task["clusterArn"], tasks=[task["taskArn"]]
        ),
        "ListTasks": lambda task: is_denied(ecs.list_tasks, cluster=task["clusterArn"]),
    }

    assert [calls[action](task) for task in tasks] == [False, True]


def test_describing_two_tasks_needs_both(emulator: Emulator) -> None:
    """Given two tasks, DescribeTasks is authorized on each (Service Authorization Reference, Amazon ECS)."""
    cluster, definition = emulator.make_cluster(), emulator.make_definition()
    first, second = (emulator.run_task(cluster, definition)["taskArn"] for _ in range(2))
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:DescribeTasks", first)))

    assert not is_denied(ecs.describe_tasks, cluster=cluster, tasks=[first])
    assert is_denied(ecs.describe_tasks, cluster=cluster, tasks=[first, second])


def test_describe_clusters_is_authorized_on_the_cluster(emulator: Emulator) -> None:
    """Given DescribeClusters, its resource type is cluster (Service Authorization Reference, Amazon ECS)."""
    mine, other = emulator.make_cluster(), emulator.make_cluster()
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:DescribeClusters", f"{ECS}:cluster/{mine}")))

    assert not is_denied(ecs.describe_clusters, clusters=[mine])
    assert is_denied(ecs.describe_clusters, clusters=[other])


def test_create_cluster_is_authorized_on_everything(emulator: Emulator) -> None:
    """Given CreateCluster, it has no resource type (Service Authorization Reference, Amazon ECS)."""
    scoped = emulator.client("ecs", emulator.assume(allow("ecs:CreateCluster", f"{ECS}:cluster/*")))
    free = emulator.client("ecs", emulator.assume(allow("ecs:CreateCluster", "*")))

    assert is_denied(scoped.create_cluster, clusterName="judged")
    assert not is_denied(free.create_cluster, clusterName="judged")


@pytest.mark.parametrize("kind", ["taskRoleArn", "executionRoleArn"])
def test_run_task_needs_to_pass_the_roles_of_the_definition(emulator: Emulator, kind: str) -> None:
    """Given a definition with roles, RunTask needs iam:PassRole on each (ECS developer guide, "Amazon ECS
    task IAM role").
    """
    role, cluster = emulator.make_role(), emulator.make_cluster()
    definition = emulator.make_definition(**{kind: role})
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    without = emulator.client("ecs", emulator.assume(allow("ecs:RunTask", "*")))
    given = emulator.client(
        "ecs",
        emulator.assume(allow("ecs:RunTask", "*"), allow("iam:PassRole", role, StringEquals=passed)),
    )
    elsewhere = {"iam:PassedToService": "lambda.amazonaws.com"}
    wrong = emulator.client(
        "ecs",
        emulator.assume(allow("ecs:RunTask", "*"), allow("iam:PassRole", role, StringEquals=elsewhere)),
    )

    assert is_denied(without.run_task, **run_arguments(cluster, definition))
    assert is_denied(wrong.run_task, **run_arguments(cluster, definition))
    assert not is_denied(given.run_task, **run_arguments(cluster, definition))


def test_tags_on_a_new_cluster_need_the_permission_to_tag(emulator: Emulator) -> None:
    """Given tags, CreateCluster needs ecs:TagResource with ecs:CreateAction (ECS developer guide, "Tag
    resources during creation").
    """
    create = allow("ecs:CreateCluster", "*")
    action = {"ecs:CreateAction": "CreateCluster"}
    tag = allow("ecs:TagResource", f"{ECS}:cluster/tagged-*", StringEquals=action)
    without, given = (
        emulator.client("ecs", emulator.assume(create)),
        emulator.client("ecs", emulator.assume(create, tag)),
    )
    arguments = {"clusterName": "tagged-1", "tags": [{"key": "stack", "value": "test"}]}

    assert is_denied(without.create_cluster, **arguments)
    assert not is_denied(given.create_cluster, **arguments)


def test_new_tags_can_be_prescribed(emulator: Emulator) -> None:
    """Given the condition key aws:RequestTag/…, CreateCluster needs that tag (Service Authorization
    Reference, Amazon ECS).
    """
    condition = {"aws:RequestTag/stack": "mine"}
    create = allow("ecs:CreateCluster", "*", StringEquals=condition)
    ecs = emulator.client("ecs", emulator.assume(create, allow("ecs:TagResource", "*")))

    assert not is_denied(ecs.create_cluster, clusterName="t-1", tags=[{"key": "stack", "value": "mine"}])
    assert is_denied(ecs.create_cluster, clusterName="t-2", tags=[{"key": "stack", "value": "other"}])


def test_a_call_can_be_limited_to_tagged_clusters(emulator: Emulator) -> None:
    """Given the condition key aws:ResourceTag/…, DeleteCluster is limited to clusters with it (Service
    Authorization Reference, Amazon ECS).
    """
    root = emulator.client("ecs")
    for name, value in (("r-1", "mine"), ("r-2", "other")):
        root.create_cluster(clusterName=name, tags=[{"key": "stack", "value": value}])
    condition = {"aws:ResourceTag/stack": "mine"}
    ecs = emulator.client("ecs", emulator.assume(allow("ecs:DeleteCluster", "*", StringEquals=condition)))

    assert not is_denied(ecs.delete_cluster, cluster="r-1")
    assert is_denied(ecs.delete_cluster, cluster="r-2")


@pytest.mark.parametrize(
    "action", ["PutRule", "PutTargets", "ListTargetsByRule", "RemoveTargets", "DeleteRule"]
)
def test_a_call_on_a_rule_is_authorized_on_the_rule(emulator: Emulator, action: str) -> None:
    """Given a call on a rule, the resource type is rule (Service Authorization Reference, Amazon
    EventBridge).
    """
    topic, _ = make_topic(emulator, ALLOW)
    rules = [f"{action}-mine", f"{action}-other"]
    for rule in rules:
        emulator.client("events").put_rule(Name=rule, ScheduleExpression="rate(1 day)")
    resource = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{action}-m*"
    events = emulator.client("events", emulator.assume(allow(f"events:{action}", resource)))
    calls = {
        "PutRule": lambda rule: is_denied(events.put_rule, Name=rule, ScheduleExpression="rate(1 day)"),
        "PutTargets": lambda rule: is_denied(
            events.put_targets, Rule=rule, Targets=[{"Id": "t", "Arn": topic}]
        ),
        "ListTargetsByRule": lambda rule: is_denied(events.list_targets_by_rule, Rule=rule),
        "RemoveTargets": lambda rule: is_denied(events.remove_targets, Rule=rule, Ids=["t"]),
        "DeleteRule": lambda rule: is_denied(events.delete_rule, Name=rule),
    }

    assert [calls[action](rule) for rule in rules] == [False, True]


def test_targets_can_be_prescribed(emulator: Emulator) -> None:
    """Given the condition key events:TargetArn, PutTargets is limited to it (Service Authorization
    Reference, Amazon EventBridge).
    """
    mine, other = make_topic(emulator, ALLOW)[0], make_topic(emulator, ALLOW)[0]
    emulator.client("events").put_rule(Name="targets", ScheduleExpression="rate(1 day)")
    condition = {"ForAllValues:ArnEquals": {"events:TargetArn": mine}}
    statement = {**allow("events:PutTargets", "*"), "Condition": condition}
    events = emulator.client("events", emulator.assume(statement))

    assert not is_denied(events.put_targets, Rule="targets", Targets=[{"Id": "t", "Arn": mine}])
    assert is_denied(events.put_targets, Rule="targets", Targets=[{"Id": "t", "Arn": other}])


def test_tags_on_a_new_rule_need_the_permission_to_tag(emulator: Emulator) -> None:
    """Given tags, PutRule needs events:TagResource besides events:PutRule (EventBridge API reference,
    PutRule).
    """
    put = allow("events:PutRule", "*")
    without = emulator.client("events", emulator.assume(put))
    given = emulator.client("events", emulator.assume(put, allow("events:TagResource", "*")))
    arguments = {
        "Name": "tagged",
        "ScheduleExpression": "rate(1 day)",
        "Tags": [{"Key": "stack", "Value": "test"}],
    }

    assert is_denied(without.put_rule, **arguments)
    assert not is_denied(given.put_rule, **arguments)


@pytest.mark.parametrize(
    ("key", "value", "other"),
    [
        ("NormalizedRecordNames", "mine-*.example.com", ("CREATE", record("other.example.com"))),
        ("Actions", "CREATE", ("UPSERT", record("mine-2.example.com"))),
        ("RecordTypes", "A", ("CREATE", {**record("mine-2.example.com", '"x"'), "Type": "TXT"})),
    ],
)
def test_dns_changes_can_be_limited(
    emulator: Emulator, key: str, value: str, other: tuple[str, dict[str, Any]]
) -> None:
    """Given the three keys of ChangeResourceRecordSets, changes are limited to them (Service Authorization
    Reference, Amazon Route 53).
    """
    zone = make_zone(emulator)
    condition = {"ForAllValues:StringLike": {f"route53:ChangeResourceRecordSets{key}": value}}
    resource = f"arn:aws:route53:::hostedzone/{zone}"
    statement = {**allow("route53:ChangeResourceRecordSets", resource), "Condition": condition}
    route53 = emulator.client("route53", emulator.assume(statement))

    def denied(action: str, what: dict[str, Any]) -> bool:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": what}]}
        return is_denied(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=batch)

    assert not denied("CREATE", record("Mine-1.Example.com"))
    assert denied(*other)


def test_get_change_is_authorized_on_the_change(emulator: Emulator) -> None:
    """Given GetChange, its resource type is change (Service Authorization Reference, Amazon Route 53)."""
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record("a.example.com")}]}
    change = emulator.client("route53").change_resource_record_sets(
        HostedZoneId=make_zone(emulator), ChangeBatch=batch
    )["ChangeInfo"]["Id"]
    granted = emulator.assume(allow("route53:GetChange", "arn:aws:route53:::change/*"))
    other = emulator.assume(allow("route53:GetChange", "arn:aws:route53:::hostedzone/*"))

    assert not is_denied(emulator.client("route53", granted).get_change, Id=change)
    assert is_denied(emulator.client("route53", other).get_change, Id=change)


def test_listing_can_be_limited_to_a_prefix(emulator: Emulator) -> None:
    """Given the condition key s3:prefix, ListBucket is limited to it (Service Authorization Reference,
    Amazon S3).
    """
    emulator.client("s3").create_bucket(
        Bucket="prefixes", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    statement = allow("s3:ListBucket", "arn:aws:s3:::prefixes", StringLike={"s3:prefix": "mine/*"})
    s3 = emulator.client("s3", emulator.assume(statement))

    assert not is_denied(s3.list_objects_v2, Bucket="prefixes", Prefix="mine/a")
    assert is_denied(s3.list_objects_v2, Bucket="prefixes", Prefix="other/a")
