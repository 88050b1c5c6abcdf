"""Refusals of AWS that moto lacks: they pass, or leave the handler for Lambda's retry."""

import pytest

from hippo.errors import AwsError, TransientError
from tests.support.server_world import HOST, NAME, PROJECT, USER, ServerWorld

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
CALLS_OF_A_START = [
    ("GetObject", "InternalError", 500),
    ("PutObject", "SlowDown", 503),
    ("ListObjectsV2", "SlowDown", 503),
    ("PutRule", "ThrottlingException", 400),
    ("PutTargets", "ThrottlingException", 400),
    ("CreateCluster", "ThrottlingException", 400),
    ("DescribeClusters", "ServerException", 500),
    ("RunTask", "ThrottlingException", 400),
    ("RunTask", "ClientException", 400),
    ("RunTask", "AccessDeniedException", 400),
    ("RunTask", "ClusterNotFoundException", 400),
    ("DescribeTasks", "ThrottlingException", 400),
    ("DescribeNetworkInterfaces", "RequestLimitExceeded", 503),
    ("ChangeResourceRecordSets", "PriorRequestNotComplete", 400),
    ("ChangeResourceRecordSets", "Throttling", 400),
    ("GetChange", "Throttling", 400),
]
CALLS_OF_A_STOP = [
    ("GetObject", "InternalError", 500),
    ("PutObject", "SlowDown", 503),
    ("PutRule", "ThrottlingException", 400),
    ("PutTargets", "ThrottlingException", 400),
    ("ListTasks", "ThrottlingException", 400),
    ("StopTask", "ThrottlingException", 400),
    ("DescribeTasks", "ThrottlingException", 400),
    ("DeleteCluster", "ThrottlingException", 400),
    ("DescribeClusters", "ServerException", 500),
    ("ListResourceRecordSets", "Throttling", 400),
    ("ChangeResourceRecordSets", "PriorRequestNotComplete", 400),
    ("RemoveTargets", "ConcurrentModificationException", 400),
    ("DeleteRule", "InternalException", 500),
]


@pytest.mark.parametrize(("operation", "code", "status"), CALLS_OF_A_START)
def test_a_fault_leaves_start_server(world: ServerWorld, operation: str, code: str, status: int) -> None:
    """Given a fault during a start, the handler raises, and Lambda's retry ends with one server."""
    world.aws.fail(operation, code, status)
    with pytest.raises(AwsError, match=code):
        world.start()
    world.clock.advance(60)

    world.start()

    assert world.record()["state"] == "ready"
    assert (len(world.tasks()), len(world.clusters()), len(world.rules()), len(world.slots())) == (1, 1, 1, 1)


@pytest.mark.parametrize(("operation", "code", "status"), CALLS_OF_A_STOP)
def test_a_fault_leaves_stop_server(ready_world: ServerWorld, operation: str, code: str, status: int) -> None:
    """Given a fault during a stop, the handler raises, and Lambda's retry leaves nothing."""
    ready_world.aws.fail(operation, code, status)
    with pytest.raises(TransientError, match=code):
        ready_world.stop()
    ready_world.clock.advance(60)

    ready_world.stop()

    assert ready_world.left() == []


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
@pytest.mark.parametrize("key", ["_servers/", "_slots/"])
def test_a_lost_conditional_write_is_looked_at_again(world: ServerWorld, code: str, key: str) -> None:
    """Given a 412 or 409, the stored record decides, whether or not a rival wrote first."""
    world.aws.fail("PutObject", code, 412 if code == "PreconditionFailed" else 409, key=key)

    world.start()

    assert world.record()["state"] == "ready"


def test_failures_for_want_of_capacity_lead_to_on_demand(world: ServerWorld) -> None:
    """Given status 200 of RunTask with `failures` and no task, the next provider is tried."""
    world.aws.answer("RunTask", {"tasks": [], "failures": [{"reason": CAPACITY}]})

    world.start()

    assert world.record()["capacityProvider"] == "FARGATE"
    assert [task["capacityProviderName"] for task in world.tasks()] == ["FARGATE"]


def test_other_failures_are_tried_again(world: ServerWorld) -> None:
    """Given a reason other than capacity, it leaves the handler."""
    world.aws.answer("RunTask", {"tasks": [], "failures": [{"reason": "AGENT", "detail": "lost"}]})

    with pytest.raises(TransientError, match="AGENT lost"):
        world.start()


def test_a_rule_without_its_target_starts_nothing(world: ServerWorld) -> None:
    """Given PutTargets that fails with status 200, there is no shutdown alarm, so there is no server."""
    failed = {"ErrorCode": "LimitExceeded", "ErrorMessage": "no"}
    world.aws.answer("PutTargets", {"FailedEntryCount": 1, "FailedEntries": [failed]})

    with pytest.raises(AwsError, match="LimitExceeded"):
        world.start()

    assert world.clusters() == []


