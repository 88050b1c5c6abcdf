"""stop_server's care for servers: sweeps, task exits, freed slots, and the AWS calls that they cost."""

import json
from typing import Any

import pytest

from hippo.errors import TransientError
from tests.support.server_world import HOST, NAME, PROJECT, USER, ServerWorld

# With one living server: what exists is listed, its record read, its slot checked.
CALLS_OF_A_SWEEP = {
    "GetObject": 4,
    "PutObject": 1,
    "ListObjectsV2": 3,
    "ListClusters": 1,
    "DescribeClusters": 1,
    "ListRules": 1,
    "ListResourceRecordSets": 1,
}
# The participant's record. DescribeTasks, because moto shows no tasks in DescribeClusters.
ONE_READ = {"GetObject": 5, "DescribeTasks": 1}
TAGS = [{"key": "hippo:stack", "value": "hippo"}]


def build_event(world: ServerWorld, **detail: Any) -> dict[str, Any]:
    """Return ECS's event about the participant's task."""
    record = world.record()
    arn = f"arn:aws:ecs:ca-central-1:123456789012:cluster/{record['cluster']}"
    full = {"clusterArn": arn, "taskArn": record["taskArn"], "lastStatus": "STOPPED", **detail}
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": full}


def test_a_sweep_costs_so_many_calls(ready_world: ServerWorld) -> None:
    """Given a healthy server, a sweep makes exactly these calls and changes nothing."""
    before = ready_world.record()
    ready_world.aws.calls.clear()

    ready_world.stop({"sweep": True})

    assert ready_world.aws.count() == CALLS_OF_A_SWEEP
    assert ready_world.record() == before
    assert ready_world.published("stop") == []


def test_a_sweep_asks_for_the_stop_of_an_orphan(world: ServerWorld) -> None:
    """Given a cluster without a record, its stop leaves nothing."""
    world.ecs.create_cluster(clusterName="hippo-3-eve", tags=TAGS)
    world.ecs.create_cluster(clusterName="hippo-3-mallory")

    world.stop({"sweep": True})
    [message] = world.published("stop")
    world.stop(message)

    assert message == {"userId": "eve", "attempt": 3, "reason": "sweep"}
    assert world.clusters() == ["hippo-3-mallory"]


