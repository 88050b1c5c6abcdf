"""/start and /stop: an HTTP request becomes an SNS message."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.study_world import PROJECT, USER, Answer, FakeContext, StudyWorld, read_answer

Ask = Callable[..., Answer]


def make_asker(world: StudyWorld, load_function: Any, load_event: Any, function: str, sample: str) -> Ask:
    """Return a function that sends the sample event with another query."""
    module = load_function(function)

    def ask(**query: str) -> Answer:
        event = load_event(sample) | {"queryStringParameters": query or None}
        return read_answer(module.lambda_handler(event, FakeContext()))

    return ask


@pytest.fixture
def ask_start(empty_world: StudyWorld, load_function: Any, load_event: Any) -> Ask:
    """Send GET /start with a query."""
    return make_asker(empty_world, load_function, load_event, "send_start_server_message", "start")


@pytest.fixture
def ask_stop(empty_world: StudyWorld, load_function: Any, load_event: Any) -> Ask:
    """Send GET /stop with a query."""
    return make_asker(empty_world, load_function, load_event, "send_stop_server_message", "stop")


def test_sample_start_event_publishes_a_start_message(
    empty_world: StudyWorld, load_function: Any, load_event: Any
) -> None:
    """Given the sample event, the response is 200 with an empty body, and one start message is sent."""
    module = load_function("send_start_server_message")

    raw = module.lambda_handler(load_event("start"), FakeContext())

    assert (raw["statusCode"], raw["body"]) == (200, "")
    assert raw["headers"]["Access-Control-Allow-Origin"] == "*"
    assert empty_world.messages("start") == [{"projectId": PROJECT, "userId": USER}]
    assert empty_world.aws.count() == {"Publish": 1}


def test_sample_stop_event_publishes_a_stop_message(
    empty_world: StudyWorld, load_function: Any, load_event: Any
) -> None:
    """Given the sample event, the response is 200 with an empty body, and one stop message has its delay."""
    module = load_function("send_stop_server_message")

    raw = module.lambda_handler(load_event("stop"), FakeContext())

    assert (raw["statusCode"], raw["body"]) == (200, "")
    assert raw["headers"]["Access-Control-Allow-Origin"] == "*"
    assert empty_world.messages("stop") == [{"userId": USER, "delay": 5.0, "reason": "requested"}]
    assert empty_world.aws.count() == {"Publish": 1}


def test_stop_without_delay_is_for_now(empty_world: StudyWorld, ask_stop: Ask) -> None:
    """Given no delay, the message has none."""
    assert ask_stop(userId=USER).status == 200
    assert empty_world.messages("stop") == [{"userId": USER, "reason": "requested"}]


def test_user_ids_are_lower_cased(empty_world: StudyWorld, ask_start: Ask, ask_stop: Ask) -> None:
    """Given an id in capitals, both messages carry it in lower case."""
    ask_start(projectId=PROJECT, userId="PLAYER-1")
    ask_stop(userId="PLAYER-1")

    assert [empty_world.messages(topic)[0]["userId"] for topic in ("start", "stop")] == ["player-1"] * 2


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"projectId": PROJECT},
        {"userId": USER},
        {"projectId": "_servers", "userId": USER},
        {"projectId": "a/b", "userId": USER},
        {"projectId": PROJECT, "userId": "www"},
        {"projectId": PROJECT, "userId": "-a"},
        {"projectId": PROJECT, "userId": ""},
    ],
)
def test_bad_start_is_refused(empty_world: StudyWorld, ask_start: Ask, query: dict[str, str]) -> None:
    """Given missing, malformed or reserved ids, the response is 400 and nothing is published."""
    answer = ask_start(**query)

    assert answer.status == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert empty_world.messages("start") == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"userId": "ns1"},
        {"userId": "a_b"},
        {"userId": USER, "delay": "soon"},
        {"userId": USER, "delay": "-1"},
        {"userId": USER, "delay": "1441"},
        {"userId": USER, "delay": "nan"},
        {"userId": USER, "delay": "inf"},
    ],
)
def test_bad_stop_is_refused(empty_world: StudyWorld, ask_stop: Ask, query: dict[str, str]) -> None:
    """Given an impossible id or delay, the response is 400 and nothing is published."""
    answer = ask_stop(**query)

    assert answer.status == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert empty_world.messages("stop") == []


@pytest.mark.parametrize("which", ["start", "stop"])
def test_topic_that_fails_is_503(empty_world: StudyWorld, ask_start: Ask, ask_stop: Ask, which: str) -> None:
    """Given SNS down, the response is 503 with a JSON text and CORS headers."""
    empty_world.aws.fail("Publish", "InternalFailure", 500, times=10)

    answer = ask_start(projectId=PROJECT, userId=USER) if which == "start" else ask_stop(userId=USER)

    assert answer.status == 503
    assert isinstance(answer.content, str)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
