"""Tests of faults on demand in API calls, and of their control file."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from hippo_local.aws import Aws
from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for


def code_of(call: Callable[[], Any]) -> tuple[str, int] | None:
    """Return the error code and status of a rejected call, or None if it succeeds."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


@pytest.mark.parametrize(
    ("action", "call", "expected"),
    [
        ("ecs", lambda aws: aws.client("ecs").list_clusters(), ("ThrottlingException", 400)),
        ("events:ListRules", lambda aws: aws.client("events").list_rules(), ("ThrottlingException", 400)),
        ("route53", lambda aws: aws.client("route53").list_hosted_zones(), ("Throttling", 400)),
        ("s3:PutObject", lambda aws: put(aws, "b", "k"), ("SlowDown", 503)),
        ("sns:ListTopics", lambda aws: aws.client("sns").list_topics(), ("Throttling", 400)),
        ("ec2", lambda aws: aws.client("ec2").describe_vpcs(), ("RequestLimitExceeded", 503)),
        ("lambda", lambda aws: aws.client("lambda").list_functions(), ("TooManyRequestsException", 429)),
    ],
)
def test_a_throttled_service_returns_its_own_error_code(
    faulty: Emulator, action: str, call: Callable[[Emulator], Any], expected: tuple[str, int]
) -> None:
    """Given a throttle, the service returns its own error code (general reference, "Error retries and
    exponential backoff"; botocore/data/_retry.json).
    """
    faulty.set_faults({"kind": "throttle", "action": action})

    assert code_of(lambda: call(faulty)) == expected


def put(emulator: Emulator, bucket: str, key: str) -> None:
    emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=b"{}")


def test_a_throttle_ends_after_so_many_calls(faulty: Emulator) -> None:
    """Given `times`, it counts the rejected calls, even if the file is read again in between."""
    ecs = faulty.client("ecs")
    fault = {"kind": "throttle", "action": "ecs:ListClusters", "times": 2}
    faulty.set_faults(fault)
    refused = [code_of(ecs.list_clusters) is not None]
    faulty.set_faults(fault, {"kind": "throttle", "action": "sns", "match": "nobody"})

    refused += [code_of(ecs.list_clusters) is not None for _ in range(3)]

    assert refused == [True, True, False, False]


def test_a_rate_lets_so_many_calls_a_second_through(faulty: Emulator) -> None:
    """Given a rate, it acts as a token bucket, as in ECS (ECS API reference, "Request throttling")."""
    ecs = faulty.client("ecs")
    faulty.set_faults({"kind": "throttle", "action": "ecs:ListClusters", "rate": 1})

    at_once = [code_of(ecs.list_clusters) is None for _ in range(3)]
    time.sleep(1.1)

    assert at_once == [True, False, False]
    assert code_of(ecs.list_clusters) is None


def test_a_fault_is_limited_to_whom_it_names(faulty: Emulator) -> None:
    """Given `match`, it is a part of a user id or a resource name anywhere in the call."""
    faulty.set_faults(
        {"kind": "throttle", "action": "ecs", "match": "Alice"},
        {"kind": "throttle", "action": "sns", "match": "alice/1"},
    )
    ecs, sns = faulty.client("ecs"), faulty.client("sns")
    topic = sns.create_topic(Name="all")["TopicArn"]

    assert code_of(lambda: ecs.create_cluster(clusterName="hippo-1-alice")) is not None
    assert code_of(lambda: ecs.create_cluster(clusterName="hippo-1-bob")) is None
    assert code_of(lambda: sns.publish(TopicArn=topic, Message='{"id": "alice/1"}')) is not None
    assert code_of(lambda: sns.publish(TopicArn=topic, Message='{"id": "alice/2"}')) is None


def test_a_call_fails_before_its_effect(faulty: Emulator) -> None:
    """Given `fail-before`, the call is a 500 with the service's own code and has no effect (ECS API
    reference, "Common errors").
    """
    name = f"cluster-{uuid.uuid4().hex[:8]}"
    ecs = faulty.client("ecs")
    faulty.set_faults({"kind": "fail-before", "action": "ecs:CreateCluster", "match": name, "times": 1})

    assert code_of(lambda: ecs.create_cluster(clusterName=name)) == ("ServerException", 500)
    assert ecs.describe_clusters(clusters=[name])["clusters"] == []
    assert code_of(lambda: ecs.create_cluster(clusterName=name)) is None


