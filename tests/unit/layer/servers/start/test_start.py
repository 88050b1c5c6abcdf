"""start_server: what it creates, in which order, and under which names."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hippo.errors import TransientError
from hippo.records.codes import TicketUse
from hippo.records.server import ServerRecord, read_record, write_record
from hippo.servers.start.tasks import name_client_token
from tests.fakes.world import HOST, NAME, PROJECT, USER, LifecycleWorld


def test_a_start_ends_ready(world: LifecycleWorld) -> None:
    """Given a start message, one server comes up and the record says so."""
    world.start()

    record = world.record()
    assert record.state == "ready"
    assert (record.attempt, record.lease_until, record.public_ip) == (1, None, "203.0.113.1")
    assert record.ready_at == world.clock.now()
    assert world.left() == {
        "tasks": [f"arn:task/{NAME}/1"],
        "clusters": [NAME],
        "names": [HOST],
        "rules": [NAME],
        "slots": [USER],
    }


def test_the_shutdown_alarm_comes_first(world: LifecycleWorld) -> None:
    """Given a start, the shutdown alarm is armed before anything that costs money exists."""
    world.start()

    made = world.journal.names(
        "rules.arm", "containers.create_cluster", "containers.run_task", "host_names.create"
    )
    assert made == ["rules.arm", "containers.create_cluster", "containers.run_task", "host_names.create"]


def test_nothing_is_created_without_a_shutdown_alarm(world: LifecycleWorld) -> None:
    """Given a rule that cannot be created, the start creates nothing else."""
    world.journal.fail("rules.arm", TransientError("events:PutRule"))

    with pytest.raises(TransientError):
        world.start()

    assert not world.journal.names("containers.", "host_names.")


def test_the_rule_stops_this_attempt(world: LifecycleWorld) -> None:
    """Given a rule, its input names the participant, the project and the attempt."""
    world.start()

    expected = {"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": "maxRuntime"}
    assert world.rules.rules[NAME].message == expected


@pytest.mark.parametrize(
    ("of_project", "of_operator", "minutes"), [(30, 60, 30), (90, 60, 60), ("45", 60, 45)]
)
def test_the_shorter_runtime_counts(of_project: object, of_operator: int, minutes: int) -> None:
    """Given a project's maxRuntime, the deadline follows it up to the operator's cap."""
    world = LifecycleWorld(max_runtime=of_operator)
    world.publish(PROJECT, maxRuntime=of_project)
    begun = world.clock.now()

    world.start()

    assert world.record().deadline == begun + timedelta(minutes=minutes)


def test_the_deadline_is_rounded_up_to_the_minute(world: LifecycleWorld) -> None:
    """Given a deadline in UTC, a participant gets at least the whole maxRuntime."""
    world.clock.moment = datetime(2030, 1, 1, 23, 45, 20, tzinfo=UTC)

    world.start()

    assert world.rules.rules[NAME].fires == datetime(2030, 1, 2, 0, 16, tzinfo=UTC)


def test_a_rule_is_never_armed_for_the_minute_that_is_ending(world: LifecycleWorld) -> None:
    """Given a start continued just before its deadline, its rule is a minute ahead: past crons never fire."""
    world.journal.fail("containers.create_cluster", TransientError("ecs:CreateCluster"))
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.clock.moment = datetime(2030, 1, 1, 12, 29, 59, tzinfo=UTC)

    world.start(owner="same")

    fires = world.rules.rules[NAME].fires
    assert fires
    assert fires >= datetime(2030, 1, 1, 12, 30, 59, tzinfo=UTC)


def test_the_task_waits_for_its_cluster(world: LifecycleWorld) -> None:
    """Given a cluster that is not ACTIVE yet, RunTask waits."""
    world.containers.cluster_seconds = 30

    world.start()

    [task] = world.containers.tasks.values()
    assert (task.made - world.containers.clusters[NAME].active_from).total_seconds() >= 0


def test_everything_taggable_is_tagged(world: LifecycleWorld) -> None:
    """Given a server, its rule, cluster and task have tags for stack, project and participant."""
    world.start()

    expected = {"hippo:stack": "hippo", "hippo:project": PROJECT, "hippo:user": USER}
    [task] = world.containers.tasks.values()
    tags = [task.tags, world.containers.clusters[NAME].tags, world.rules.rules[NAME].tags]
    assert tags == [expected] * 3


def test_the_client_token_names_user_attempt_and_provider(world: LifecycleWorld) -> None:
    """Given an attempt and a provider, RunTask has their token of at most 64 characters."""
    world.start()

    [call] = world.journal.arguments("containers.run_task")
    assert call["token"] == name_client_token(world.record(), "FARGATE_SPOT")
    assert len(call["token"]) <= 64


_BEGUN = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user_id": "bob"}, ("FARGATE",)),
        ({"attempt": 2}, ("FARGATE",)),
        ({"started_at": _BEGUN + timedelta(seconds=1)}, ("FARGATE",)),
        ({"rounds": 1}, ("FARGATE",)),
        ({}, ("FARGATE_SPOT",)),
        ({}, ("FARGATE", ("subnet-1",))),
        ({"tickets": TicketUse.NONE}, ("FARGATE",)),
    ],
)
def test_client_tokens_differ(changes: dict[str, Any], words: tuple[Any, ...]) -> None:
    """Given another participant, attempt, start time, provider, round or subnets, or a server without
    variables, the token differs."""
    record = ServerRecord(USER, PROJECT, "starting", started_at=_BEGUN)

    assert name_client_token(replace(record, **changes), *words) != name_client_token(record, "FARGATE")


def test_a_client_token_outlives_being_stored(world: LifecycleWorld) -> None:
    """Given a record read again, with times in milliseconds, its token is the original one."""
    record = ServerRecord(USER, PROJECT, "starting", started_at=_BEGUN + timedelta(microseconds=123456))
    stored = read_record(json.loads(write_record(record)))

    assert name_client_token(stored, "FARGATE") == name_client_token(record, "FARGATE")


def test_a_task_is_awaited_that_ecs_does_not_show_yet(world: LifecycleWorld) -> None:
    """Given a task that DescribeTasks does not show yet, the start waits for it."""
    world.containers.seconds_until_seen = 20

    world.start()

    assert world.record().state == "ready"
    assert len(world.containers.tasks) == 1


def test_an_interface_is_awaited_that_ec2_does_not_show_yet(world: LifecycleWorld) -> None:
    """Given EC2 that lags behind ECS, the start waits for the address."""
    world.interfaces.seconds_until_seen = 20

    world.start()

    assert world.record().public_ip == "203.0.113.1"


def test_the_address_is_recorded_before_it_gets_the_name(world: LifecycleWorld) -> None:
    """Given an invocation that ends just after CREATE, the record already has the address."""
    known: list[str] = []
    world.journal.before("host_names.create", lambda: known.extend(world.record().addresses))

    world.start()

    assert known == ["203.0.113.1"]


def test_not_ready_before_the_name_servers_know_the_name(world: LifecycleWorld) -> None:
    """Given a name that is not in sync, the server is not ready: early clients would cache its absence."""
    world.host_names.seconds_to_sync = 90
    named: list[datetime] = []
    world.journal.after("host_names.create", lambda: named.append(world.clock.now()))

    world.start()

    ready_at = world.record().ready_at
    assert ready_at
    assert ready_at >= named[0] + timedelta(seconds=89.9)


def test_not_ready_before_the_port_answers(world: LifecycleWorld) -> None:
    """Given a server process that starts slowly after the task is RUNNING, the start waits for it."""
    world.port_opens_after = 200

    world.start()

    [task] = world.containers.tasks.values()
    ready_at = world.record().ready_at
    assert ready_at
    assert ready_at >= task.made + timedelta(seconds=199.9)


def test_route53_is_asked_late_and_no_more_once_it_is_in_sync(world: LifecycleWorld) -> None:
    """Given a change, GetChange is called from 10 s after it, and not again after INSYNC."""
    world.host_names.seconds_to_sync = 0
    times: list[datetime] = []
    world.journal.after("host_names.create", lambda: times.append(world.clock.now()))
    world.journal.before("host_names.is_in_sync", lambda: times.append(world.clock.now()))
    world.port_opens_after = 120

    world.start()

    created, asked = times
    assert (asked - created).total_seconds() >= 10
    assert len(world.journal.names("host_names.is_in_sync")) == 1


def test_the_port_is_5000_at_the_public_address(world: LifecycleWorld) -> None:
    """Given a running task, the start tests the server at the address and port that clients use."""
    world.start()

    assert world.journal.arguments("connect")[-1] == {"address": "203.0.113.1", "port": 5000}


def test_a_task_that_exits_has_failed_permanently(world: LifecycleWorld) -> None:
    """Given a server that exits while it is awaited, it is not started again and the record says why."""
    world.clock.plan(20, lambda: world.containers.end_task("EssentialContainerExited", "exit code 1"))

    world.start()

    assert world.record().state == "failed"
    assert "EssentialContainerExited" in world.record().error


def test_a_start_out_of_time_leaves_its_work_to_the_retry(world: LifecycleWorld) -> None:
    """Given an invocation whose time is up, it raises and releases the record."""
    world.port_opens_after = 10_000

    with pytest.raises(TransientError, match="to answer"):
        world.start()

    assert (world.record().state, world.record().lease_until) == ("starting", None)


def test_a_delay_that_comes_while_the_rule_is_armed_is_kept(world: LifecycleWorld) -> None:
    """Given a delayed stop that moves the deadline between record and rule, the rule follows."""
    world.journal.before("rules.arm", lambda: world.stop({"delay": 10}))
    begun = world.clock.now()

    world.start()

    assert world.rules.rules[NAME].fires == begun + timedelta(minutes=10)
    assert world.record().deadline == begun + timedelta(minutes=10)
