"""SNS messages that no retry can fix are logged; nothing is created or raised."""

import logging
from typing import Any

import pytest

from tests.support.server_world import PROJECT, USER, ServerWorld

NOT_MESSAGES = {
    "not JSON": "start!",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "no ids": "{}",
    "no userId": f'{{"projectId": "{PROJECT}"}}',
    "userId of a wrong type": f'{{"projectId": "{PROJECT}", "userId": 7}}',
    "userId with a dot": f'{{"projectId": "{PROJECT}", "userId": "a.b"}}',
    "userId with a path": f'{{"projectId": "{PROJECT}", "userId": "../x"}}',
    "userId too long": f'{{"projectId": "{PROJECT}", "userId": "{"x" * 49}"}}',
}
NOT_STARTS = {
    **NOT_MESSAGES,
    "no projectId": f'{{"userId": "{USER}"}}',
    "projectId of the platform": f'{{"projectId": "_servers", "userId": "{USER}"}}',
    "reserved name": f'{{"projectId": "{PROJECT}", "userId": "www"}}',
    "reserved pattern": f'{{"projectId": "{PROJECT}", "userId": "ns1"}}',
}
NOT_STOPS = {
    **NOT_MESSAGES,
    "delay of words": f'{{"userId": "{USER}", "delay": "soon"}}',
    "delay below zero": f'{{"userId": "{USER}", "delay": -1}}',
    "delay without end": f'{{"userId": "{USER}", "delay": 1e999}}',
    "attempt of words": f'{{"userId": "{USER}", "attempt": "first"}}',
    "attempt without end": f'{{"userId": "{USER}", "attempt": 1e999}}',
    "attempt beyond all": f'{{"userId": "{USER}", "attempt": 1{"0" * 80}}}',
    "attempt below zero": f'{{"userId": "{USER}", "attempt": -1}}',
}


@pytest.mark.parametrize("message", NOT_STARTS.values(), ids=NOT_STARTS.keys())
def test_a_bad_start_makes_nothing(
    world: ServerWorld, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    """Given an invalid start message, no AWS call is made and the log has the reason."""
    with caplog.at_level(logging.ERROR):
        world.start(message)

    assert world.aws.calls == []
    assert [entry.message for entry in caplog.records] == ["message refused"]


@pytest.mark.parametrize("message", NOT_STOPS.values(), ids=NOT_STOPS.keys())
def test_a_bad_stop_touches_nothing(
    world: ServerWorld, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    """Given an invalid stop message, no AWS call is made and the log has the reason."""
    with caplog.at_level(logging.ERROR):
        world.stop(message)

    assert world.aws.calls == []
    assert [entry.message for entry in caplog.records] == ["message refused"]


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": None}])
def test_an_event_without_messages_does_nothing(world: ServerWorld, event: dict[str, Any]) -> None:
    """Given a manual invocation without records, nothing happens."""
    world.invoke("stop_server", event)

    assert world.aws.calls == []


def test_the_sample_events_make_a_whole_life(world: ServerWorld) -> None:
    """Given events/start_message.json and events/stop_message.json, the handlers serve them."""
    world.invoke_sample("start_server", "start_message")
    assert len(world.clusters()) == 1

    world.invoke_sample("stop_server", "stop_message")

    assert world.left() == []


def test_a_start_without_a_request_id_goes_by_the_message_id(world: ServerWorld) -> None:
    """Given SNS that delivers the same MessageId again, it takes no effect after the stop either."""
    message = {"projectId": PROJECT, "userId": USER}
    world.start(message)
    world.clock.advance(60)
    world.stop()
    world.clock.advance(60)

    world.start(message, request_id="second delivery")

    assert world.record()["state"] == "stopped"
    assert world.left() == []


def test_the_log_of_a_start_names_ids_only(world: ServerWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Given a server's life, the logs say what happened to whose server, and no more."""
    with caplog.at_level(logging.INFO, logger="hippo"):
        world.start()

    [entry] = [entry for entry in caplog.records if entry.name.startswith("hippo.servers")]
    assert (entry.message, entry.__dict__["userId"], entry.__dict__["attempt"]) == ("ready", USER, 1)
