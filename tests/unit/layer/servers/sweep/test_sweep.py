"""The sweep removes what nothing else takes care of, and touches nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import AwsError, TransientError
from hippo.host_labels import derive_host_label
from hippo.records.codes import HostChoice, ServerState
from hippo.records.server import ServerRecord
from hippo.servers.capacity.slots import ServerSlots
from hippo.servers.sweep.sweep import CURSOR, RECORDS_A_TIME, STOPS_A_TIME
from tests.fakes.journal import Crash
from tests.fakes.world import HOST, NAME, OTHER_USER, PROJECT, ROOT_DOMAIN, USER, LifecycleWorld

TAGS = {"hippo:stack": "hippo"}


def throttled(operation: str) -> AwsError:
    """Return the error that an adapter raises when AWS throttles."""
    return AwsError(operation, "ThrottlingException", retryable=True)


def sweep_and_deliver(world: LifecycleWorld) -> None:
    """Run a sweep and everything that it requests."""
    world.sweep()
    world.deliver_stops()


def lose_rule(world: LifecycleWorld) -> None:
    """Remove the shutdown alarm."""
    world.rules.rules.clear()


def test_a_world_in_order_is_left_as_it_is(ready_world: LifecycleWorld) -> None:
    """Given a running server and a stopped one, a sweep only reads."""
    ready_world.start(user=OTHER_USER)
    ready_world.stop({"userId": OTHER_USER})
    before = {k: v for k, v in ready_world.store.objects.items() if k != CURSOR}
    ready_world.journal.calls.clear()

    ready_world.sweep()

    assert {k: v for k, v in ready_world.store.objects.items() if k != CURSOR} == before
    assert ready_world.topic.messages == []
    assert ready_world.journal.names("rules.arm", "containers.stop", "containers.delete") == []


def test_a_cluster_without_a_record_is_cleared(world: LifecycleWorld) -> None:
    """Given a cluster of this stack that no record knows, it is removed with its rule."""
    world.containers.create_cluster(NAME, TAGS)
    world.clock.advance(10)

    sweep_and_deliver(world)

    assert world.left() == {}


def test_a_task_of_an_older_attempt_is_cleared(ready_world: LifecycleWorld) -> None:
    """Given resources of attempt 1 while attempt 2 runs, only the former are removed."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.start("second")
    ready_world.containers.clusters[NAME].deleted = False
    ready_world.containers.run_task(NAME, PROJECT, "FARGATE", "token", TAGS)
    ready_world.clock.advance(60)

    sweep_and_deliver(ready_world)

    assert [task.cluster for task in ready_world.containers.list_living()] == ["hippo-2-ada"]
    assert ready_world.left()["names"] == [HOST]
    assert ready_world.record().state == "ready"


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("hippo-1-eve", {}),
        ("hippo-1-eve", {"hippo:stack": "other"}),
        ("other-1-eve", TAGS),
        ("hippo-eve", TAGS),
        ("hippo-01-eve", TAGS),
        ("hippo-1-Eve", TAGS),
        ("hippo-1-eve.x", TAGS),
    ],
)
def test_a_cluster_of_another_owner_is_left_alone(
    world: LifecycleWorld, name: str, tags: dict[str, str]
) -> None:
    """Given a cluster without this stack's tag or naming, it stays."""
    world.containers.create_cluster(name, tags)
    world.clock.advance(10)

    sweep_and_deliver(world)

    assert world.left() == {"clusters": [name]}


def test_a_name_of_another_owner_is_left_alone(ready_world: LifecycleWorld) -> None:
    """Given A records whose address no server record knows, they stay, whatever their name."""
    foreign = {
        f"www.{ROOT_DOMAIN}": AddressRecord(f"www.{ROOT_DOMAIN}", ("192.0.2.1",), 10),
        f"a.b.{ROOT_DOMAIN}": AddressRecord(f"a.b.{ROOT_DOMAIN}", ("203.0.113.1",), 10),
        HOST: AddressRecord(HOST, ("192.0.2.2",), 10),
    }
    ready_world.stop()
    ready_world.host_names.records.update(foreign)
    ready_world.clock.advance(3600)

    for _ in range(3):
        sweep_and_deliver(ready_world)

    assert ready_world.host_names.records == foreign


