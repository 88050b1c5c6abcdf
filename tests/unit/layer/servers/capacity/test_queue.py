"""The queue above the caps: participants wait in order, and a freed slot goes to the next one at once."""

import pytest

from hippo.errors import AwsError
from hippo.servers.capacity.queue import PATIENCE
from tests.fakes.journal import Crash
from tests.fakes.world import OTHER_PROJECT, PROJECT, LifecycleWorld


@pytest.fixture
def world() -> LifecycleWorld:
    """Return a deployment that allows one server, which another participant has."""
    world = LifecycleWorld(max_servers=1)
    world.start("first", user="holder")
    return world


def queue_up(world: LifecycleWorld, *users: str, project: str = PROJECT) -> None:
    """Let participants ask one after the other."""
    for user in users:
        world.clock.advance(2)
        world.start(f"{user}/1", user=user, project=project)


def list_queue(world: LifecycleWorld) -> list[str]:
    """Return the waiting participants, longest first."""
    keys = sorted(key for key in world.store.objects if key.startswith("_slots/q."))
    return [key.split(".")[2] for key in keys]


def deliver_starts(world: LifecycleWorld) -> None:
    """Deliver the requested starts to start_server."""
    world.clock.advance(1)
    while world.start_topic.messages:
        message = world.start_topic.messages.pop(0)
        world.start(message["requestId"], user=message["userId"], project=message["projectId"])


def end(world: LifecycleWorld, user: str) -> None:
    """Stop a participant's server."""
    world.clock.advance(2)
    world.stop({"userId": user})


def list_players(world: LifecycleWorld) -> list[str]:
    """Return the participants who have a task."""
    return sorted(task.cluster.rpartition("-")[2] for task in world.containers.list_living())


def test_slots_are_passed_on_in_order(world: LifecycleWorld) -> None:
    """Given three waiting participants, each gets the slot in turn, at once, and the queue ends up empty."""
    queue_up(world, "ann", "bea", "cleo")
    assert list_queue(world) == ["ann", "bea", "cleo"]

    played = []
    for user in ("holder", "ann", "bea"):
        end(world, user)
        deliver_starts(world)
        played += list_players(world)

    assert played == ["ann", "bea", "cleo"]
    assert list_queue(world) == []


def test_a_newcomer_does_not_jump_the_queue(world: LifecycleWorld) -> None:
    """Given a free slot and a participant who waits for it, a newcomer queues behind them."""
    queue_up(world, "ann")
    end(world, "holder")

    queue_up(world, "dan")

    assert list_players(world) == []
    assert list_queue(world) == ["ann", "dan"]
    deliver_starts(world)
    assert list_players(world) == ["ann"]


def test_asking_again_keeps_the_position(world: LifecycleWorld) -> None:
    """Given participants whose starts are published every minute, the order is that of their first start."""
    queue_up(world, "ann", "bea")
    for _ in range(8):
        world.clock.advance(60)
        queue_up(world, "bea", "ann")

    assert list_queue(world) == ["ann", "bea"]


def test_whoever_has_gone_lets_the_next_one_pass(world: LifecycleWorld) -> None:
    """Given a first participant whose entry was not renewed for minutes, the second gets the slot."""
    queue_up(world, "gone")
    world.clock.advance(PATIENCE.total_seconds())
    queue_up(world, "bea")
    end(world, "holder")

    deliver_starts(world)

    assert list_players(world) == ["bea"]
    assert list_queue(world) == []


def test_an_own_request_gets_the_slot_if_the_published_start_was_lost(world: LifecycleWorld) -> None:
    """Given a stop cut off before it published, the first in the queue gets the slot, not the second."""
    queue_up(world, "ann", "bea")
    world.journal.fail("start_topic.publish", Crash())
    with pytest.raises(Crash):
        end(world, "holder")
    world.clock.advance(60)

    queue_up(world, "bea")
    assert list_players(world) == []
    queue_up(world, "ann")

    assert list_players(world) == ["ann"]


def test_the_sweep_passes_on_too(world: LifecycleWorld) -> None:
    """Given a lost start and no participant who asks again, the sweep publishes it."""
    queue_up(world, "ann")
    world.journal.fail("start_topic.publish", Crash())
    with pytest.raises(Crash):
        end(world, "holder")

    world.sweep()
    deliver_starts(world)

    assert list_players(world) == ["ann"]


def test_a_failure_to_pass_on_does_not_fail_the_stop(world: LifecycleWorld) -> None:
    """Given failing SNS, the server is stopped all the same, without a retry."""
    queue_up(world, "ann")
    world.journal.fail("start_topic.publish", AwsError("sns:Publish", "InternalError", retryable=True))

    end(world, "holder")

    assert world.record("holder").state == "stopped"
    assert list_queue(world) == ["ann"]


def test_a_start_that_lost_its_slot_to_a_rival_waits_in_line(world: LifecycleWorld) -> None:
    """Given two simultaneous starts for one slot, the loser is queued and plays next."""
    end(world, "holder")
    world.journal.before("store.create", lambda: None)  # the record
    world.journal.before("store.replace", lambda: world.start("eve/1", user="eve"))
    world.start("fay/1", user="fay")
    world.deliver_stops()
    [player] = list_players(world)
    [waiting] = list_queue(world)
    assert {player, waiting} == {"eve", "fay"}

    end(world, player)
    deliver_starts(world)

    assert list_players(world) == [waiting]


