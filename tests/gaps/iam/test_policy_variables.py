"""Tests of IAM: variables in policies, and the resources of a researcher's calls."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import ACCOUNT, REGION, Emulator
from tests.gaps.iam.test_authorization import ECS, allow, is_denied
from tests.gaps.test_route53 import make_zone, record
from tests.gaps.test_s3 import make_bucket

TAG = "${aws:PrincipalTag/team}"


def assume_tagged(
    emulator: Emulator, *statements: dict[str, Any], team: str | None = "red"
) -> dict[str, str]:
    """Return credentials of a new role with the tag `team` that may do what `statements` allow."""
    role = emulator.make_role(*statements)
    if team is not None:
        tags = [{"Key": "team", "Value": team}]
        emulator.client("iam").tag_role(RoleName=role.rsplit("/", 1)[-1], Tags=tags)
    session = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }


@pytest.mark.parametrize("versions", [False, True])
def test_a_read_may_be_bound_to_a_tag_of_the_object(emulator: Emulator, versions: bool) -> None:
    """Given a condition on a tag, an object's present tags count (S3 user guide, "Tagging and access control
    policies").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    root = emulator.client("s3")
    if versions:
        root.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    condition = {"s3:ExistingObjectTag/team": [TAG, f"{TAG}-*"]}
    statement = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", StringLike=condition)
    s3 = emulator.client("s3", assume_tagged(emulator, statement))
    untagged = emulator.client("s3", assume_tagged(emulator, statement, team=None))
    etag, seen = "", []
    for team in ("red", "red-1", "reddish", "blue", "", "red"):
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        tagging = {"Tagging": f"kind=server&team={team}"} if team else {}
        etag = root.put_object(Bucket=bucket, Key="a", Body=team.encode(), **condition, **tagging)["ETag"]
        denied = [is_denied(call, Bucket=bucket, Key="a") for call in (s3.get_object, untagged.get_object)]
        seen.append((team, *denied))

    assert seen == [(team, team not in ("red", "red-1"), True) for team, *_ in seen]
    assert not is_denied(s3.get_object, Bucket=bucket, Key="a")
    assert is_denied(s3.get_object, Bucket=bucket, Key="missing")
    with pytest.raises(ClientError, match="403"):
        untagged.head_object(Bucket=bucket, Key="a")
    assert s3.head_object(Bucket=bucket, Key="a")["ContentLength"] == 3
    root.delete_object_tagging(Bucket=bucket, Key="a")
    assert is_denied(s3.get_object, Bucket=bucket, Key="a")


