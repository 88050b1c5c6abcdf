"""The metrics of servers, with the values that alarms and the cost estimate are based on."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from hippo import metrics
from hippo.errors import AwsError, TransientError
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord
from hippo.servers.sweep.findings import is_past_deadline
from tests.fakes.world import NAME, OTHER_USER, PROJECT, USER, LifecycleWorld
from tests.support.metric_lines import read_metric_lines

Counted = Callable[[], list[dict[str, Any]]]
IDS = {"projectId": PROJECT, "userId": USER}


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Iterator[Counted]:
    """Return what was counted since the last call."""
    metrics.name_stack("hippo")
    yield lambda: read_metric_lines(capsys.readouterr().out)
    metrics.name_stack("")


def end_task(world: LifecycleWorld) -> None:
    """Let the server's task crash, and deliver the event to stop_server."""
    world.containers.end_task("EssentialContainerExited", "it crashed", 1)
    arn = f"arn:aws:ecs:ca-central-1:000000000000:cluster/{NAME}"
    detail = {"lastStatus": "STOPPED", "clusterArn": arn, "taskArn": world.record().task_arn}
    detail |= {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 1}]}
    event = {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail}
    world.deliver_to_stop_server(event)


def start_again(world: LifecycleWorld) -> None:
    """Deliver the start that was requested in place of the crashed server."""
    message = world.start_topic.messages.pop(0)
    world.clock.advance(1)
    world.start(message["requestId"])


def test_a_start_counts_and_says_how_long_it_took(world: LifecycleWorld, counted: Counted) -> None:
    """Given a start requested 20 s ago, one start, one ready server and the seconds since are counted."""
    world.start(sent_at=world.clock.now() - timedelta(seconds=20))

    started, ready = counted()
    assert started == {"ServersStarted": 1, **IDS}
    record = world.record()
    took = (record.ready_at - record.requested_at).total_seconds()
    assert took > 20
    assert ready == {"ServersReady": 1, "TimeToReady": took, "capacityProvider": "FARGATE_SPOT", **IDS}


def test_a_start_that_is_tried_again_counts_once(world: LifecycleWorld, counted: Counted) -> None:
    """Given a start that fails retryably and is retried by Lambda, one start is counted."""
    owner = world.new_owner()
    world.journal.fail("containers.run_task", AwsError("ecs:RunTask", "ThrottlingException", retryable=True))
    with pytest.raises(TransientError):
        world.start(owner=owner)

    world.start(owner=owner)

    assert [sorted(line)[0] for line in counted()] == ["ServersStarted", "ServersReady"]


def test_a_stop_counts_the_minutes(ready_world: LifecycleWorld, counted: Counted) -> None:
    """Given a server that was ready for ten minutes, its minutes count from its beginning."""
    ready_world.clock.advance(600)

    ready_world.stop()

    (line,) = counted()
    record = ready_world.record()
    minutes = (record.stopped_at - record.started_at).total_seconds() / 60
    assert minutes > 11
    assert line["ServerMinutes"] == pytest.approx(minutes, abs=0.01)
    assert (line["ServersStopped"], line["userId"]) == (1, USER)


def test_a_second_stop_counts_nothing(ready_world: LifecycleWorld, counted: Counted) -> None:
    """Given a server that is stopped already, no minute is counted twice."""
    ready_world.stop()
    counted()

    ready_world.stop()

    assert counted() == []


def test_a_server_that_replaces_another_counts_from_its_own_beginning(
    ready_world: LifecycleWorld, counted: Counted
) -> None:
    """Given a server that crashed after ten minutes, both servers' minutes count, not as time to ready."""
    first = ready_world.record().started_at
    ready_world.clock.advance(600)
    end_task(ready_world)
    died = ready_world.record().stopped_at
    start_again(ready_world)
    ready_world.clock.advance(300)
    ready_world.stop()

    lines = counted()
    record = ready_world.record()
    assert record.requested_at == first  # the record keeps the first start's time
    assert sum(line.get("ServersReplaced", 0) for line in lines) == 1
    (ready,) = [line["TimeToReady"] for line in lines if "TimeToReady" in line]
    assert ready == (record.ready_at - record.started_at).total_seconds() < 300
    expected = [died - first, record.stopped_at - record.started_at]
    minutes = [line["ServerMinutes"] for line in lines if "ServerMinutes" in line]
    assert minutes == pytest.approx([time.total_seconds() / 60 for time in expected], abs=0.01)