def crash_holders_task(world: LifecycleWorld) -> None:
    """Let the holder's server crash, and deliver the event to stop_server."""
    world.containers.end_task("EssentialContainerExited", "it crashed", 1)
    world.clock.advance(20)
    record = world.record("holder")
    detail = {
        "lastStatus": "STOPPED",
        "clusterArn": f"arn:aws:ecs:r:a:cluster/{record.cluster}",
        "taskArn": record.task_arn,
        "stopCode": "EssentialContainerExited",
    }
    world.deliver_to_stop_server(
        {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail}
    )


def test_a_crashed_server_is_replaced_before_others_are_served(world: LifecycleWorld) -> None:
    """Given a crash while others wait, the crashed server's own participant is replaced first."""
    queue_up(world, "ann")
    crash_holders_task(world)
    queue_up(world, "ann")
    assert list_players(world) == []

    deliver_starts(world)

    assert list_players(world) == ["holder"]
    assert list_queue(world) == ["ann"]


def test_a_crashed_server_past_the_game_gives_its_slot_away(world: LifecycleWorld) -> None:
    """Given a participant past the game whose server crashes, the next in the queue gets the slot."""
    queue_up(world, "ann")
    world.put_participant(5, user="holder")
    crash_holders_task(world)
    deliver_starts(world)

    queue_up(world, "ann")

    assert list_players(world) == ["ann"]
    assert list_queue(world) == []


def test_a_project_has_a_cap_of_its_own() -> None:
    """Given maxServers 2 of one project under 20 of all, its third participant waits and others do not."""
    world = LifecycleWorld(max_servers=20)
    world.publish(PROJECT, maxServers=2)
    queue_up(world, "ann", "bea", "cleo")
    queue_up(world, "dan", "eve", "fay", project=OTHER_PROJECT)

    assert list_players(world) == ["ann", "bea", "dan", "eve", "fay"]
    assert list_queue(world) == ["cleo"]
    end(world, "dan")
    deliver_starts(world)
    assert list_queue(world) == ["cleo"]
    end(world, "ann")
    deliver_starts(world)
    assert list_players(world) == ["bea", "cleo", "eve", "fay"]
    for user in ("bea", "cleo", "eve", "fay"):
        end(world, user)
    assert world.left() == {}


def test_a_project_at_its_cap_does_not_hold_up_others() -> None:
    """Given a longest waiting participant whose project is at its cap, the next project gets the slot."""
    world = LifecycleWorld(max_servers=2)
    world.publish(PROJECT, maxServers=1)
    queue_up(world, "ann", "bea")
    queue_up(world, "dan", "eve", project=OTHER_PROJECT)
    assert list_players(world) == ["ann", "dan"]

    end(world, "dan")
    deliver_starts(world)

    assert list_players(world) == ["ann", "eve"]
    assert list_queue(world) == ["bea"]


def test_many_starts_at_once_never_exceed_a_projects_cap() -> None:
    """Given starts that let each other in just before they claim a slot, two servers run and six wait."""
    world = LifecycleWorld(max_servers=20)
    world.publish(PROJECT, maxServers=2)
    users = [f"user{number}" for number in range(8)]

    def start_all(rest: list[str]) -> None:
        if rest:
            world.journal.before("store.create", lambda: None)
            world.journal.before("store.create", lambda: start_all(rest[1:]))
            world.start(f"{rest[0]}/1", user=rest[0])

    start_all(users)
    world.deliver_stops()

    assert len(list_players(world)) == 2
    assert sorted([*list_players(world), *list_queue(world)]) == users


def test_a_raised_cap_lets_those_who_wait_in(world: LifecycleWorld) -> None:
    """Given more slots after a deployment, the next requests take effect in order."""
    queue_up(world, "ann", "bea", "cleo")
    world.max_servers = 3

    queue_up(world, "cleo", "bea", "ann")
    assert list_players(world) == ["ann", "bea", "holder"]
    assert list_queue(world) == ["cleo"]


def test_an_empty_queue_costs_nothing() -> None:
    """Given free slots, a start lists once, and neither reads nor deletes queue entries."""
    world = LifecycleWorld()
    world.start()

    assert world.journal.names("store.list", "store.delete") == ["store.list"]
    keys = [a["key"] for a in world.journal.arguments("store.read")]
    assert not [key for key in keys if key.startswith("_slots/q.")]


def test_reading_the_queue_is_bounded() -> None:
    """Given a hundred participants who wait for one slot, a start reads one entry."""
    world = LifecycleWorld(max_servers=1)
    world.start(user="holder")
    queue_up(world, *[f"user{number:03}" for number in range(100)])
    end(world, "holder")
    world.journal.calls.clear()

    queue_up(world, "user099")

    read = [a["key"] for a in world.journal.arguments("store.read") if "/q." in a["key"]]
    assert len(read) == 1


def test_each_id_has_one_turn_before_those_who_wait(world: LifecycleWorld) -> None:
    """Given invented ids that ask again as soon as their servers end, a participant who came after them gets
    the slot once each of them has had one turn: who asks again waits at the end."""
    invented = [f"bot{number}" for number in range(3)]
    queue_up(world, *invented, "ann")
    turns, holder = [], "holder"
    for _ in range(4):
        end(world, holder)
        deliver_starts(world)
        queue_up_again(world, holder, len(turns))
        (holder,) = list_players(world)
        turns.append(holder)

    assert turns == [*invented, "ann"]
    assert list_queue(world) == ["holder", *invented]


def queue_up_again(world: LifecycleWorld, user: str, number: int) -> None:
    """Let a participant whose server has ended ask for another one."""
    world.clock.advance(2)
    world.start(f"{user}/again-{number}", user=user)
