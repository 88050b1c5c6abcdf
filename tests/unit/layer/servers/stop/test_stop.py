"""stop_server: everything is removed, and nothing that costs money is ever without a shutdown alarm."""

from dataclasses import replace

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import AwsError, ConflictError, TransientError
from hippo.servers.stop.teardown import NEXT_ALARM
from tests.fakes.journal import Crash
from tests.fakes.world import HOST, NAME, PROJECT, USER, LifecycleWorld


def throttled(operation: str) -> AwsError:
    """Return the error that an adapter raises when AWS throttles."""
    return AwsError(operation, "ThrottlingException", retryable=True)


def test_a_stop_leaves_nothing(ready_world: LifecycleWorld) -> None:
    """Given a stop, task, cluster, name, rule and slot are gone, and the record says so."""
    ready_world.stop({"reason": "step 4"})

    assert ready_world.left() == {}
    record = ready_world.record()
    assert (record.state, record.reason, record.slot, record.lease_until) == ("stopped", "step 4", None, None)
    assert record.stopped_at


def test_the_order_of_a_stop(ready_world: LifecycleWorld) -> None:
    """Given a stop, the rule is re-armed first and removed last."""
    ready_world.stop()

    steps = ready_world.journal.names("rules.", "containers.stop", "containers.del", "host_names.del")
    assert steps == [
        "rules.arm",
        "containers.stop_task",
        "containers.delete_cluster",
        "host_names.delete",
        "rules.disarm",
    ]


def test_the_record_is_claimed_before_anything_is_touched(ready_world: LifecycleWorld) -> None:
    """Given a stop, the record says `stopping` before the first step."""
    states: list[str] = []
    ready_world.journal.before("rules.arm", lambda: states.append(ready_world.record().state))

    ready_world.stop()

    assert states == ["stopping"]


def test_the_alarm_is_a_few_minutes_ahead(ready_world: LifecycleWorld) -> None:
    """Given a stop at work, its rule fires only after the invocation must have ended."""
    now = ready_world.clock.now()

    ready_world.stop()

    [armed] = ready_world.journal.arguments("rules.arm")
    assert armed["moment"] == now + NEXT_ALARM
    assert armed["message"]["attempt"] == 1


def test_the_cluster_is_deleted_only_when_the_tasks_have_stopped(ready_world: LifecycleWorld) -> None:
    """Given a task that is stopping, DeleteCluster is not tried early."""
    statuses: list[int] = []
    ready_world.journal.before(
        "containers.delete_cluster", lambda: statuses.append(len(ready_world.containers.list_living()))
    )

    ready_world.stop()

    assert statuses == [0]


def test_all_tasks_of_the_attempt_are_stopped(ready_world: LifecycleWorld) -> None:
    """Given a task that the record does not know, it is stopped too."""
    ready_world.containers.run_task(NAME, PROJECT, "FARGATE", "another token", {})

    ready_world.stop()

    assert ready_world.left() == {}
    assert len(ready_world.journal.names("containers.stop_task")) == 2


def test_a_task_that_shows_up_late_is_stopped_too(ready_world: LifecycleWorld) -> None:
    """Given ListTasks that lags, the cluster that cannot be deleted reveals the task."""
    ready_world.containers.seconds_until_seen = 40
    ready_world.containers.run_task(NAME, PROJECT, "FARGATE", "another token", {})

    ready_world.stop()

    assert ready_world.left() == {}


def test_a_cluster_that_is_busy_is_awaited(ready_world: LifecycleWorld) -> None:
    """Given UpdateInProgressException or ClusterContainsTasksException, the deletion is retried."""
    ready_world.containers.busy_deletes = 3

    ready_world.stop()

    assert ready_world.left() == {}


def test_a_cluster_that_stays_busy_is_left_to_the_next_try(ready_world: LifecycleWorld) -> None:
    """Given a wait past its limit, the name is removed, the rule stays and the handler raises."""
    ready_world.containers.busy_deletes = 10_000

    with pytest.raises(TransientError, match=f"cluster {NAME}"):
        ready_world.stop()

    assert ready_world.left() == {"clusters": [NAME], "rules": [NAME], "slots": [USER]}


def test_a_name_that_is_not_ours_is_not_deleted(ready_world: LifecycleWorld) -> None:
    """Given a name that now has a foreign address, it stays."""
    ready_world.host_names.records[HOST] = AddressRecord(HOST, ("192.0.2.99",), 300)

    ready_world.stop()

    assert ready_world.left() == {"names": [HOST]}


