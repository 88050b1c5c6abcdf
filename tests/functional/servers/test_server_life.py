"""start_server and stop_server over AWS in memory: a whole life, and its cost in calls."""

import json

import pytest

from tests.support.server_world import HOST, NAME, PROJECT, USER, ServerWorld

# In a warm execution environment, for a project whose pages are not frozen. Each check that must be repeated
# until a cluster, an address or a name exists costs one more call.
CALLS_OF_A_START = {
    "GetObject": 10,  # project list, participant, slot; the rest are reads of the server record
    "ListObjectsV2": 1,
    "PutObject": 6,
    "PutRule": 1,
    "PutTargets": 1,
    "CreateCluster": 1,
    "DescribeClusters": 1,
    "RunTask": 1,
    "DescribeTasks": 1,
    "DescribeNetworkInterfaces": 1,
    "ChangeResourceRecordSets": 1,
    "GetChange": 1,
}
CALLS_OF_A_STOP = {
    "ListObjectsV2": 1,  # the participants who wait for a slot
    "GetObject": 4,
    "PutObject": 3,
    "PutRule": 1,
    "PutTargets": 1,
    "ListTasks": 1,
    "StopTask": 1,
    "DescribeTasks": 1,
    "DeleteCluster": 1,
    "DescribeClusters": 1,
    "ListResourceRecordSets": 1,
    "ChangeResourceRecordSets": 1,
    "RemoveTargets": 1,
    "DeleteRule": 1,
}


def test_a_start_is_recorded(world: ServerWorld) -> None:
    """Given a ready server, its record has the keys and formats that other readers expect."""
    world.start()

    record = world.record()
    assert (record["state"], record["projectId"], record["attempt"]) == ("ready", PROJECT, 1)
    assert (record["cluster"], record["ruleName"], record["hostName"]) == (NAME, NAME, HOST)
    assert (record["publicIp"], record["capacityProvider"]) == ("203.0.113.1", "FARGATE_SPOT")
    assert (record["requestedAt"], record["leaseUntil"]) == ("2030-01-01T12:00:00.000+00:00", None)


def test_a_start_makes_the_task(world: ServerWorld) -> None:
    """Given a ready server, one task of the project's definition runs in its own cluster, on Spot."""
    world.start()

    [task] = world.tasks()
    assert task["taskDefinitionArn"].endswith(f":task-definition/{PROJECT}:1")
    assert task["capacityProviderName"] == "FARGATE_SPOT"
    assert world.clusters() == [NAME]


def test_a_start_runs_the_game_that_the_participant_began_with(world: ServerWorld) -> None:
    """Given a version that names another revision since, current participants keep theirs."""
    world.register_task_definition()
    listed = world.read("project_master_list.json")["projects"][0]
    for version, revision in (("old", 1), ("new", 2)):
        config = {**listed, "ecsTask": f"{PROJECT}:{revision}"}
        world.put(f"{PROJECT}/_versions/{version}.json", {"config": config, "variants": {}, "files": {}})
    world.put("project_master_list.json", {"projects": [{**config, "version": "new"}]})
    record = {"created": "2030-01-01T11:00:00.000+00:00", "nextStep": 2, "version": "old", "requests": []}
    world.put(f"{PROJECT}/Users/{USER}", record)

    world.start()
    world.start({"projectId": PROJECT, "userId": "bob", "requestId": "first"}, request_id="start-2")

    ran = [world.tasks(name)[0]["taskDefinitionArn"].rpartition(":")[2] for name in (NAME, "hippo-1-bob")]
    assert ran == ["1", "2"]


def test_a_start_makes_the_name(world: ServerWorld) -> None:
    """Given a ready server, its A record has the task's public address for at most ten seconds."""
    world.start()

    record = world.names()[HOST]
    assert record["ResourceRecords"] == [{"Value": "203.0.113.1"}]
    assert record["TTL"] <= 10


