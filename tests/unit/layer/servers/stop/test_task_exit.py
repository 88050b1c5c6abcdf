"""stop_server: ECS reports task exits; crashed servers are replaced, finished ones are torn down."""

from datetime import timedelta
from typing import Any

import pytest

from hippo.errors import AwsError, TransientError
from hippo.records.codes import TASK_EXITS
from hippo.records.server import MAX_ATTEMPTS
from tests.fakes.journal import Crash
from tests.fakes.world import NAME, PROJECT, USER, LifecycleWorld

CRASH = {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 1}]}
SPOT = {"stopCode": "SpotInterruption", "containers": [{"exitCode": 0}]}
IDLE_EXIT = {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 86}]}
CLEAN_EXIT = {"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]}
REPLACEMENT = {"projectId": PROJECT, "userId": USER, "requestId": f"{PROJECT}/{USER}/again/1"}


def build_event(task_arn: str, detail: dict[str, Any], cluster: str = NAME) -> dict[str, Any]:
    """Return an event of ECS as EventBridge puts it into a message."""
    arn = f"arn:aws:ecs:ca-central-1:000000000000:cluster/{cluster}"
    full = {"lastStatus": "STOPPED", "clusterArn": arn, "taskArn": task_arn, **detail}
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": full}


def crash_task(world: LifecycleWorld, detail: dict[str, Any] = CRASH) -> dict[str, Any]:
    """Let the server's task exit, and return the event."""
    world.containers.end_task(detail["stopCode"], "it ended", detail["containers"][0]["exitCode"])
    world.clock.advance(15)
    return build_event(world.record().task_arn, detail)


def start_again(world: LifecycleWorld) -> None:
    """Deliver the requested starts."""
    world.clock.advance(1)
    while world.start_topic.messages:
        message = world.start_topic.messages.pop(0)
        world.start(message["requestId"], user=message["userId"], project=message["projectId"])


@pytest.mark.parametrize(
    ("detail", "provider"), [(CRASH, "FARGATE_SPOT"), (SPOT, "FARGATE")], ids=["crash", "spot"]
)
def test_a_server_whose_task_exited_is_replaced(
    ready_world: LifecycleWorld, detail: dict[str, Any], provider: str
) -> None:
    """Given a task that exits in use, its server is replaced; on demand if Spot took it back."""
    ready_world.deliver_to_stop_server(crash_task(ready_world, detail))
    assert ready_world.left() == {}
    assert list(ready_world.start_topic.messages) == [REPLACEMENT]

    start_again(ready_world)

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries) == ("ready", 2, 2)
    assert record.capacity_provider == provider
    assert len(ready_world.containers.list_living()) == 1


def test_a_server_that_exited_with_0_is_not_replaced(ready_world: LifecycleWorld) -> None:
    """Given a game server that exits with 0, the game is over and the server is torn down at once."""
    ready_world.deliver_to_stop_server(crash_task(ready_world, CLEAN_EXIT))

    assert ready_world.left() == {}
    assert list(ready_world.start_topic.messages) == []
    assert ready_world.record().state == "stopped"


@pytest.mark.parametrize("next_step", [5, 6])
def test_a_participant_past_the_game_gets_no_replacement(ready_world: LifecycleWorld, next_step: int) -> None:
    """Given a participant past the last game, their server's exit only tears it down."""
    ready_world.put_participant(next_step)
    ready_world.deliver_to_stop_server(crash_task(ready_world))

    start_again(ready_world)

    assert ready_world.left() == {}
    assert ready_world.record().attempt == 1


def test_a_study_without_stop_step_ends_with_its_last_game(world: LifecycleWorld) -> None:
    """Given a config that stops no server, an exit past the game needs no replacement."""
    world.publish(PROJECT, events={"startServerStep": 2, "stopServerStep": None})
    world.start()
    world.put_participant(5)
    world.deliver_to_stop_server(crash_task(world))

    start_again(world)

    assert world.left() == {}


