"""Objects of the platform that hold anything: servers still end, and the others are still examined."""

import json
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hippo.errors import TransientError
from hippo.records.server import ServerRecord, to_camel
from hippo.servers.sweep.sweep import CURSOR
from tests.fakes.world import HOST, NAME, OTHER_USER, USER, LifecycleWorld

TAGS = {"hippo:stack": "hippo"}
NAMES = [to_camel(field.name) for field in fields(ServerRecord) if field.name != "others"]
KEY = f"_servers/{USER}.json"
FAR = "2099-01-01T00:00:00.000+00:00"
UNREADABLE = [b"{broken", b"[]", b"\xff", b"1e999", b"[" * 100_000, b""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(FAR),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def forge(world: LifecycleWorld, **changes: Any) -> None:
    """Overwrite values of the stored record, by their stored names."""
    stored = json.loads(world.store.objects[KEY])
    world.store.objects[KEY] = json.dumps({**stored, **changes}).encode()


def let_alarm_ring(world: LifecycleWorld) -> None:
    """Let the time of the shutdown alarm pass, and the sweeps that follow."""
    world.let_minutes_pass(80)
    for _ in range(2):
        with suppress(TransientError):
            world.sweep()
        world.deliver_stops()


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_alarm_ends_a_server_whose_record_is_unreadable(ready_world: LifecycleWorld, body: bytes) -> None:
    """Given a record that is not a JSON object, the shutdown alarm still tears the attempt down."""
    ready_world.store.objects[KEY] = body

    let_alarm_ring(ready_world)

    assert ready_world.containers.list_living() == []
    assert ready_world.left().keys() <= {"names", "slots"}  # which nothing but the record confirms


@pytest.mark.parametrize(
    "changes",
    [
        {"ruleName": "another-rule"},
        {"cluster": "hippo-1-grace", "taskArn": "arn:aws:ecs:x:0:task/hippo-1-grace/1"},
        {"deadline": FAR},
        {"leaseUntil": FAR, "owner": "nobody", "state": "starting"},
        {"leaseUntil": FAR, "owner": "nobody", "state": "stopping"},
        {"startLeaseUntil": FAR},
        {"attempt": 7},
        {"attempt": "x"},
        {"state": "stopped"},
        {"userId": "grace"},
        {"requestedAt": FAR, "stopRequestedAt": FAR},
        {"projectId": "../other"},
    ],
)
def test_a_forged_record_lifts_no_time_limit(ready_world: LifecycleWorld, changes: dict[str, Any]) -> None:
    """Given a record that names other resources, times or people, its server ends at its alarm."""
    forge(ready_world, **changes)

    let_alarm_ring(ready_world)

    assert ready_world.containers.list_living() == []
    assert ready_world.rules.rules == {}


def test_names_are_derived_from_the_key(ready_world: LifecycleWorld) -> None:
    """Given a record that names another participant's resources, a stop leaves those alone."""
    ready_world.start(user=OTHER_USER)
    forge(ready_world, cluster=f"hippo-1-{OTHER_USER}", hostName=HOST.replace(USER, OTHER_USER), ruleName="x")

    ready_world.stop()

    assert [task.cluster for task in ready_world.containers.list_living()] == [f"hippo-1-{OTHER_USER}"]
    assert ready_world.record(OTHER_USER).state == "ready"
    assert HOST.replace(USER, OTHER_USER) in ready_world.host_names.records


@settings(max_examples=60)
@given(values=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_record_stops_the_sweep(values: dict[str, Any]) -> None:
    """Given a record that holds anything, a sweep ends another participant's orphan."""
    world = LifecycleWorld()
    world.start()
    forge(world, **values)
    other = NAME.replace(USER, OTHER_USER)
    world.containers.create_cluster(other, TAGS)
    world.clock.advance(10)

    try:
        world.sweep()
    except TransientError as error:
        assert "_servers" in str(error)  # noqa: PT017  # it may fail, but only because of that record
    world.deliver_stops()

    assert world.containers.clusters[other].deleted


def test_an_unexpected_error_is_counted(
    ready_world: LifecycleWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a record that raises an unexpected error, the others are examined and the metric counts it."""
    other = NAME.replace(USER, OTHER_USER)
    ready_world.containers.create_cluster(other, TAGS)
    ready_world.clock.advance(10)
    monkeypatch.setattr("hippo.servers.sweep.sweep.may_have_exited", lambda *_: 1 / 0)
    monkeypatch.setattr("hippo.metrics._stack", "hippo")

    with pytest.raises(TransientError, match="ZeroDivisionError"):
        ready_world.sweep()
    ready_world.deliver_stops()

    assert ready_world.containers.clusters[other].deleted
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "UnreadableRecords" in line]
    assert [line["UnreadableRecords"] for line in lines] == [1]


def test_objects_in_folders_are_no_records(ready_world: LifecycleWorld) -> None:
    """Given a hundred objects nested below `_servers/`, a sweep examines only the participants' records."""
    for number in range(100):
        ready_world.store.objects[f"_servers/x/Trials/{number}.json"] = b"{}"
    ready_world.store.objects["_servers/NOT_AN_ID.json"] = b"{}"
    ready_world.put_record(replace(ready_world.record(), deadline=ready_world.clock.now()))
    ready_world.clock.advance(3600)

    ready_world.sweep()

    assert [message["userId"] for message in ready_world.topic.messages] == [USER]


@pytest.mark.parametrize("key", ["_slots/0019", "_slots/q.20300101T120000000Z.grace.study", CURSOR])
@pytest.mark.parametrize("body", [*UNREADABLE[:5], b'{"userId": 5}', b'{"userId": "../x", "attempt": 1}'])
def test_slots_queue_and_cursor_may_hold_anything(ready_world: LifecycleWorld, key: str, body: bytes) -> None:
    """Given a slot, a queue entry or a cursor that holds anything, orphans are still ended."""
    ready_world.store.objects[key] = body
    other = NAME.replace(USER, OTHER_USER)
    ready_world.containers.create_cluster(other, TAGS)
    ready_world.clock.advance(10)

    try:
        ready_world.sweep()
    except TransientError as error:
        assert key in str(error)  # noqa: PT017
    ready_world.deliver_stops()

    assert ready_world.containers.clusters[other].deleted
    assert ready_world.record().state == "ready"