def test_a_name_that_was_left_behind_is_cleared(ready_world: LifecycleWorld) -> None:
    """Given a stopped server whose name still has its address, the name is removed."""
    record = ready_world.host_names.records[HOST]
    ready_world.stop()
    ready_world.host_names.records[HOST] = record
    ready_world.clock.advance(3600)

    sweep_and_deliver(ready_world)

    assert ready_world.left() == {}


@pytest.mark.parametrize(
    "state", [ServerState.STARTING, ServerState.READY, ServerState.STOPPING, ServerState.FAILED]
)
def test_a_server_whose_shutdown_alarm_failed_is_stopped(ready_world: LifecycleWorld, state: str) -> None:
    """Given any unfinished state long after the deadline without a rule, the server is torn down."""
    lose_rule(ready_world)
    ready_world.put_record(replace(ready_world.record(), state=state, lease_until=None))
    ready_world.clock.advance(3600)

    sweep_and_deliver(ready_world)

    assert ready_world.left() == {}
    assert ready_world.record().state == "stopped"


@pytest.mark.parametrize("state", [ServerState.STARTING, ServerState.STOPPING])
def test_a_handler_at_work_is_not_disturbed(ready_world: LifecycleWorld, state: str) -> None:
    """Given a live lease, the sweep leaves the server alone, however old the record is."""
    ready_world.clock.advance(3600)
    lease = ready_world.clock.now() + timedelta(minutes=3)
    ready_world.put_record(replace(ready_world.record(), state=state, lease_until=lease))

    ready_world.sweep()

    assert ready_world.topic.messages == []


def test_a_living_server_gets_its_rule_back(ready_world: LifecycleWorld) -> None:
    """Given a server before its deadline whose rule is missing, the rule is armed again and fires."""
    lose_rule(ready_world)

    ready_world.sweep()

    rule = ready_world.rules.rules[NAME]
    assert rule.fires
    assert rule.fires - (ready_world.record().deadline or rule.fires) < timedelta(minutes=1)
    ready_world.let_minutes_pass(35)
    assert ready_world.left() == {}


def test_a_task_exit_without_an_event_is_found(ready_world: LifecycleWorld) -> None:
    """Given a ready server whose task has stopped, the sweep has it replaced."""
    ready_world.clock.advance(300)
    ready_world.containers.end_task("EssentialContainerExited", "it crashed", 1)
    ready_world.clock.advance(60)

    sweep_and_deliver(ready_world)

    assert ready_world.left() == {}
    assert [m["requestId"] for m in ready_world.start_topic.messages] == [f"{PROJECT}/{USER}/again/1"]


def test_a_game_server_that_ended_in_good_order_unnoticed_is_cleared(ready_world: LifecycleWorld) -> None:
    """Given exit code 0, the server is only torn down."""
    ready_world.clock.advance(300)
    ready_world.containers.end_task("EssentialContainerExited", "it ended", 0)
    ready_world.clock.advance(60)

    sweep_and_deliver(ready_world)

    assert ready_world.left() == {}
    assert ready_world.start_topic.messages == []


@pytest.mark.parametrize("holder", [(USER, 7), (USER, 1), ("nobody", 1)], ids=["attempt", "stopped", "none"])
def test_a_slot_whose_holder_is_gone_is_freed(ready_world: LifecycleWorld, holder: tuple[str, int]) -> None:
    """Given a slot held by an attempt that is over or never existed, it is freed."""
    ready_world.stop()
    ServerSlots(ready_world.store, ready_world.clock, 20).claim(5, *holder)

    ready_world.sweep()

    assert ready_world.slots() == []


def test_the_slot_of_a_living_server_is_kept(ready_world: LifecycleWorld) -> None:
    """Given a running holder, its slot stays its own, but a second slot of the same attempt does not."""
    ServerSlots(ready_world.store, ready_world.clock, 20).claim(
        19 - (ready_world.record().slot or 0), USER, 1
    )
    assert ready_world.slots() == [USER, USER]

    ready_world.sweep()

    assert ready_world.slots() == [USER]