@pytest.mark.parametrize("next_step", [2, 3, 4])
def test_whoever_plays_or_waits_gets_another_one(ready_world: LifecycleWorld, next_step: int) -> None:
    """Given a participant before or at the game, the replacement comes up."""
    ready_world.put_participant(next_step)
    ready_world.deliver_to_stop_server(crash_task(ready_world))

    start_again(ready_world)

    assert (ready_world.record().state, ready_world.record().attempt) == ("ready", 2)


def test_a_closed_study_gets_no_replacement(ready_world: LifecycleWorld) -> None:
    """Given a closed study, its exiting servers are only torn down."""
    ready_world.publish(PROJECT, live=False)
    ready_world.deliver_to_stop_server(crash_task(ready_world))

    start_again(ready_world)

    assert ready_world.left() == {}


def test_replacements_are_bounded(ready_world: LifecycleWorld) -> None:
    """Given a server that exits again and again, the participant sees an error after five attempts."""
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert ready_world.record().attempt == attempt
        event = crash_task(ready_world)
        event["detail"]["clusterArn"] = f"arn:aws:ecs:r:a:cluster/{ready_world.record().cluster}"
        ready_world.deliver_to_stop_server(event)
        start_again(ready_world)

    assert ready_world.record().state == "failed"
    assert ready_world.left() == {}


def test_the_same_event_twice_has_effect_once(ready_world: LifecycleWorld) -> None:
    """Given a second delivery after the replacement is up, nothing happens to it."""
    event = crash_task(ready_world)
    ready_world.deliver_to_stop_server(event)
    start_again(ready_world)

    ready_world.deliver_to_stop_server(event)
    start_again(ready_world)

    assert (ready_world.record().state, ready_world.record().attempt) == ("ready", 2)


def test_a_second_delivery_before_the_replacement_asks_again_under_the_same_id(
    ready_world: LifecycleWorld,
) -> None:
    """Given an earlier delivery that may have been cut off, asking twice starts one server."""
    event = crash_task(ready_world)
    ready_world.deliver_to_stop_server(event)
    ready_world.deliver_to_stop_server(event)
    assert list(ready_world.start_topic.messages) == [REPLACEMENT, REPLACEMENT]

    start_again(ready_world)

    assert ready_world.record().attempt == 2
    assert len(ready_world.containers.list_living()) == 1


@pytest.mark.parametrize("delay", [0, 5])
@pytest.mark.parametrize("reason", sorted(TASK_EXITS))
def test_stop_with_the_text_of_a_task_exit_is_not_one(
    ready_world: LifecycleWorld, reason: str, delay: int
) -> None:
    """Given an operator's stop whose reason reads like a task exit, now or later, it is not replaced."""
    ready_world.stop({"reason": reason, "delay": delay})
    ready_world.let_minutes_pass(delay + 1)

    record = ready_world.record()
    assert (record.state, record.reason) == ("stopped", "requested")
    assert record.is_being_replaced_for(PROJECT) is False
    assert list(ready_world.start_topic.messages) == []
    assert ready_world.left() == {}


def test_stop_with_the_text_of_a_task_exit_ends_the_replacement(ready_world: LifecycleWorld) -> None:
    """Given a server that is being replaced, a stop that reads like a task exit ends that."""
    ready_world.deliver_to_stop_server(crash_task(ready_world))
    ready_world.clock.advance(1)
    ready_world.stop({"reason": ready_world.record().reason})

    start_again(ready_world)

    assert (ready_world.record().state, ready_world.record().reason) == ("stopped", "requested")