def test_a_start_that_fails_permanently_is_counted_with_its_reason(
    world: LifecycleWorld, counted: Counted
) -> None:
    """Given an unlisted project, one failed start with its reason is counted."""
    world.start(project="nowhere")

    assert counted() == [
        {"ServersFailed": 1, "projectId": "nowhere", "userId": USER, "reason": "there is no project nowhere"}
    ]


def test_a_start_above_the_cap_is_counted(counted: Counted) -> None:
    """Given a stack of one server that is in use, the next start is held back and no server is counted."""
    world = LifecycleWorld(max_servers=1)
    world.start(user=OTHER_USER)
    counted()

    world.start()

    assert counted() == [{"StartsHeldBack": 1, **IDS}]


def test_a_sweep_says_what_there_is(counted: Counted) -> None:
    """Given one running server and one waiting participant, the sweep counts them."""
    world = LifecycleWorld(max_servers=1)
    world.start()
    world.start(user=OTHER_USER)
    counted()

    world.sweep()

    assert counted() == [
        {
            "Orphans": 0,
            "UnreadableRecords": 0,
            "ServersPastDeadline": 0,
            "StartingServers": 0,
            "ReadyServers": 1,
            "StoppingServers": 0,
            "SlotsInUse": 1,
            "Queue": 1,
        }
    ]


def test_a_sweep_that_has_not_seen_all_counts_no_servers(
    ready_world: LifecycleWorld, counted: Counted
) -> None:
    """Given rules that cannot be listed, the sweep reports no number that is too low, and no all-clear."""
    ready_world.journal.fail(
        "rules.list_names", AwsError("events:ListRules", "ThrottlingException", retryable=True)
    )

    with pytest.raises(TransientError):
        ready_world.sweep()

    (line,) = counted()
    assert set(line) == {"Orphans", "UnreadableRecords", "SlotsInUse", "Queue"}


def test_a_sweep_reports_servers_that_outlive_their_deadline(
    ready_world: LifecycleWorld, counted: Counted
) -> None:
    """Given a server long after its deadline whose rule never fired, it is counted and asked to stop."""
    ready_world.rules.rules.clear()
    ready_world.clock.advance(60 * 60)

    ready_world.sweep()

    (line,) = counted()
    assert (line["ServersPastDeadline"], line["Orphans"]) == (1, 1)


@pytest.mark.parametrize(
    ("state", "minutes", "late"),
    [
        (ServerState.READY, 16, True),
        (ServerState.STARTING, 16, True),
        (ServerState.STOPPING, 16, True),
        (ServerState.READY, 14, False),
        (ServerState.STOPPED, 60, False),
    ],
)
def test_what_is_past_its_deadline(world: LifecycleWorld, state: str, minutes: int, late: bool) -> None:
    """Given a server of which anything may be left 15 minutes after its deadline, it counts as late."""
    now = world.clock.now()
    record = ServerRecord(USER, PROJECT, state, deadline=now - timedelta(minutes=minutes))

    assert is_past_deadline(record, now) is late


def test_a_rule_that_a_stop_creates_again_has_its_tags(ready_world: LifecycleWorld) -> None:
    """Given a lost rule and a failing teardown, the new rule has the tags of its participant."""
    ready_world.rules.rules.clear()
    ready_world.journal.fail(
        "containers.delete_cluster", AwsError("ecs:DeleteCluster", "ServerException", retryable=True)
    )

    with pytest.raises(TransientError):
        ready_world.stop()

    tags = {"hippo:stack": "hippo", "hippo:project": PROJECT, "hippo:user": USER}
    assert ready_world.rules.rules[NAME].tags == tags