def test_the_connection_ends_before_the_effect(faulty: Emulator) -> None:
    """Given a connection closed without a response, the client can use another one."""
    faulty.set_faults({"kind": "fail-before", "action": "ecs:CreateCluster", "answer": "close", "times": 1})
    ecs = faulty.client("ecs")

    with pytest.raises(ConnectionClosedError):
        ecs.create_cluster(clusterName="never")

    assert ecs.describe_clusters(clusters=["never"])["clusters"] == []


@pytest.mark.parametrize(("answer", "error"), [("close", HTTPClientError), ("500", ClientError)])
def test_a_response_is_lost_after_the_effect(faulty: Emulator, answer: str, error: type[Exception]) -> None:
    """Given a lost response, the call's effect stays (Builders' Library, "Retries")."""
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    faulty.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ca-central-1"}
    )
    faulty.set_faults({"kind": "fail-after", "action": "s3:PutObject", "answer": answer, "times": 1})

    with pytest.raises(error):
        put(faulty, bucket, "key")

    assert faulty.client("s3").get_object(Bucket=bucket, Key="key")["Body"].read() == b"{}"


def test_a_rejected_call_has_no_response_to_lose(faulty: Emulator) -> None:
    """Given a rejected call, it has no effect and uses up no lost response."""
    faulty.set_faults({"kind": "fail-after", "action": "ecs:DeleteCluster", "times": 1})
    delete = faulty.client("ecs").delete_cluster

    assert code_of(lambda: delete(cluster="nowhere")) == ("ClusterNotFoundException", 400)


def test_delete_cluster_is_busy_for_a_while(faulty: Emulator) -> None:
    """Given the fault, DeleteCluster is UpdateInProgressException for a while (ECS API reference,
    DeleteCluster).
    """
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "update-in-progress", "match": cluster, "seconds": 1})

    def delete() -> Any:
        return faulty.client("ecs").delete_cluster(cluster=cluster)

    assert code_of(delete) == ("UpdateInProgressException", 400)
    assert code_of(delete) == ("UpdateInProgressException", 400)
    time.sleep(1.1)
    assert code_of(delete) is None


def test_route_53_is_busy_with_a_prior_request(faulty: Emulator) -> None:
    """Given the fault, the change is PriorRequestNotComplete (Route 53 API reference,
    ChangeResourceRecordSets).
    """
    route53 = faulty.client("route53")
    zone = route53.create_hosted_zone(Name="busy.example", CallerReference=uuid.uuid4().hex)
    record = {"Name": "u1.busy.example", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    faulty.set_faults({"kind": "prior-request-not-complete", "match": "u1.busy", "times": 1})

    def change() -> Any:
        return route53.change_resource_record_sets(
            HostedZoneId=zone["HostedZone"]["Id"],
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
        )

    assert code_of(change) == ("PriorRequestNotComplete", 400)
    assert code_of(change) is None


def test_the_platform_itself_is_exempt(faulty: Emulator) -> None:
    """Given calls of publishing and the name proxy, which do not exist on AWS, no fault affects them."""
    faulty.set_faults({"kind": "throttle", "action": "ecs"})

    assert Aws(faulty.endpoint, faulty.keys).make_client("ecs").list_clusters()["clusterArns"] is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[{", "it is not JSON"),
        ('{"kind": "throttle"}', "it must be a list"),
        ('[{"kind": "throttle", "action": "ecs"}, {"kind": "slow"}]', 'entry 2: `kind` cannot be "slow"'),
    ],
)
def test_an_invalid_control_file_is_rejected_with_its_problems_and_breaks_nothing(
    faulty: Emulator, text: str, problem: str
) -> None:
    """Given an invalid file, none of its entries is active, valid ones included, until it is fixed."""
    Path(faulty.directory / "faults.json").write_text(text)

    assert code_of(faulty.client("ecs").list_clusters) is None

    wait_for(lambda: f"is refused, and no fault acts until it is mended: {problem}" in faulty.log())
    faulty.set_faults({"kind": "throttle", "action": "ecs:ListClusters", "times": 1})
    assert code_of(faulty.client("ecs").list_clusters) is not None
