"""A participant whose records were deleted: late messages have no effect, and a new run has its game."""

import pytest

from tests.support.server_world import BUCKET, PROJECT, USER, ServerWorld

STEP = f"{PROJECT}/{USER}/3"  # of the start step


def withdraw(world: ServerWorld) -> None:
    """Delete what the tool deletes once a server has stopped."""
    for key in (f"_servers/{USER}.json", f"{PROJECT}/Users/{USER}"):
        world.s3.delete_object(Bucket=BUCKET, Key=key)


def enter(world: ServerWorld) -> None:
    """Put the participant at the step before the game."""
    created = world.clock.now().isoformat()
    world.put(f"{PROJECT}/Users/{USER}", {"nextStep": 3, "requests": [], "created": created})


@pytest.fixture
def withdrawn_world(world: ServerWorld) -> ServerWorld:
    """Return a world whose participant has played, and withdrew ten minutes ago."""
    enter(world)
    world.start({"projectId": PROJECT, "userId": USER, "requestId": STEP})
    world.clock.advance(60)
    world.stop()
    withdraw(world)
    world.clock.advance(600)
    return world


def test_a_participant_who_begins_again_has_a_server_at_once(withdrawn_world: ServerWorld) -> None:
    """Given the same id within the hour for which ECS keeps a client token, the start gets its own task."""
    enter(withdrawn_world)

    withdrawn_world.start({"projectId": PROJECT, "userId": USER, "requestId": STEP}, request_id="start-2")

    record = withdrawn_world.record()
    assert (record["state"], record["attempt"], record["error"]) == ("ready", 1, "")
    assert len(withdrawn_world.tasks()) == 1


@pytest.mark.parametrize(
    ("function", "body"),
    [
        ("start", {"requestId": STEP}),
        ("start", {"requestId": f"{PROJECT}/{USER}/again/1"}),
        ("stop", {"attempt": 1, "reason": "maxRuntime"}),
        ("stop", {"requestId": f"{PROJECT}/{USER}/by hand", "reason": "stopped by hand"}),
    ],
)
def test_late_messages_restore_nothing(
    withdrawn_world: ServerWorld, function: str, body: dict[str, object]
) -> None:
    """Given a message that arrives after the withdrawal, nothing is created, not even a record."""
    send = withdrawn_world.start if function == "start" else withdrawn_world.stop

    send({"projectId": PROJECT, "userId": USER, **body}, request_id="late")

    assert withdrawn_world.left() == []
    assert "Contents" not in withdrawn_world.s3.list_objects_v2(Bucket=BUCKET, Prefix="_servers/")