@pytest.mark.parametrize(
    "call", ["containers.list_clusters", "rules.list_names", "store.list_after", "host_names.list_page"]
)
def test_a_look_that_fails_does_not_hide_the_others(ready_world: LifecycleWorld, call: str) -> None:
    """Given one kind that cannot be listed, the rest is still examined, and the handler raises."""
    ready_world.put_record(replace(ready_world.record(), deadline=ready_world.clock.now()))
    ready_world.clock.advance(3600)
    ready_world.journal.fail(call, throttled(call))

    with pytest.raises(TransientError, match="Throttling"):
        ready_world.sweep()

    assert [message["attempt"] for message in ready_world.topic.messages] == [1]


def test_a_sweep_asks_for_so_many_stops_and_goes_on_next_time(world: LifecycleWorld) -> None:
    """Given more orphans than one sweep may stop, the next one begins with the rest."""
    names = [f"user-{number:03}" for number in range(STOPS_A_TIME + 5)]
    for user in names:
        world.containers.create_cluster(f"hippo-1-{user}", TAGS)
    world.clock.advance(10)

    world.sweep()
    first = [message["userId"] for message in world.topic.messages]
    world.topic.messages.clear()
    world.sweep()

    second = [message["userId"] for message in world.topic.messages]
    assert first == names[:STOPS_A_TIME]
    assert second[:5] == names[STOPS_A_TIME:]


