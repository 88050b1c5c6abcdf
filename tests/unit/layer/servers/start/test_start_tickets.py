"""start_server: each attempt has a ticket key, which reaches its task and nothing else."""

import logging
from typing import Any

import pytest

from hippo.aws.task_definitions import ContainerDefinition, TaskDefinition
from hippo.errors import AwsError
from hippo.servers.start.game_container import KnownDefinitions, choose_container
from hippo.servers.start_wiring import read_origin
from tests.fakes.journal import Crash
from tests.fakes.world import PROJECT, USER, LifecycleWorld


def list_variables(world: LifecycleWorld) -> list[dict[str, str]]:
    """Return the variables of all tasks so far."""
    return [task.variables for task in world.containers.tasks.values()]


def test_server_receives_key_and_identity(world: LifecycleWorld) -> None:
    """Given a start, the container gets the record's key, project and participant."""
    world.start()

    record = world.record()
    assert len(record.ticket_key) >= 43
    assert list_variables(world) == [
        {
            "HIPPO_TICKET_KEY": record.ticket_key,
            "HIPPO_TICKETS": "optional",
            "HIPPO_PROJECT_ID": PROJECT,
            "HIPPO_USER_ID": USER,
            "HIPPO_IDLE_MINUTES": "10",
        }
    ]


def test_tries_of_an_attempt_share_a_key_and_attempts_do_not(world: LifecycleWorld) -> None:
    """Given Spot without capacity and then a second attempt, each attempt has one key for its tasks."""
    world.containers.shortages["FARGATE_SPOT"] = "stopped"
    world.start()
    world.stop()
    world.clock.advance(60)
    world.start("second")

    keys = [variables["HIPPO_TICKET_KEY"] for variables in list_variables(world)]
    assert (keys[0], keys[2]) == (keys[1], keys[3])
    assert keys[0] != keys[2]


def test_start_that_is_continued_keeps_its_key(world: LifecycleWorld) -> None:
    """Given a start cut off after RunTask, another one continues with the same task and key."""
    world.journal.lose_answer("containers.run_task", Crash())
    with pytest.raises(Crash):
        world.start()
    key = world.record().ticket_key
    world.clock.advance(700)

    world.start()

    assert (world.record().state, world.record().ticket_key) == ("ready", key)
    assert [variables["HIPPO_TICKET_KEY"] for variables in list_variables(world)] == [key]


@pytest.mark.parametrize(
    ("in_message", "in_record", "expected"),
    [
        ("required", False, "required"),
        ("", True, "required"),
        ("optional", True, "required"),
        ("optional", False, "optional"),
        ("", False, "optional"),
    ],
)
def test_tickets_are_required_once_step_was_sent(
    world: LifecycleWorld, in_message: str, in_record: bool, expected: str
) -> None:
    """Given a message or a participant's record that knows of `step`, only tickets are admitted."""
    world.put_participant(next_step=3, sends_step=in_record)

    world.start(tickets=in_message)

    assert (world.record().tickets, list_variables(world)[0]["HIPPO_TICKETS"]) == (expected, expected)


def test_refused_variables_cost_only_the_tickets(world: LifecycleWorld, caplog: Any) -> None:
    """Given a study without groups whose container is not found, its server runs, and the record says how."""
    world.publish(PROJECT, awsSetup={"containerName": "other"})

    with caplog.at_level(logging.INFO):
        world.start()

    record = world.record()
    assert (record.state, record.tickets, record.ticket_key) == ("ready", "none", "")
    assert list_variables(world) == [{}]
    assert "without tickets" in caplog.text
    tokens = [call["token"] for call in world.journal.arguments("containers.run_task")]
    assert len(tokens) == len(set(tokens)) == 2  # the same token with other parameters is a conflict


def test_key_is_not_logged(world: LifecycleWorld, caplog: Any) -> None:
    """Given a whole life of a server at the most detailed level, no log line has the key."""
    with caplog.at_level(logging.DEBUG):
        world.start()
        key = world.record().ticket_key
        world.stop()

    assert key
    assert not [entry for entry in caplog.records if key in str(vars(entry))]


def test_unfound_container_costs_no_start(world: LifecycleWorld) -> None:
    """Given a task definition that cannot be read, the container is taken to have the project's id."""
    denied = AwsError("ecs:DescribeTaskDefinition", "AccessDeniedException", retryable=False)
    world.journal.fail("containers.describe_definition", denied)

    world.start()

    assert (world.record().state, world.record().container) == ("ready", PROJECT)


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ([("other", True, ()), ("maze", False, ())], "maze"),
        ([("sidecar", True, ()), ("game", True, (5000,))], "game"),
        ([("init", False, ()), ("game", True, ())], "game"),
        ([("only", False, ())], "only"),
        ([], "maze"),
    ],
)
def test_container_is_chosen(described: list[tuple[str, bool, tuple[int, ...]]], expected: str) -> None:
    """Given a task definition, the game's container is the project's namesake, or the likeliest one."""
    definition = TaskDefinition("maze:1", 1, 2, tuple(ContainerDefinition(*one) for one in described))

    assert choose_container(definition, "maze", 5000) == expected


@pytest.mark.parametrize(
    ("definition", "calls"), [("maze:3", 1), ("arn:aws:ecs:x:1:task-definition/maze:3", 1), ("maze", 2)]
)
def test_numbered_revisions_are_read_once(definition: str, calls: int) -> None:
    """Given a numbered revision, which never changes, its containers are kept; others are read again."""

    class Counting:
        asked = 0

        def describe_definition(self, name: str) -> TaskDefinition:
            self.asked += 1
            return TaskDefinition("maze:3", 1, 2, ())

    containers, known = Counting(), KnownDefinitions()

    for _ in range(2):
        assert known.find(containers, definition) == TaskDefinition("maze:3", 1, 2, ())  # type: ignore[arg-type]

    assert containers.asked == calls


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Study.example.org/", "https://study.example.org"),
        ("https://study.example.org:443/x?y", "https://study.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_origin_is_what_browsers_send(url: str, origin: str) -> None:
    """Given the address of the page, its origin has neither path nor default port."""
    assert read_origin(url) == origin