def test_a_target_that_is_not_removed_keeps_the_rule(ready_world: ServerWorld) -> None:
    """Given RemoveTargets that fails with status 200, the handler raises: the rule could not be deleted."""
    failed = {"ErrorCode": "ConcurrentModificationException", "ErrorMessage": "no"}
    ready_world.aws.answer("RemoveTargets", {"FailedEntryCount": 1, "FailedEntries": [failed]})

    with pytest.raises(AwsError, match="ConcurrentModification"):
        ready_world.stop()

    assert [rule["Name"] for rule in ready_world.rules()] == [NAME]


@pytest.mark.parametrize("code", ["ClusterContainsTasksException", "UpdateInProgressException"])
def test_a_cluster_that_refuses_to_go_is_awaited(ready_world: ServerWorld, code: str) -> None:
    """Given a cluster that is busy, it is deleted once its tasks have stopped."""
    ready_world.aws.fail("DeleteCluster", code, 400, times=3)

    ready_world.stop()

    assert ready_world.left() == []
    assert ready_world.aws.count()["DeleteCluster"] == 4


def test_a_cluster_that_never_goes_leaves_an_armed_rule(ready_world: ServerWorld) -> None:
    """Given a cluster that stays busy, the wait ends in time, the alarm is ahead and the handler raises."""
    ready_world.aws.fail("DeleteCluster", "ClusterContainsTasksException", 400, times=10_000)
    ready_world.clock.moment = ready_world.clock.moment.replace(minute=10, second=0, microsecond=0)

    with pytest.raises(TransientError, match="to go"):
        ready_world.stop()

    [rule] = ready_world.rules()
    assert rule["ScheduleExpression"] == "cron(16 12 1 1 ? 2030)"
    assert ready_world.clock.moment.minute < 15


def test_a_name_that_is_taken_is_left_alone(world: ServerWorld) -> None:
    """Given a foreign record, it is unchanged even after the failed start is torn down."""
    record = {"Name": HOST, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.99"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    world.route53.change_resource_record_sets(HostedZoneId=world.zone_id, ChangeBatch=batch)

    world.start()
    world.clock.advance(60)
    world.stop(world.published()[0])

    assert world.left() == [HOST]
    assert world.names()[HOST]["ResourceRecords"] == [{"Value": "192.0.2.99"}]
    assert "not this participant's" in world.record()["error"]


def test_a_task_definition_that_is_registered_later(world: ServerWorld) -> None:
    """Given a definition that is registered after publishing, the start raises until it exists."""
    [arn] = world.ecs.list_task_definitions()["taskDefinitionArns"]
    world.ecs.deregister_task_definition(taskDefinition=arn)
    world.aws.fail("RunTask", "ClientException", 400)
    with pytest.raises(AwsError):
        world.start()
    world.register_task_definition()

    world.start()

    assert (world.record()["state"], world.record()["attempt"]) == ("ready", 1)


def test_a_container_that_the_task_does_not_have(world: ServerWorld) -> None:
    """Given a study with balanced groups and a wrong container, the start fails with the reason."""
    world.put(f"{PROJECT}/Users/{USER}", {"nextStep": 1, "requests": [], "group": 1})
    config = world.read("project_master_list.json")["projects"][0]
    setup = {"awsSetup": {"containerName": PROJECT}}
    world.put("project_master_list.json", {"projects": [{**config, **setup}]})

    world.start()
    world.clock.advance(60)
    world.stop(world.published()[0])

    assert world.left() == []
    assert f"no container {PROJECT}" in world.record()["error"]
    assert "awsSetup.containerName" in world.record()["error"]


def test_a_bucket_that_is_not_there_is_said(world: ServerWorld) -> None:
    """Given a wrong BUCKET, the error says so: it is not mistaken for an empty bucket."""
    world.aws.fail("GetObject", "NoSuchBucket", 404)

    with pytest.raises(AwsError, match="NoSuchBucket"):
        world.start()


def test_a_missing_variable_is_named(world: ServerWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a missing variable, the error at the first invocation names it."""
    monkeypatch.delenv("SECURITY_GROUP")

    with pytest.raises(Exception, match="SECURITY_GROUP is missing"):
        world.start()


def test_an_invocation_with_little_time_leaves_its_work_to_the_next(world: ServerWorld) -> None:
    """Given a wait without an end, it stops before Lambda ends the invocation and releases the record."""
    world.aws.answer("GetChange", {"ChangeInfo": {"Status": "PENDING"}}, times=10_000)
    begun = world.clock.now()

    with pytest.raises(TransientError, match="by its name"):
        world.start(milliseconds=60_000)

    assert (world.clock.now() - begun).total_seconds() < 60
    assert world.record()["leaseUntil"] is None
