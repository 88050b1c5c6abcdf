"""Servers without a player: the sweep finds those whose game was never shown, and stop_server ends them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hippo.clock import to_wire
from hippo.errors import AwsError, TransientError
from hippo.records.codes import EndReason, ServerState
from hippo.records.server import MOST_IDLE_ENDS, build_attempt_stop
from tests.fakes.world import PROJECT, USER, LifecycleWorld

REASON = "idle: the game was never shown"


def put_progress(world: LifecycleWorld, **changes: Any) -> None:
    """Put a participant who reads the page before the game, with changes of their record."""
    world.put_participant(next_step=3)
    key = f"{PROJECT}/Users/{USER}"
    world.store.objects[key] = json.dumps({**json.loads(world.store.objects[key]), **changes}).encode()


@pytest.fixture
def unused_world(ready_world: LifecycleWorld) -> LifecycleWorld:
    """Return a participant who has stayed at a page for ten minutes since their server was ready."""
    put_progress(ready_world)
    ready_world.clock.advance(600)
    return ready_world


def test_unused_server_is_stopped(unused_world: LifecycleWorld) -> None:
    """Given a server whose game was never shown, the sweep names its attempt, and nothing is left of it."""
    unused_world.sweep()
    [message] = unused_world.topic.messages
    unused_world.deliver_stops()

    assert message == {"userId": USER, "projectId": PROJECT, "attempt": 1, "reason": REASON}
    record = unused_world.record()
    assert (record.state, record.reason, record.error) == ("stopped", REASON, "")
    assert unused_world.left() == {}
    assert unused_world.start_topic.messages == []


def test_server_before_its_minutes_is_left(ready_world: LifecycleWorld) -> None:
    """Given a server that has been ready for less than its minutes, it stays."""
    put_progress(ready_world)
    ready_at = ready_world.record().ready_at
    assert ready_at
    ready_world.clock.advance(
        (ready_at + timedelta(minutes=10) - ready_world.clock.now()).total_seconds() - 1
    )

    ready_world.sweep()

    assert ready_world.topic.messages == []


@pytest.mark.parametrize(
    "changes",
    [{"shownAttempt": 1}, {"gameShownAt": "2030-01-01T00:00:00.000+00:00"}],
    ids=["this attempt", "a client of an earlier release"],
)
def test_server_whose_game_was_shown_is_left(unused_world: LifecycleWorld, changes: dict[str, Any]) -> None:
    """Given a game that was shown, even if the participant reads a page now, the server stays."""
    put_progress(unused_world, **changes)

    unused_world.sweep()

    assert unused_world.topic.messages == []


def test_server_without_a_participant_is_left(unused_world: LifecycleWorld) -> None:
    """Given a server that an operator started for people who open it directly, it stays."""
    del unused_world.store.objects[f"{PROJECT}/Users/{USER}"]

    unused_world.sweep()

    assert unused_world.topic.messages == []


@pytest.mark.parametrize("changes", [{"bucket": "another"}, {"project_id": "a/b"}, {"idle_minutes": 0}])
def test_record_that_cannot_be_judged_is_left(unused_world: LifecycleWorld, changes: dict[str, Any]) -> None:
    """Given a record of an earlier release, or an edited one, the server stays."""
    unused_world.put_record(replace(unused_world.record(), **changes))

    unused_world.sweep()

    assert unused_world.topic.messages == []


def test_unreadable_participant_is_left(unused_world: LifecycleWorld) -> None:
    """Given a participant's record that is not one, the server stays and the sweep continues."""
    unused_world.store.objects[f"{PROJECT}/Users/{USER}"] = b"["

    unused_world.sweep()

    assert unused_world.topic.messages == []


def test_study_may_keep_its_servers(world: LifecycleWorld) -> None:
    """Given idleMinutes 0, the server receives no such variable, and no sweep stops it."""
    world.publish(PROJECT, idleMinutes=0)
    put_progress(world)
    world.start()
    world.clock.advance(900)

    world.sweep()

    assert world.topic.messages == []
    [task] = world.containers.tasks.values()
    assert "HIPPO_IDLE_MINUTES" not in task.variables


def test_game_shown_meanwhile_keeps_its_server(unused_world: LifecycleWorld) -> None:
    """Given a game that was shown after the sweep had looked, the stop leaves the server ready and free."""
    unused_world.sweep()
    put_progress(unused_world, shownAttempt=1)

    unused_world.deliver_stops()

    record = unused_world.record()
    assert (record.state, record.lease_until, record.reason) == ("ready", None, "")
    assert len(unused_world.containers.list_living()) == 1


def test_stop_waits_for_requests_that_may_show_the_game(unused_world: LifecycleWorld) -> None:
    """Given the stop of an unused server, it ends no earlier than a request takes that began before."""
    began = unused_world.clock.now()
    unused_world.sweep()
    unused_world.deliver_stops()

    [task] = unused_world.containers.tasks.values()
    assert task.stopping_from
    assert task.stopping_from - began >= timedelta(seconds=30)


def test_participant_who_cannot_be_read_keeps_the_server(unused_world: LifecycleWorld) -> None:
    """Given S3 that fails after the record was leased, the message is delivered again and then ends it."""
    unused_world.sweep()
    [message] = unused_world.topic.messages
    owner = unused_world.new_owner()
    error = AwsError("s3:GetObject", "SlowDown", retryable=True)
    kept = unused_world.store.read

    def fail(key: str) -> Any:
        if "/Users/" in key:
            raise error
        return kept(key)

    unused_world.store.read = fail  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        unused_world.deliver_to_stop_server(message, owner=owner)
    assert unused_world.record().state == ServerState.READY
    unused_world.store.read = kept  # type: ignore[method-assign]

    unused_world.deliver_to_stop_server(message, owner=owner)

    assert unused_world.record().state == ServerState.STOPPED


def test_only_the_platform_finds_a_server_unused(unused_world: LifecycleWorld) -> None:
    """Given a stop of another sender with that reason, it counts as requested, and no attempt as free."""
    unused_world.stop({"reason": REASON})

    assert unused_world.record().reason == "requested"


def test_later_stop_of_another_attempt_leaves_the_new_server(unused_world: LifecycleWorld) -> None:
    """Given the message of an attempt that has been replaced, the newer server stays."""
    message = build_attempt_stop(unused_world.record(), EndReason.NEVER_SHOWN)
    unused_world.stop()
    unused_world.clock.advance(60)
    unused_world.start("second")

    unused_world.deliver_to_stop_server(message)

    assert (unused_world.record().state, unused_world.record().attempt) == ("ready", 2)


def test_idle_ends_count_as_no_try_until_there_are_many(world: LifecycleWorld) -> None:
    """Given a participant who stays away again and again, only the later ends count as tries."""
    put_progress(world)
    tries = []
    for number in range(MOST_IDLE_ENDS + 3):
        world.start(f"start-{number}")
        tries.append(world.record().tries)
        world.clock.advance(660)
        world.sweep()
        world.deliver_stops()
        world.clock.advance(60)

    assert tries == [1] * (MOST_IDLE_ENDS + 1) + [2, 3]
    assert to_wire(world.record().stopped_at)