def test_a_sweep_leaves_foreign_names_alone(world: ServerWorld) -> None:
    """Given an A record named as ours that no server record knows, the sweep leaves it."""
    record = {"Name": HOST, "Type": "A", "TTL": 10, "ResourceRecords": [{"Value": "192.0.2.99"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    world.route53.change_resource_record_sets(HostedZoneId=world.zone_id, ChangeBatch=batch)

    world.stop({"sweep": True})

    assert list(world.names()) == [HOST]
    assert world.published("stop") == []


def test_a_sweep_arms_a_rule_that_is_missing(ready_world: ServerWorld) -> None:
    """Given a living server without its shutdown alarm, the alarm is armed again at its time."""
    [rule] = ready_world.rules()
    ready_world.events.remove_targets(Rule=NAME, Ids=["stop"])
    ready_world.events.delete_rule(Name=NAME)

    ready_world.stop({"sweep": True})

    assert [(r["Name"], r["ScheduleExpression"]) for r in ready_world.rules()] == [
        (NAME, rule["ScheduleExpression"])
    ]


@pytest.mark.parametrize(
    "operation", ["ListClusters", "DescribeClusters", "ListRules", "ListObjectsV2", "ListResourceRecordSets"]
)
def test_a_look_that_fails_leaves_the_handler(ready_world: ServerWorld, operation: str) -> None:
    """Given a failed listing, Lambda retries, and nothing has been torn down because of it."""
    ready_world.aws.fail(operation, "ThrottlingException", 400)

    with pytest.raises(TransientError, match="Throttling"):
        ready_world.stop({"sweep": True})

    assert ready_world.published("stop") == []
    assert len(ready_world.tasks()) == 1


def test_the_sample_sweep_is_served(ready_world: ServerWorld) -> None:
    """Given events/sweep_message.json, the handler runs a sweep."""
    ready_world.invoke_sample("stop_server", "sweep_message")

    assert ready_world.aws.count()["ListClusters"] == 1


def test_a_task_exit_leads_to_another_start(ready_world: ServerWorld) -> None:
    """Given a task that exited, the attempt is torn down and a start is published."""
    codes = {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 137}]}

    ready_world.stop(build_event(ready_world, **codes))

    assert ready_world.left() == []
    assert ready_world.record()["reason"] == "the task ended"
    [message] = ready_world.published("start")
    assert message == {"projectId": PROJECT, "userId": USER, "requestId": f"{PROJECT}/{USER}/again/1"}
    ready_world.clock.advance(1)
    ready_world.start(message, request_id="again")
    assert (ready_world.record()["state"], ready_world.record()["attempt"]) == ("ready", 2)


def test_the_event_of_our_own_stop_costs_one_read(ready_world: ServerWorld) -> None:
    """Given the event of an ordinary stop, nothing changes."""
    event = build_event(ready_world, stopCode="UserInitiated", containers=[{"exitCode": 143}])
    ready_world.stop()
    ready_world.aws.calls.clear()

    ready_world.stop(event)

    assert ready_world.aws.count() == {"GetObject": 1}


def test_the_sample_event_of_a_task_is_served(world: ServerWorld) -> None:
    """Given events/task_end_message.json for an unknown participant, nothing happens."""
    world.invoke_sample("stop_server", "task_end_message")

    assert world.aws.count() == {"GetObject": 1}


def test_an_event_of_another_task_costs_nothing(world: ServerWorld) -> None:
    """Given an event of another stack's cluster, or of a running task, nothing is called."""
    event = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": {"lastStatus": "RUNNING"}}

    world.stop(event)

    assert world.aws.calls == []


def test_a_slot_is_passed_on(world: ServerWorld) -> None:
    """Given a cap of two, the third waits in the queue; a stop requests their server, and they leave it."""
    for user in ("bob", "cyd", USER):
        world.start({"projectId": PROJECT, "userId": user, "requestId": user})
        world.clock.advance(1)
    assert world.queue() == [USER]

    world.stop({"userId": "bob"})
    [message] = world.published("start")
    world.clock.advance(1)
    world.start(message)

    assert message == {"projectId": PROJECT, "userId": USER, "requestId": USER, "host": "userId"}
    assert (world.record()["state"], world.queue()) == ("ready", [])


def test_a_projects_own_cap_holds(world: ServerWorld) -> None:
    """Given maxServers in the list as it is now, it counts."""
    [config] = world.read("project_master_list.json")["projects"]
    world.put("project_master_list.json", {"projects": [{**config, "maxServers": 1}]})
    for user in ("bob", USER):
        world.start({"projectId": PROJECT, "userId": user, "requestId": user})
        world.clock.advance(1)

    assert world.clusters() == ["hippo-1-bob"]
    assert world.queue() == [USER]
    assert sorted(json.loads(world.read_text(key))["userId"] for key in world.slots()) == ["bob", "bob"]
    world.stop({"userId": "bob"})
    assert world.slots() == []


def put_participant(world: ServerWorld, **more: Any) -> None:
    """Put a participant who has reached the page before the game."""
    world.put(f"{PROJECT}/Users/{USER}", {"nextStep": 2, "requests": [], **more})


def test_a_server_that_may_be_unused_costs_one_read(ready_world: ServerWorld) -> None:
    """Given a server that has been ready for idleMinutes and whose game was shown, one more read."""
    put_participant(ready_world, shownAttempt=1)
    ready_world.clock.advance(600)
    ready_world.aws.calls.clear()

    ready_world.stop({"sweep": True})

    assert ready_world.aws.count() == {**CALLS_OF_A_SWEEP, **ONE_READ}
    assert ready_world.published("stop") == []


def test_a_server_whose_game_was_never_shown_is_stopped(ready_world: ServerWorld) -> None:
    """Given a server whose game was not shown for idleMinutes, its stop leaves nothing."""
    put_participant(ready_world)
    ready_world.clock.advance(600)
    ready_world.aws.calls.clear()

    ready_world.stop({"sweep": True})
    assert ready_world.aws.count() == {**CALLS_OF_A_SWEEP, **ONE_READ, "Publish": 1}
    [message] = ready_world.published("stop")
    ready_world.stop(message)

    assert message == {
        "userId": USER,
        "projectId": PROJECT,
        "attempt": 1,
        "reason": "idle: the game was never shown",
    }
    assert ready_world.left() == []
    assert ready_world.published("start") == []


def test_a_stop_that_finds_the_game_shown_costs_so_many_calls(ready_world: ServerWorld) -> None:
    """Given a game that was shown after the sweep, its stop leases and releases the record, and no more."""
    put_participant(ready_world, shownAttempt=1)
    ready_world.clock.advance(600)
    ready_world.aws.calls.clear()
    message = {"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "idle: the game was never shown"}

    ready_world.stop(message)

    assert ready_world.aws.count() == {"GetObject": 3, "PutObject": 2}
    assert (ready_world.record()["state"], len(ready_world.tasks())) == ("ready", 1)


def test_an_idle_exit_waits_for_the_participant(ready_world: ServerWorld) -> None:
    """Given a task that ended itself without a player, the attempt is torn down and no start published."""
    ready_world.clock.advance(600)
    codes = {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 86}]}

    ready_world.stop(build_event(ready_world, **codes))

    assert ready_world.left() == []
    assert ready_world.record()["reason"] == "idle"
    assert ready_world.published("start") == []