def test_a_task_that_we_stopped_is_not_a_task_exit(ready_world: LifecycleWorld) -> None:
    """Given the event of an ordinary stop, it costs one read and changes nothing."""
    event = build_event(ready_world.record().task_arn, {"stopCode": "UserInitiated", "containers": []})
    ready_world.stop()
    ready_world.journal.calls.clear()
    before = ready_world.record()

    ready_world.deliver_to_stop_server(event)

    assert ready_world.journal.names() == ["store.read"]
    assert ready_world.record() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"taskArn": "arn:task/another"},
        {"clusterArn": "arn:aws:ecs:r:a:cluster/hippo-7-ada"},
        {"clusterArn": "arn:aws:ecs:r:a:cluster/other-1-ada"},
        {"clusterArn": "arn:aws:ecs:r:a:cluster/hippo-nightly"},
        {"clusterArn": "arn:aws:ecs:r:a:cluster/hippo-1-nobody"},
        {"lastStatus": "RUNNING"},
    ],
)
def test_events_of_other_tasks_change_nothing(ready_world: LifecycleWorld, changes: dict[str, str]) -> None:
    """Given another task, attempt, stack, participant or state, the server stays as it is."""
    before = ready_world.record()
    event = build_event(before.task_arn, CRASH)
    event["detail"] |= changes

    ready_world.deliver_to_stop_server(event)

    assert ready_world.record() == before
    assert len(ready_world.containers.list_living()) == 1


def test_an_exit_while_the_name_is_awaited_is_seen_by_the_start(world: LifecycleWorld) -> None:
    """Given a task that exits after its port has answered, the start does not call it ready."""

    def die() -> None:
        world.deliver_to_stop_server(crash_task(world))

    world.host_names.seconds_to_sync = 60
    world.clock.plan(50, die)

    world.start()

    assert (world.record().state, world.record().reason) == ("failed", "the task ended")
    world.deliver_stops()
    assert world.left() == {}


def test_spot_takes_a_task_while_its_name_is_awaited(world: LifecycleWorld) -> None:
    """Given a Spot interruption at the same moment, the same start continues on demand."""

    def die() -> None:
        world.deliver_to_stop_server(crash_task(world, SPOT))

    world.host_names.seconds_to_sync = 60
    world.clock.plan(50, die)

    world.start()

    assert (world.record().state, world.record().capacity_provider) == ("ready", "FARGATE")
    assert len(world.containers.list_living()) == 1


def test_a_stop_during_the_teardown_prevents_the_replacement(
    ready_world: LifecycleWorld,
) -> None:
    """Given an operator's or a study's stop meanwhile, the server is stopped permanently."""
    event = crash_task(ready_world)
    ready_world.journal.before("containers.delete_cluster", lambda: ready_world.stop())

    ready_world.deliver_to_stop_server(event)

    assert ready_world.left() == {}
    assert list(ready_world.start_topic.messages) == []


def test_a_stop_sent_before_the_replacement_counts_for_it(ready_world: LifecycleWorld) -> None:
    """Given a stop sent during the teardown after an exit, it stops the replacement even if it comes late."""
    event = crash_task(ready_world)
    sent_at = ready_world.clock.now()
    ready_world.deliver_to_stop_server(event)
    start_again(ready_world)

    ready_world.stop(sent_at=sent_at)

    assert ready_world.left() == {}


def test_a_stop_that_is_handled_before_the_replacement_prevents_it(ready_world: LifecycleWorld) -> None:
    """Given a stop sent before the replacement was requested but handled after it, nothing is started."""
    event = crash_task(ready_world)
    sent_at = ready_world.clock.now()
    ready_world.deliver_to_stop_server(event)
    ready_world.stop(sent_at=sent_at + timedelta(milliseconds=1))

    start_again(ready_world)

    assert ready_world.left() == {}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "call",
    ["store.replace", "rules.arm", "containers.list_tasks", "containers.delete_cluster", "host_names.delete"],
)
def test_a_crash_on_the_way_is_made_good_by_the_retry(
    ready_world: LifecycleWorld, call: str, after: bool
) -> None:
    """Given an invocation cut off anywhere, Lambda's retry leads to one replacement."""
    event = crash_task(ready_world)
    (ready_world.journal.lose_answer if after else ready_world.journal.fail)(call, Crash())
    with pytest.raises(Crash):
        ready_world.deliver_to_stop_server(event, owner="same")
    ready_world.clock.advance(60)

    ready_world.deliver_to_stop_server(event, owner="same")
    start_again(ready_world)

    assert (ready_world.record().state, ready_world.record().attempt) == ("ready", 2)
    assert len(ready_world.containers.list_living()) == 1