def test_a_name_that_changes_while_it_is_deleted_is_tried_again(ready_world: LifecycleWorld) -> None:
    """Given a rival's change between read and DELETE, the stop raises."""
    ready_world.journal.fail("host_names.delete", ConflictError("changed"))

    with pytest.raises(TransientError, match="changed at the same time"):
        ready_world.stop()


STEPS = [
    "rules.arm",
    "containers.list_tasks",
    "containers.stop_task",
    "containers.describe_task",
    "containers.delete_cluster",
    "containers.find_cluster_status",
    "host_names.find",
    "host_names.delete",
]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_tried_although_another_failed(ready_world: LifecycleWorld, step: str) -> None:
    """Given a fault of one service, the others' resources are removed all the same and the handler raises."""
    ready_world.journal.fail(step, throttled(step))

    with pytest.raises(TransientError, match="Throttling"):
        ready_world.stop()

    tried = set(ready_world.journal.names())
    assert {"rules.arm", "containers.delete_cluster", "host_names.find"} <= tried
    assert ready_world.record().lease_until is None


@pytest.mark.parametrize("step", STEPS)
def test_while_anything_is_left_the_rule_is_armed_ahead(ready_world: LifecycleWorld, step: str) -> None:
    """Given resources that could not be removed, a shutdown alarm brings the stop back."""
    ready_world.journal.fail(step, throttled(step))
    with pytest.raises(TransientError):
        ready_world.stop()

    fires = ready_world.rules.rules[NAME].fires

    assert fires
    assert fires > ready_world.clock.now()


@pytest.mark.parametrize("step", [*STEPS, "rules.disarm", "store.read", "store.replace"])
def test_the_retry_finishes_what_is_left(ready_world: LifecycleWorld, step: str) -> None:
    """Given a stop that failed at any step, Lambda's retry leaves nothing."""
    ready_world.journal.fail(step, throttled(step))
    with pytest.raises(TransientError):
        ready_world.stop(owner="same")

    ready_world.stop(owner="same")

    assert ready_world.left() == {}
    assert ready_world.record().state == "stopped"


@pytest.mark.parametrize("step", STEPS[1:])
def test_the_alarm_brings_back_a_stop_that_failed_permanently(ready_world: LifecycleWorld, step: str) -> None:
    """Given three failed tries of Lambda, the rule fires, repeatedly, until everything is gone."""
    ready_world.journal.fail(step, throttled(step), times=4)

    ready_world.stop_as_lambda({"userId": USER})
    ready_world.let_minutes_pass(20)

    assert ready_world.left() == {}


def test_the_shutdown_rule_ends_an_abandoned_server(world: LifecycleWorld) -> None:
    """Given a participant who walks away, the server runs for maxRuntime and no longer."""
    world.start()

    world.let_minutes_pass(31)

    assert world.left() == {}
    assert (world.record().state, world.record().reason) == ("stopped", "maxRuntime")


def test_a_stop_of_an_interrupted_start_runs_again_after_its_lease(world: LifecycleWorld) -> None:
    """Given a start in the middle of a call, the rule fires when its lease is over."""
    world.journal.fail("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    lease_until = world.record().lease_until
    assert lease_until
    world.clock.advance(30)

    world.stop()

    fires = world.rules.rules[NAME].fires
    assert fires
    assert fires > lease_until
    assert world.record().state == "stopping"


def test_what_an_interrupted_start_created_last_is_found_after_its_lease(world: LifecycleWorld) -> None:
    """Given a call in flight that created something, the second stop removes it."""
    world.journal.fail("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(30)
    world.stop()
    world.containers.create_cluster(NAME, {})

    world.let_minutes_pass(15)

    assert world.left() == {}
    assert world.record().state == "stopped"


def test_what_a_start_made_behind_the_stop_is_found(world: LifecycleWorld) -> None:
    """Given a start that ends during the stop, the stop clears twice, for what the start has created."""

    def start_makes_a_cluster_and_notices() -> None:
        world.containers.create_cluster(NAME, {})
        record = world.record()
        world.put_record(replace(record, start_lease_until=None))

    world.journal.fail("containers.create_cluster", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(30)
    world.journal.before("host_names.find", start_makes_a_cluster_and_notices)

    world.stop()

    assert world.left() == {}