def test_a_resource_may_name_a_tag_of_the_caller(emulator: Emulator) -> None:
    """Given a variable in a resource, the caller's tag replaces it (IAM user guide, "IAM policy elements:
    Variables and tags").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    statement = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/{TAG}/*")
    s3 = emulator.client("s3", assume_tagged(emulator, statement))

    assert not is_denied(s3.put_object, Bucket=bucket, Key="red/a")
    assert is_denied(s3.put_object, Bucket=bucket, Key="blue/a")


def test_a_variable_without_a_value_matches_nothing(emulator: Emulator) -> None:
    """Given a variable without a value, it matches nothing unless it has a default (IAM user guide, "Policy
    variables with no value").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    default = TAG.replace("}", ", 'all'}")
    statement = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/{TAG}*")
    shared = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/{default}/*")
    s3 = emulator.client("s3", assume_tagged(emulator, statement, shared, team=None))

    assert is_denied(s3.put_object, Bucket=bucket, Key="a")
    assert is_denied(s3.put_object, Bucket=bucket, Key=f"{TAG}/a")
    assert not is_denied(s3.put_object, Bucket=bucket, Key="all/a")


@pytest.mark.parametrize(("team", "denied"), [("red", False), ("blue", True), (None, True)])
def test_a_condition_may_name_a_tag_of_the_caller(emulator: Emulator, team: str | None, denied: bool) -> None:
    """Given a variable in a condition, the caller's tag replaces it (IAM user guide, "IAM policy elements:
    Variables and tags").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    statement = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", StringLike={"s3:prefix": f"{TAG}/*"})
    s3 = emulator.client("s3", assume_tagged(emulator, statement, team=team))

    assert is_denied(s3.list_objects_v2, Bucket=bucket, Prefix="red/") is denied


def test_a_negated_condition_is_true_of_a_variable_without_a_value(emulator: Emulator) -> None:
    """Given a variable without a value, StringNotLike matches it (IAM user guide, "Policy variables with no
    value").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    deny = allow("s3:ListBucket", "*", StringNotLike={"s3:prefix": f"{TAG}/*"}) | {"Effect": "Deny"}
    statements = [allow("s3:ListBucket", "*"), deny]
    tagged = emulator.client("s3", assume_tagged(emulator, *statements))
    untagged = emulator.client("s3", assume_tagged(emulator, *statements, team=None))

    assert not is_denied(tagged.list_objects_v2, Bucket=bucket, Prefix="red/")
    assert is_denied(untagged.list_objects_v2, Bucket=bucket, Prefix="red/")


def test_an_upload_with_an_acl_needs_the_permission_for_acls(emulator: Emulator) -> None:
    """Given an ACL, the upload needs s3:PutObjectAcl besides s3:PutObject (S3 API reference, PutObject,
    "Permissions").
    """
    bucket = make_bucket(emulator, f"b{uuid.uuid4().hex[:8]}")
    put, acl = (allow(f"s3:{action}", f"arn:aws:s3:::{bucket}/*") for action in ("PutObject", "PutObjectAcl"))
    without = emulator.client("s3", emulator.assume(put))
    given = emulator.client("s3", emulator.assume(put, acl))

    assert not is_denied(without.put_object, Bucket=bucket, Key="a")
    assert is_denied(without.put_object, Bucket=bucket, Key="a", ACL="private")
    assert not is_denied(given.put_object, Bucket=bucket, Key="a", ACL="private")


def test_registering_is_authorized_on_the_family(emulator: Emulator) -> None:
    """Given RegisterTaskDefinition, its resource type is task-definition (Service Authorization Reference,
    Amazon ECS).
    """
    ecs = emulator.client(
        "ecs", emulator.assume(allow("ecs:RegisterTaskDefinition", f"{ECS}:task-definition/mine:*"))
    )
    arguments = {"containerDefinitions": [{"name": "main", "image": "main"}], "networkMode": "awsvpc"}

    assert not is_denied(ecs.register_task_definition, family="mine", **arguments)
    assert is_denied(ecs.register_task_definition, family="mine-too", **arguments)


@pytest.mark.parametrize("action", ["DescribeTaskDefinition", "ListTaskDefinitions"])
def test_reading_task_definitions_is_authorized_on_everything(emulator: Emulator, action: str) -> None:
    """Given calls that read task definitions, they have no resource type (Service Authorization Reference,
    Amazon ECS).
    """
    definition = emulator.make_definition()
    scoped = emulator.client("ecs", emulator.assume(allow(f"ecs:{action}", f"{ECS}:task-definition/*")))
    free = emulator.client("ecs", emulator.assume(allow(f"ecs:{action}", "*")))
    calls = {
        "DescribeTaskDefinition": lambda ecs: is_denied(
            ecs.describe_task_definition, taskDefinition=definition
        ),
        "ListTaskDefinitions": lambda ecs: is_denied(ecs.list_task_definitions, familyPrefix="mine"),
    }

    assert calls[action](scoped)
    assert not calls[action](free)


def test_describing_repositories_is_authorized_on_each(emulator: Emulator) -> None:
    """Given DescribeRepositories, its resource type is repository (Service Authorization Reference, Amazon
    ECR).
    """
    prefix = f"r{uuid.uuid4().hex[:8]}"
    for name in ("mine", "other"):
        emulator.client("ecr").create_repository(repositoryName=f"{prefix}-{name}")
    resource = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"
    one = emulator.client("ecr", emulator.assume(allow("ecr:DescribeRepositories", f"{resource}*-mine")))
    every = emulator.client("ecr", emulator.assume(allow("ecr:DescribeRepositories", f"{resource}*")))

    assert not is_denied(one.describe_repositories, repositoryNames=[f"{prefix}-mine"])
    assert is_denied(one.describe_repositories, repositoryNames=[f"{prefix}-mine", f"{prefix}-other"])
    assert is_denied(one.describe_repositories)
    assert not is_denied(every.describe_repositories)


def test_reading_a_log_is_authorized_on_a_stream_of_the_group(emulator: Emulator) -> None:
    """Given the ARN of a log group, it ends in `:*` (CloudWatch Logs user guide, "Overview of managing
    access").
    """
    prefix, logs = f"/g{uuid.uuid4().hex[:8]}", emulator.client("logs")
    for name in ("mine", "other"):
        logs.create_log_group(logGroupName=f"{prefix}/{name}")
        logs.create_log_stream(logGroupName=f"{prefix}/{name}", logStreamName="s")
    resource = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{prefix}/mine:*"
    actions = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    reader = emulator.client("logs", emulator.assume(allow(actions, resource)))

    for name, denied in (("mine", False), ("other", True)):
        group = f"{prefix}/{name}"
        assert is_denied(reader.describe_log_streams, logGroupName=group) is denied
        assert is_denied(reader.filter_log_events, logGroupName=group) is denied
        assert is_denied(reader.get_log_events, logGroupName=group, logStreamName="s") is denied


def test_reading_parameters_by_path_is_authorized_on_the_path(emulator: Emulator) -> None:
    """Given GetParametersByPath, its resource type is parameter (Service Authorization Reference, AWS
    Systems Manager).
    """
    resource = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mine"
    ssm = emulator.client("ssm", emulator.assume(allow("ssm:GetParametersByPath", resource)))

    assert not is_denied(ssm.get_parameters_by_path, Path="/mine")
    assert is_denied(ssm.get_parameters_by_path, Path="/other")


def test_a_wildcard_name_is_escaped_in_conditions(emulator: Emulator) -> None:
    r"""Given a wildcard name, `*` is `\052` in conditions (Route 53 developer guide, "Normalize Route 53
    condition key values").
    """
    zone = make_zone(emulator)
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    deny = {**allow("route53:ChangeResourceRecordSets", "*"), "Effect": "Deny"}
    deny["Condition"] = {"ForAnyValue:StringLike": {key: "\\052.*"}}
    statements = allow("route53:ChangeResourceRecordSets", "*"), deny
    route53 = emulator.client("route53", emulator.assume(*statements))

    def denied(name: str) -> bool:
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record(name)}]}
        return is_denied(route53.change_resource_record_sets, HostedZoneId=zone, ChangeBatch=batch)

    assert not denied("a.example.com")
    assert denied("*.example.com")
