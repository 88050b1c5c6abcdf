"""The log of a request: ids, but never what participants sent or who they are."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.metric_lines import read_metric_lines
from tests.support.study_world import PROJECT, USER, Answer, StudyWorld

# The attributes of a log record other than a call's own fields; Lambda's JSON format omits them.
_OWN_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
SECRET = "what-nobody-may-read-in-a-log"


def render(record: logging.LogRecord) -> str:
    """Format a record as Lambda does with `LogFormat: JSON`: one line, added fields at the top level."""
    fields = {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS}
    return (
        json.dumps(
            {
                "timestamp": "2030-01-01T12:00:00.000Z",
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
                "requestId": "0d3c6a7e-1111-4222-8333-444455556666",
                **fields,
            },
            ensure_ascii=False,
        )
        + "\n"
    )


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what was logged since the last call, as Lambda formats it at level INFO."""
    caplog.set_level(logging.INFO)

    def take() -> str:
        text = "".join(render(record) for record in caplog.records)
        caplog.clear()
        return text

    return take


def send_secrets(world: StudyWorld, load_event: Any, method: str = "POST", **changes: Any) -> Answer:
    """Return a large request with private data in every part."""
    event = load_event("next_post") | {"httpMethod": method, "body": json.dumps({"name": SECRET * 100})}
    event["headers"] = dict.fromkeys(["Cookie", "X-Forwarded-For", "User-Agent", "Authorization"], SECRET)
    event["queryStringParameters"] = {"projectId": PROJECT, "userId": USER, "mail": SECRET}
    event |= changes
    return world.send_event(event)


@pytest.mark.parametrize(
    ("prepare", "status"),
    [
        (lambda world: None, 200),
        (lambda world: world.get(), 200),
        (lambda world: world.reach_waiting(), 200),
        (lambda world: world.reach_game(), 200),
        (lambda world: world.reach_final(), 200),
        (lambda world: world.publish(live=False), 400),
        (lambda world: world.s3.delete_object(Bucket="hippo-data", Key=f"{PROJECT}/quiz.html"), 200),
        (lambda world: world.aws.fail("PutObject", "SlowDown", 503, times=999), 503),
    ],
    ids=["first", "page", "waiting", "game", "final", "not live", "missing page", "S3 down"],
)
def test_log_of_a_request_is_short_and_holds_ids_only(
    world: StudyWorld,
    load_event: Any,
    logged: Callable[[], str],
    capsys: pytest.CaptureFixture[str],
    prepare: Callable[[StudyWorld], object],
    status: int,
) -> None:
    """Given any kind of request, cold, the log is under 1 kB, metrics included, without its body, headers
    or query."""
    prepare(world)
    world.start_cold()
    logged()
    capsys.readouterr()

    answer = send_secrets(world, load_event)

    text = logged() + capsys.readouterr().out
    assert answer.status == status
    assert len(text.encode()) < 1000
    assert SECRET not in text
    assert text


def test_log_of_a_step_names_project_participant_and_step(
    world: StudyWorld, logged: Callable[[], str]
) -> None:
    """Given an answered page, one line has the ids as fields, to search by."""
    world.get()
    logged()

    world.post({"agree": "yes"})

    (line,) = logged().splitlines()
    fields = json.loads(line)
    assert {key: fields[key] for key in ("level", "message", "projectId", "userId", "step", "move")} == {
        "level": "INFO",
        "message": "step",
        "projectId": PROJECT,
        "userId": USER,
        "step": 1,
        "move": "advance",
    }


def test_metrics_of_a_study_are_its_participants_steps_and_answers(
    world: StudyWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a participant who begins, reloads, answers, answers late and is refused, each counts once."""
    capsys.readouterr()
    world.get()
    world.get()
    world.post({"agree": "yes"}, step=1)
    world.post({"agree": "no"}, step=1)
    world.post({"agree": "no"}, step=1)
    world.get(step=7)

    assert read_metric_lines(capsys.readouterr().out) == [
        {"projectId": PROJECT, "Steps": 1, "Participants": 1},
        {"projectId": PROJECT, "Steps": 1, "Answers": 1},
        {"projectId": PROJECT, "Answers": 1},
        {"BadRequests": 1},
    ]


def test_metrics_count_refused_participants(world: StudyWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a study that has closed, there is one refusal with its reason, and no participant."""
    world.publish(closesAt="2020-01-01T00:00:00Z")
    capsys.readouterr()

    world.get()

    (line,) = read_metric_lines(capsys.readouterr().out)
    assert line == {"projectId": PROJECT, "reason": "closed", "Refusals": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"body": SECRET},
        {"body": SECRET * 10_000},
        {"queryStringParameters": {"projectId": PROJECT, "userId": SECRET * 2}},
        {"queryStringParameters": {"projectId": SECRET, "userId": USER}},
        {"queryStringParameters": {"projectId": PROJECT, "userId": USER, "step": SECRET}},
    ],
    ids=["not JSON", "too large", "user id", "project id", "step"],
)
def test_log_of_a_refusal_says_why_without_what_was_sent(
    world: StudyWorld, load_event: Any, logged: Callable[[], str], changes: dict[str, Any]
) -> None:
    """Given a refused request, the log has the status and the reason, but none of its content."""
    answer = send_secrets(world, load_event, **changes)

    text = logged()
    assert answer.status == 400
    assert json.loads(text)["status"] == 400
    assert len(text) < 1000
    assert SECRET not in text


def test_fault_is_logged_as_an_error(world: StudyWorld, logged: Callable[[], str]) -> None:
    """Given S3 down, an error in the log names the call and AWS's code, for the alarm."""
    world.aws.fail("GetObject", "SlowDown", 503, times=999)
    world.get()

    fields = json.loads(logged())

    assert (fields["level"], fields["status"]) == ("ERROR", 503)
    assert "s3:GetObject: SlowDown" in fields["reason"]