def test_a_crash_before_the_replacement_is_requested_is_retried(ready_world: LifecycleWorld) -> None:
    """Given an invocation cut off after the teardown and before SNS, the retry requests the replacement."""
    event = crash_task(ready_world)
    ready_world.journal.fail("start_topic.publish", Crash())
    with pytest.raises(Crash):
        ready_world.deliver_to_stop_server(event, owner="same")

    ready_world.deliver_to_stop_server(event, owner="same")

    assert list(ready_world.start_topic.messages) == [REPLACEMENT]


def test_a_fault_of_sns_is_raised(ready_world: LifecycleWorld) -> None:
    """Given SNS that fails, the handler raises, so that Lambda retries."""
    event = crash_task(ready_world)
    ready_world.journal.fail("start_topic.publish", AwsError("sns:Publish", "InternalError", retryable=True))

    with pytest.raises(TransientError):
        ready_world.deliver_to_stop_server(event)


def test_the_replacement_gets_its_own_time(ready_world: LifecycleWorld) -> None:
    """Given a game that is half over, the new server has a whole maxRuntime and a rule for it."""
    ready_world.clock.advance(15 * 60)
    ready_world.deliver_to_stop_server(crash_task(ready_world))
    now = ready_world.clock.now()

    start_again(ready_world)

    record = ready_world.record()
    assert record.deadline
    assert record.deadline - now >= timedelta(minutes=30)
    assert list(ready_world.rules.rules) == [record.rule_name]


def test_idle_server_is_torn_down_and_not_replaced(ready_world: LifecycleWorld) -> None:
    """Given a game server that ended itself without a player, it waits for its participant's next request."""
    ready_world.clock.advance(600)
    ready_world.deliver_to_stop_server(crash_task(ready_world, IDLE_EXIT))
    assert ready_world.left() == {}
    assert list(ready_world.start_topic.messages) == []
    assert (ready_world.record().reason, ready_world.record().has_ended_idle) == ("idle", True)
    ready_world.clock.advance(3600)

    ready_world.put_participant(4, created=ready_world.clock.now() - timedelta(hours=2))
    ready_world.start(f"{PROJECT}/{USER}/2/2")

    record = ready_world.record()
    assert (record.state, record.attempt, record.tries, record.idle_ends) == ("ready", 2, 1, 1)


def test_exit_code_of_an_idle_server_counts_only_after_its_minutes(ready_world: LifecycleWorld) -> None:
    """Given an image that exits at once as if it were idle, that is an error, and counts as a try."""
    ready_world.deliver_to_stop_server(crash_task(ready_world, IDLE_EXIT))
    assert ready_world.record().reason == "the task ended"

    start_again(ready_world)

    assert (ready_world.record().attempt, ready_world.record().tries) == (2, 2)


def test_exit_code_means_nothing_where_servers_never_end_idle(world: LifecycleWorld) -> None:
    """Given a study with idleMinutes 0, that exit code is an error however late it comes."""
    world.publish(PROJECT, idleMinutes=0)
    world.start()
    world.clock.advance(1200)

    world.deliver_to_stop_server(crash_task(world, IDLE_EXIT))

    assert world.record().reason == "the task ended"


def test_lost_event_of_an_idle_server_is_noticed_by_the_sweep(ready_world: LifecycleWorld) -> None:
    """Given an idle exit whose event was lost, the sweep reads the exit code itself."""
    ready_world.clock.advance(900)
    crash_task(ready_world, IDLE_EXIT)

    ready_world.sweep()
    ready_world.deliver_stops()

    assert (ready_world.record().state, ready_world.record().reason) == ("stopped", "idle")


def test_operators_stop_after_an_idle_end_is_meant(ready_world: LifecycleWorld) -> None:
    """Given a stop that an operator sends for a server that ended idle, no page asks for another one."""
    ready_world.clock.advance(600)
    ready_world.deliver_to_stop_server(crash_task(ready_world, IDLE_EXIT))
    ready_world.clock.advance(1)

    ready_world.stop()

    assert (ready_world.record().reason, ready_world.record().has_ended_idle) == ("requested", False)
