"""SNS messages as they are published and as they arrive."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.errors import BadRequestError, InvalidMessageError
from hippo.records.codes import OBSERVED_ENDS
from hippo.records.messages import (
    build_start,
    build_stop,
    find_occasion,
    name_request,
    parse_delay,
    read_notifications,
    read_start,
    read_stop,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def build_event(message: object) -> dict[str, Any]:
    """Return an event as SNS delivers it, with this text as its message."""
    return {
        "Records": [
            {"Sns": {"Message": message, "MessageId": "m-1", "Timestamp": "2030-01-01T12:00:00.000Z"}}
        ]
    }


def test_sample_start_message_is_read(load_event: Any) -> None:
    """Given the sample event, the message has project, participant, request id and time of publication."""
    ((body, message_id, sent_at),) = read_notifications(load_event("start_message"), NOON)

    message = read_start(body, message_id, sent_at, ("www",))

    assert (message.project_id, message.user_id) == ("mountain_car", "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c")
    assert (message.start_id, message.sent_at) == (f"mountain_car/{message.user_id}/1", NOON)


def test_sample_stop_message_is_read(load_event: Any) -> None:
    """Given the sample event, as a shutdown alarm sends it, the message has the attempt too."""
    ((body, _, sent_at),) = read_notifications(load_event("stop_message"), NOON)

    message = read_stop(body, sent_at)

    assert (message.project_id, message.attempt, message.reason) == ("mountain_car", 1, "maxRuntime")
    assert (message.delay, message.sent_at) == (0, NOON)


@pytest.mark.parametrize("reason", sorted(OBSERVED_ENDS))
def test_only_the_platform_reports_an_end(reason: str) -> None:
    """Given a reason that only the platform observes, a stop that names no attempt counts as requested."""
    own = read_stop({"userId": "ada", "attempt": 1, "reason": reason}, NOON)
    foreign = read_stop({"userId": "ada", "reason": reason}, NOON)

    assert (own.reason, foreign.reason) == (reason, "requested")


def test_start_message_goes_round() -> None:
    """Given a start message, it is read as it was published."""
    message = read_start(build_start("p", "u", "p/u/1"), "m-1", NOON, ())

    assert (message.project_id, message.user_id, message.start_id) == ("p", "u", "p/u/1")


@pytest.mark.parametrize(("group", "read"), [(0, 0), (3, 3), (None, None), ("1", None), (-1, None)])
def test_group_of_a_start_message(group: Any, read: int | None) -> None:
    """Given a group, it is read as published; any other value is absent, and no group is not published."""
    body = build_start("p", "u", group=group)

    assert ("group" in body) == (group is not None)
    assert read_start(body, "m-1", NOON, ()).group == read


@pytest.mark.parametrize(
    ("tickets", "read"),
    [("required", "required"), ("optional", "optional"), ("", ""), ("none", ""), (True, ""), ([], "")],
)
def test_ticket_use_of_a_start_message(tickets: Any, read: str) -> None:
    """Given how a server must use tickets, it is read as published; any other value is absent."""
    body = build_start("p", "u", tickets=tickets)

    assert ("tickets" in body) == bool(tickets)
    assert read_start(body, "m-1", NOON, ()).tickets == read


def test_message_id_stands_for_a_missing_request_id() -> None:
    """Given a start message without requestId, SNS's own id replaces it: a redelivery is a duplicate."""
    assert build_start("p", "u") == {"projectId": "p", "userId": "u"}
    assert read_start(build_start("p", "u"), "m-1", NOON, ()).start_id == "m-1"


def test_stop_message_goes_round() -> None:
    """Given a stop message with every field, it is read as it was published."""
    form = build_stop("u", project_id="p", attempt=3, delay=2.5, reason="done", request_id="p/u/4")

    message = read_stop(form, NOON)

    assert (message.user_id, message.project_id, message.attempt) == ("u", "p", 3)
    assert (message.delay, message.reason, message.request_id) == (2.5, "done", "p/u/4")


@pytest.mark.parametrize(
    ("request_id", "occasion"),
    [(name_request("p", "u", 4), "4"), ("p/u/2/retry", "2/retry"), ("p/v/4", ""), ("4f1c", ""), ("p/u/", "")],
)
def test_occasion_of_a_message(request_id: str, occasion: str) -> None:
    """Given this participant's request id, the occasion is read; any other id has none."""
    start = read_start(build_start("p", "u", request_id), "m-1", NOON, ())
    stop = read_stop(build_stop("u", project_id="p", request_id=request_id), NOON)

    assert (find_occasion(start), find_occasion(stop)) == (occasion, occasion)


def test_stop_message_needs_only_the_user() -> None:
    """Given only a userId, it is published so, and read as an immediate stop of whatever runs."""
    assert build_stop("u") == {"userId": "u"}
    message = read_stop({"userId": "U"}, NOON)

    assert (message.user_id, message.project_id, message.attempt, message.delay) == ("u", "", None, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"projectId": "p"},
        {"userId": "u"},
        {"projectId": "_p", "userId": "u"},
        {"projectId": "p", "userId": "www"},
    ],
)
def test_start_message_with_bad_ids_is_invalid(body: dict[str, Any]) -> None:
    """Given missing, malformed or reserved ids, the error is one that no retry fixes."""
    with pytest.raises(InvalidMessageError, match="start message"):
        read_start(body, "m-1", NOON, ("www",))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userId": 5},
        {"userId": "u", "attempt": "x"},
        {"userId": "u", "delay": -1},
        {"userId": "u", "projectId": "/"},
    ],
)
def test_stop_message_that_cannot_be_is_invalid(body: dict[str, Any]) -> None:
    """Given a bad id, attempt or delay, the error is one that no retry fixes."""
    with pytest.raises(InvalidMessageError, match="stop message"):
        read_stop(body, NOON)


@pytest.mark.parametrize("message", [None, "", "text", "[]", '"text"', "5", "null", "[" * 100_000, 5])
def test_message_that_is_no_json_object_is_invalid(message: object) -> None:
    """Given a text that is not a JSON object, the error is one that no retry fixes."""
    with pytest.raises(InvalidMessageError, match="not"):
        list(read_notifications(build_event(message), NOON))


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": []}])
def test_event_without_records_is_empty(event: dict[str, Any]) -> None:
    """Given no records, no messages are read."""
    assert list(read_notifications(event, NOON)) == []


def test_time_that_is_missing_is_now() -> None:
    """Given a notification without a time, its arrival counts."""
    event = {"Records": [{"Sns": {"Message": "{}"}}]}

    assert list(read_notifications(event, NOON)) == [({}, "", NOON)]


@pytest.mark.parametrize(
    ("value", "minutes"), [(None, 0), ("", 0), ("0", 0), ("2.5", 2.5), (1440, 1440), ("5", 5)]
)
def test_delays(value: object, minutes: float) -> None:
    """Given minutes as text or number, they are read as minutes; absent means 0."""
    assert parse_delay(value) == minutes


@pytest.mark.parametrize("value", ["soon", "-1", "1440.1", "nan", "inf", [], {}])
def test_other_delays_are_refused(value: object) -> None:
    """Given a value that is not a number, or is out of range, an error is raised."""
    with pytest.raises(BadRequestError, match="delay"):
        parse_delay(value)