def test_a_start_makes_the_rule(world: ServerWorld) -> None:
    """Given a ready server, a one-time cron at maxRuntime has the stop topic as its target."""
    world.start()

    [rule] = world.rules()
    [target] = world.events.list_targets_by_rule(Rule=NAME)["Targets"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(30 12 1 1 ? 2030)", "ENABLED")
    assert target["Arn"] == world.stop_topic
    assert json.loads(target["Input"]) == {
        "userId": USER,
        "projectId": PROJECT,
        "attempt": 1,
        "reason": "maxRuntime",
    }


def test_the_task_gets_a_public_address(world: ServerWorld) -> None:
    """Given a start, RunTask requests one task in the configured subnet with the attempt's token."""
    world.start()

    [call] = [call.parameters for call in world.aws.calls if call.operation == "RunTask"]
    network = call["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "ENABLED"
    assert len(call["clientToken"]) == 64


def test_the_container_receives_the_group(world: ServerWorld) -> None:
    """Given a record with a group, the configured container receives it, without another call."""
    world.put(f"{PROJECT}/Users/{USER}", {"nextStep": 1, "requests": [], "group": 1})
    config = world.read("project_master_list.json")["projects"][0]
    setup = {"awsSetup": {"containerName": "game"}}
    world.put("project_master_list.json", {"projects": [{**config, **setup}]})
    world.aws.reset()

    world.start()

    [call] = [call.parameters for call in world.aws.calls if call.operation == "RunTask"]
    [override] = call["overrides"]["containerOverrides"]
    assert override["name"] == "game"
    assert {"name": "HIPPO_GROUP", "value": "1"} in override["environment"]
    assert world.aws.count() == CALLS_OF_A_START


def test_the_container_receives_key_and_identity(world: ServerWorld) -> None:
    """Given a study without groups, the container receives its ticket key and identity, and no group."""
    world.start()

    [call] = [call.parameters for call in world.aws.calls if call.operation == "RunTask"]
    [override] = call["overrides"]["containerOverrides"]
    told = {
        "HIPPO_TICKET_KEY": world.record()["ticketKey"],
        "HIPPO_TICKETS": "optional",
        "HIPPO_PROJECT_ID": PROJECT,
        "HIPPO_USER_ID": USER,
        "HIPPO_IDLE_MINUTES": "10",
    }
    assert {entry["name"]: entry["value"] for entry in override["environment"]} == told


def test_finding_the_container_costs_one_call(world: ServerWorld) -> None:
    """Given a config that does not name the container, one more call finds it in the task definition."""
    config = world.read("project_master_list.json")["projects"][0]
    world.put("project_master_list.json", {"projects": [{**config, "awsSetup": {}}]})
    world.aws.reset()

    world.start()

    assert world.aws.count() == CALLS_OF_A_START | {"DescribeTaskDefinition": 1}
    assert (world.record()["container"], world.record()["tickets"]) == ("game", "optional")


def test_the_page_of_the_stack_is_named_to_the_server(
    world: ServerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the addresses of the study page, the container receives their origins."""
    monkeypatch.setenv("SITE_URLS", "https://d1.cloudfront.net,https://study.example.org/,")

    world.start()

    [call] = [call.parameters for call in world.aws.calls if call.operation == "RunTask"]
    [override] = call["overrides"]["containerOverrides"]
    origins = "https://d1.cloudfront.net,https://study.example.org"
    assert {"name": "HIPPO_ORIGINS", "value": origins} in override["environment"]


def test_a_start_costs_so_many_calls(world: ServerWorld) -> None:
    """Given a start, it makes exactly these calls: Route 53 and ECS limits decide how many can begin."""
    world.start()

    assert world.aws.count() == CALLS_OF_A_START


def test_a_stop_costs_so_many_calls(ready_world: ServerWorld) -> None:
    """Given a stop, it makes exactly these calls."""
    ready_world.stop()

    assert ready_world.aws.count() == CALLS_OF_A_STOP


def test_a_duplicate_start_costs_one_read(ready_world: ServerWorld) -> None:
    """Given a message that SNS delivers twice, the second delivery only reads the record."""
    ready_world.start(request_id="another invocation")

    assert ready_world.aws.count() == {"GetObject": 1}


def test_after_the_stop_nothing_is_left(ready_world: ServerWorld) -> None:
    """Given a stop, no task, cluster, rule, name or slot is left."""
    ready_world.stop()

    assert ready_world.left() == []
    assert ready_world.record()["state"] == "stopped"


def test_the_rules_own_message_stops_the_server(ready_world: ServerWorld) -> None:
    """Given the rule's message, stop_server understands it."""
    [target] = ready_world.events.list_targets_by_rule(Rule=NAME)["Targets"]

    ready_world.stop(target["Input"])

    assert ready_world.left() == []
    assert ready_world.record()["reason"] == "maxRuntime"


def test_a_stop_with_a_delay_moves_the_rule(ready_world: ServerWorld) -> None:
    """Given a delay, the server runs until then; the message has the same attempt as before."""
    ready_world.clock.moment = ready_world.clock.moment.replace(minute=5, second=0, microsecond=0)

    ready_world.stop({"userId": USER, "delay": 7})

    [rule] = ready_world.rules()
    assert rule["ScheduleExpression"] == "cron(12 12 1 1 ? 2030)"
    assert len(ready_world.tasks()) == 1


def test_above_the_cap_nothing_is_made(world: ServerWorld) -> None:
    """Given MAX_SERVERS of 2, the third participant gets no server and can ask again."""
    for user in ("bob", "cyd"):
        world.start({"projectId": PROJECT, "userId": user, "requestId": user})

    world.start()

    assert sorted(world.clusters()) == ["hippo-1-bob", "hippo-1-cyd"]
    assert len(world.slots()) == 2


def test_an_unknown_project_fails_without_a_retry(world: ServerWorld) -> None:
    """Given a start that fails, the handler returns and the record has the reason."""
    world.start({"projectId": "unknown", "userId": USER})

    assert world.record()["state"] == "failed"
    assert world.left() == []


def test_a_start_of_a_project_in_capitals_and_a_user_in_capitals(world: ServerWorld) -> None:
    """Given user ids in capitals, they are lower-cased at every entry: one record, one name."""
    world.start({"projectId": PROJECT, "userId": "ADA", "requestId": "first"})

    assert world.record("ada")["hostName"] == HOST
