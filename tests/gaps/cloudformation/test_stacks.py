"""Tests of CloudFormation: properties and types that the template of the platform may have."""

import json
from typing import Any

import pytest

from tests.gaps.emulators import Emulator
from tests.gaps.iam.test_authorization import allow, is_denied
from tests.gaps.lambda_.test_async_invocations import make_queue
from tests.gaps.processes import wait_for
from tests.gaps.test_route53 import a_records, make_zone, record


def function_resource(emulator: Emulator, **properties: Any) -> dict[str, Any]:
    code = {"ZipFile": "def handler(event, context):\n    return 1\n"}
    common = {"Runtime": "python3.13", "Handler": "index.handler", "Role": emulator.make_role(), "Code": code}
    return {"Type": "AWS::Lambda::Function", "Properties": {**common, **properties}}


def test_a_function_keeps_its_dead_letter_queue(emulator: Emulator) -> None:
    """Given DeadLetterConfig, the function keeps it (CloudFormation template reference,
    AWS::Lambda::Function).
    """
    queue, _ = make_queue(emulator)
    made = emulator.deploy({"F": function_resource(emulator, DeadLetterConfig={"TargetArn": queue})})

    configuration = emulator.client("lambda").get_function_configuration(FunctionName=made["F"])

    assert configuration["DeadLetterConfig"] == {"TargetArn": queue}


def test_a_function_keeps_its_reserved_concurrency(emulator: Emulator) -> None:
    """Given ReservedConcurrentExecutions, the function keeps it (CloudFormation template reference,
    AWS::Lambda::Function).
    """
    made = emulator.deploy({"F": function_resource(emulator, ReservedConcurrentExecutions=3)})

    answer = emulator.client("lambda").get_function_concurrency(FunctionName=made["F"])

    assert answer["ReservedConcurrentExecutions"] == 3


def test_an_event_invoke_config_is_kept(emulator: Emulator) -> None:
    """Given AWS::Lambda::EventInvokeConfig, it is kept (CloudFormation template reference)."""
    config = {"FunctionName": {"Ref": "F"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1}
    resources = {
        "F": function_resource(emulator),
        "C": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": config},
    }
    made = emulator.deploy(resources)

    answer = emulator.client("lambda").list_function_event_invoke_configs(FunctionName=made["F"])

    assert [entry["MaximumRetryAttempts"] for entry in answer["FunctionEventInvokeConfigs"]] == [1]


def test_a_new_topic_accepts_messages_from_callers_who_may_publish(emulator: Emulator) -> None:
    """Given a new topic, sns:Publish is needed (SNS developer guide, "Identity and access management",
    default policy).
    """
    made = emulator.deploy({name: {"Type": "AWS::SNS::Topic", "Properties": {}} for name in ("T", "S")})
    sns = emulator.client("sns", emulator.assume(allow("sns:Publish", made["T"])))

    assert not is_denied(sns.publish, TopicArn=made["T"], Message="{}")
    assert is_denied(sns.publish, TopicArn=made["S"], Message="{}")


def test_a_record_set_group_creates_its_records(emulator: Emulator) -> None:
    """Given AWS::Route53::RecordSetGroup, which SAM creates for an Api's Domain, its records are created
    (CloudFormation reference).
    """
    zone = make_zone(emulator)
    names = ("a.example.com", "b.example.com")
    sets = [{**record(name), "ResourceRecords": ["192.0.2.1"], "TTL": "10"} for name in names]
    group = {"HostedZoneId": zone, "RecordSets": sets}

    emulator.deploy({"G": {"Type": "AWS::Route53::RecordSetGroup", "Properties": group}})

    assert a_records(emulator, zone) == ["a.example.com.", "b.example.com."]


def test_a_record_set_group_follows_its_stack(emulator: Emulator) -> None:
    """Given a changed group, it loses and gains records, and a deleted one loses all (CloudFormation
    reference).
    """
    zone = make_zone(emulator)
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net"}

    def group(*names: str) -> dict[str, Any]:
        sets = [{"Name": name, "Type": "A", "AliasTarget": target} for name in names]
        properties = {"HostedZoneId": zone, "RecordSets": sets}
        return {"G": {"Type": "AWS::Route53::RecordSetGroup", "Properties": properties}}

    emulator.change_stack("grouped", "create", group("a.example.com", "b.example.com"))
    emulator.change_stack("grouped", "update", group("b.example.com", "c.example.com"))
    updated = a_records(emulator, zone)
    emulator.client("cloudformation").delete_stack(StackName="grouped")

    assert updated == ["b.example.com.", "c.example.com."]
    assert wait_for(lambda: not a_records(emulator, zone))


def test_a_role_policy_is_put_on_its_role(emulator: Emulator) -> None:
    """Given AWS::IAM::RolePolicy, it is attached to its role (CloudFormation template reference)."""
    role = emulator.make_role().rsplit("/", 1)[-1]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {"RoleName": role, "PolicyName": "read", "PolicyDocument": document}

    emulator.deploy({"P": {"Type": "AWS::IAM::RolePolicy", "Properties": policy}})

    found = emulator.client("iam").get_role_policy(RoleName=role, PolicyName="read")["PolicyDocument"]
    assert (json.loads(found) if isinstance(found, str) else found) == document


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::IAM::ServiceLinkedRole", {"AWSServiceName": "ecs.amazonaws.com"}),
        ("AWS::EC2::SecurityGroupIngress", {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 5000}),
        ("AWS::EC2::SecurityGroupEgress", {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}),
        ("AWS::EC2::EIP", {"Domain": "vpc"}),
        ("AWS::WAFv2::WebACLAssociation", {"ResourceArn": "arn:x", "WebACLArn": "arn:y"}),
        ("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": "TRUE"}),
        ("AWS::Budgets::Budget", {"Budget": {"BudgetType": "COST", "TimeUnit": "MONTHLY"}}),
        (
            "AWS::CloudWatch::Alarm",
            {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "Metrics": [{"Id": "sum", "Expression": "1 + 1"}],
            },
        ),
    ],
)
def test_a_type_without_a_part_in_a_study_does_not_fail_the_stack(
    emulator: Emulator, kind: str, properties: dict[str, Any]
) -> None:
    """Given a type of the CloudFormation template reference that plays no part in a study, it is accepted
    without effect.
    """
    assert "R" in emulator.deploy({"R": {"Type": kind, "Properties": properties}})


def test_an_alarm_of_metric_math_follows_its_stack(emulator: Emulator) -> None:
    """Given an alarm that gets another threshold, or metrics instead of one, it is updated in place
    (CloudFormation reference).
    """

    def alarm(threshold: int, **watched: Any) -> dict[str, Any]:
        compared = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
        properties = {**compared, "Threshold": threshold, **watched}
        return {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}

    one = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
    emulator.change_stack("alarmed", "create", alarm(1, Metrics=[{"Id": "sum", "Expression": "1 + 1"}]))
    emulator.change_stack("alarmed", "update", alarm(2, Metrics=[{"Id": "sum", "Expression": "1 + 1"}]))
    emulator.change_stack("alarmed", "update", alarm(3, **one))
    watched = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    emulator.change_stack("alarmed", "update", alarm(4, Metrics=[{"Id": "sum", "Expression": "1 + 1"}]))

    assert [alarm["Threshold"] for alarm in watched] == [3]
    assert emulator.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