def test_a_sweep_that_was_cut_short_goes_on_within_its_page(world: LifecycleWorld) -> None:
    """Given more orphans on a page of records than one sweep may stop, none is skipped."""
    for number in range(RECORDS_A_TIME + 1):
        world.put_record(
            ServerRecord(f"user-{number:04}", PROJECT, ServerState.READY, deadline=world.clock.now())
        )
    world.clock.advance(3600)

    for _ in range((RECORDS_A_TIME + 1) // STOPS_A_TIME + 1):
        world.sweep()

    asked = [message["userId"] for message in world.topic.messages]
    assert asked == [f"user-{number:04}" for number in range(RECORDS_A_TIME + 1)]


def test_rules_that_could_not_be_listed_are_not_taken_for_missing(ready_world: LifecycleWorld) -> None:
    """Given a failed listing of the rules, no rule is armed because of it."""
    ready_world.journal.fail("rules.list_names", throttled("events:ListRules"))
    ready_world.journal.calls.clear()

    with pytest.raises(TransientError):
        ready_world.sweep()

    assert ready_world.journal.names("rules.arm") == []


def test_records_are_gone_through_a_page_at_a_time(world: LifecycleWorld) -> None:
    """Given more records than a page, each sweep takes the next page and restarts after the last."""
    for number in range(RECORDS_A_TIME + 1):
        world.put_record(ServerRecord(f"user-{number:04}", PROJECT, ServerState.STOPPED))
    seen = []

    for _ in range(3):
        world.journal.calls.clear()
        world.sweep()
        read = [a["key"] for a in world.journal.arguments("store.read") if a["key"].startswith("_servers/")]
        seen.append(len(read))

    assert seen == [RECORDS_A_TIME, 1, RECORDS_A_TIME]


def test_a_sweep_with_little_time_ends_in_time(world: LifecycleWorld) -> None:
    """Given no time left, nothing is lost: the cursor stays where the work ended."""
    for number in range(10):
        world.put_record(
            ServerRecord(f"user-{number}", PROJECT, ServerState.READY, deadline=world.clock.now())
        )
    world.clock.advance(3600)
    world.journal.before("topic.publish", lambda: world.clock.advance(280))

    world.sweep()

    assert [message["userId"] for message in world.topic.messages] == ["user-0"]
    assert json.loads(world.store.objects[CURSOR])["user"] == "user-0"


@pytest.mark.parametrize("act", [lambda w: w.stop(), lambda w: w.sweep()], ids=["stop", "sweep"])
def test_a_sweep_beside_others_does_no_harm(
    ready_world: LifecycleWorld, act: Callable[[LifecycleWorld], None]
) -> None:
    """Given a stop or another sweep in the middle of it, nothing is left over in the end."""
    ready_world.journal.before("store.list", lambda: act(ready_world))

    sweep_and_deliver(ready_world)
    ready_world.stop()
    ready_world.let_minutes_pass(40)

    assert ready_world.left() == {}


def test_a_rule_that_a_sweep_armed_for_a_server_just_stopped_clears_itself(
    ready_world: LifecycleWorld,
) -> None:
    """Given a stop between the sweep's read and its rule, the rule fires once and is gone."""
    lose_rule(ready_world)
    ready_world.journal.before("rules.arm", lambda: ready_world.stop())

    ready_world.sweep()
    ready_world.let_minutes_pass(35)

    assert ready_world.left() == {}


def test_an_interrupted_sweep_is_repeated_without_harm(ready_world: LifecycleWorld) -> None:
    """Given a sweep cut off after any of its calls, a later sweep does the rest."""
    lose_rule(ready_world)
    ready_world.clock.advance(3600)
    number = 0
    while True:
        ready_world.journal.calls.clear()
        ready_world.journal.crash_at(number, after=True)
        try:
            ready_world.sweep()
        except Crash:
            number += 1
            continue
        break
    ready_world.deliver_stops()

    assert number > 5
    assert ready_world.left() == {}


@pytest.mark.parametrize("body", [b"{broken", b"[]", b'"text"', b"\xff"])
def test_one_record_that_is_broken_hides_no_other(ready_world: LifecycleWorld, body: bytes) -> None:
    """Given an invalid record, the error names it, and all other participants are still examined."""
    ready_world.store.objects[f"_servers/{USER}.json"] = body
    other = NAME.replace(USER, OTHER_USER)
    ready_world.containers.create_cluster(other, TAGS)
    ready_world.clock.advance(10)

    with pytest.raises(TransientError, match=f"_servers/{USER}.json is not a valid server record"):
        ready_world.sweep()
    ready_world.deliver_stops()

    assert ready_world.containers.clusters[other].deleted


def leave_derived_name(world: LifecycleWorld) -> str:
    """Leave the derived A record of a server that has been stopped."""
    world.start(host=HostChoice.DERIVED)
    name, address = world.record().host_name, world.record().public_ip
    world.stop()
    world.clock.advance(1200)
    world.host_names.records[name] = AddressRecord(name, (address,), 10)
    return name


def test_a_derived_name_that_was_left_is_removed(world: LifecycleWorld) -> None:
    """Given a stopped server whose derived A record is still there, it goes."""
    name = leave_derived_name(world)

    sweep_and_deliver(world)

    assert name.startswith("u-")
    assert world.left() == {}


def test_a_derived_name_is_found_on_any_page_of_records(world: LifecycleWorld) -> None:
    """Given so many records that a sweep does not read that of the name's participant, its name goes too."""
    leave_derived_name(world)
    stopped = replace(world.record(), host_name="", cluster="", rule_name="")
    for number in range(RECORDS_A_TIME):
        world.put_record(replace(stopped, user_id=f"a{number}"))
    world.journal.calls.clear()

    sweep_and_deliver(world)

    assert world.left() == {}
    assert {"prefix": "_servers/"} in world.journal.arguments("store.list")


def test_names_of_participants_who_are_known_need_no_listing(world: LifecycleWorld) -> None:
    """Given a running server with a derived name, a sweep does not list all records."""
    world.start(host=HostChoice.DERIVED)
    world.journal.calls.clear()

    world.sweep()

    assert {"prefix": "_servers/"} not in world.journal.arguments("store.list")
    assert world.record().state == "ready"


def test_a_derived_name_of_nobody_is_left_alone(world: LifecycleWorld) -> None:
    """Given an A record that only looks derived, without a participant, a sweep requests no stop."""
    name = f"{derive_host_label('nobody')}.{ROOT_DOMAIN}"
    world.host_names.records[name] = AddressRecord(name, ("203.0.113.9",), 10)

    sweep_and_deliver(world)

    assert world.left() == {"names": [name]}
