"""start_server: the game server receives its participant's group, the same at every try."""

import json

import pytest

from hippo.invocation import Invocation
from hippo.records.messages import StartMessage
from hippo.servers.start.decisions import StartCase
from hippo.servers.start.new_record import AttemptSettings, build_new_record
from hippo.studies.catalogue import ListedProject
from hippo.studies.study import Study
from tests.fakes.journal import Crash
from tests.fakes.world import PROJECT, USER, LifecycleWorld


def put_group(world: LifecycleWorld, group: int | None) -> None:
    """Set the participant's group, or remove it."""
    world.put_participant(next_step=3)
    key = f"{PROJECT}/Users/{USER}"
    world.store.objects[key] = json.dumps({**json.loads(world.store.objects[key]), "group": group}).encode()


def list_groups(world: LifecycleWorld) -> list[str | None]:
    """Return the groups that all tasks so far have received."""
    return [task.variables.get("HIPPO_GROUP") for task in world.containers.tasks.values()]


@pytest.mark.parametrize(("group", "received"), [(0, "0"), (None, None)])
def test_group_of_the_record_reaches_the_server(
    world: LifecycleWorld, group: int | None, received: str | None
) -> None:
    """Given a participant with a group, their server receives it; without one it receives nothing."""
    put_group(world, group)

    world.start()

    assert list_groups(world) == [received]
    assert world.record().container == PROJECT


def test_every_task_receives_the_same_group(world: LifecycleWorld) -> None:
    """Given an exited task, or Spot without capacity, every task receives the group."""
    put_group(world, 1)
    world.containers.shortages["FARGATE_SPOT"] = "stopped"
    world.start()
    world.stop()
    world.clock.advance(60)
    world.start("second")

    assert list_groups(world) == ["1"] * 4


def test_start_that_is_continued_uses_the_same_token(world: LifecycleWorld) -> None:
    """Given a start cut off after RunTask, another one continues with the same task without a conflict."""
    put_group(world, 1)
    world.journal.lose_answer("containers.run_task", Crash())
    with pytest.raises(Crash):
        world.start()
    world.clock.advance(700)

    world.start()

    assert (world.record().state, list_groups(world)) == ("ready", ["1"])


def test_missing_container_fails_permanently(world: LifecycleWorld) -> None:
    """Given a config that names another container, the record says so and nothing is left."""
    put_group(world, 1)
    world.publish(PROJECT, awsSetup={"containerName": "other"})

    world.start()
    world.deliver_stops()

    assert (world.record().state, world.record().error) == ("stopped", "no container other")
    assert world.left() == {}


@pytest.mark.parametrize("group", [0, None])
def test_message_stands_for_a_record_that_is_not_written_yet(
    world: LifecycleWorld, group: int | None
) -> None:
    """Given a start that runs before the participant's record is written, the message's group counts."""
    now = world.clock.now()
    message = StartMessage(PROJECT, USER, "first", now, group)
    study = Study(PROJECT, {"ecsTask": PROJECT}, lambda _: None, lambda _: [])

    case = StartCase(message, current=None, now=now, owner="o")
    project = ListedProject(PROJECT, True, None, "bucket", {"idleMinutes": 3})
    record = build_new_record(
        AttemptSettings("hippo", "d", 60), Invocation("o", now, now), case, project, study
    )

    assert (record.bucket, record.idle_minutes) == ("bucket", 3)
    assert (record.group, record.variables.get("HIPPO_GROUP")) == (
        group,
        None if group is None else str(group),
    )
