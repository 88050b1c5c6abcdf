"""`hippo logs` merges the logs of functions and game server for one participant into one timeline."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hippo_cli.operations.log_lines import parse_since, read_line
from hippo_cli.operations.timeline import Timeline
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.stack_values import GAME_GROUPS, GROUPS, put_values
from tests.support.study_world import OTHER_USER, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
OLD_TASK, TASK, OTHER_TASK = "0" * 32, "1" * 32, "2" * 32
CLUSTER = f"hippo-2-{USER}"


def name_task(task: str) -> str:
    """Return a task's ARN."""
    return f"arn:aws:ecs:ca-central-1:1:task/{CLUSTER}/{task}"


def put_lines(group: str, stream: str, *lines: tuple[float, object]) -> None:
    """Store lines this many seconds after NOW. Anything but text becomes JSON, as Lambda writes it."""
    client = shared_client("logs")
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [
        {
            "timestamp": int((NOW.timestamp() + seconds) * 1000),
            "message": line if isinstance(line, str) else json.dumps(line),
        }
        for seconds, line in lines
    ]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def entry(message: str, level: str = "INFO", user: str = USER, **fields: object) -> dict[str, object]:
    """Return a line of a function."""
    return {"level": level, "message": message, "requestId": "r", "userId": user, **fields}


@pytest.fixture(autouse=True)
def logged(stack_world: StudyWorld) -> StudyWorld:
    """Put lines about two participants in all logs."""
    put_values(stack_world)
    for group in (*GROUPS, f"{GAME_GROUPS}{PROJECT}"):
        shared_client("logs").create_log_group(logGroupName=group)
    put_lines(
        GROUPS[0],
        "a",
        (0, entry("step", step=1)),
        (1, entry("step", user=OTHER_USER)),
        (2, {"_aws": {}, "userId": USER, "Steps": 1}),
    )
    put_lines(
        GROUPS[1],
        "b",
        (5, entry("failed", task=name_task(OLD_TASK), error="Spot took it")),
        (9, entry("ready", "WARNING", task=name_task(TASK))),
    )
    put_lines(f"{GAME_GROUPS}{PROJECT}", f"game/x/{OLD_TASK}", (4, "first attempt"))
    put_lines(f"{GAME_GROUPS}{PROJECT}", f"game/x/{TASK}", (8, "listening"), (12, "episode 1\n"))
    put_lines(f"{GAME_GROUPS}{PROJECT}", f"game/x/{OTHER_TASK}", (8, "somebody else's"))
    stack_world.put_server("ready", requested_at=NOW - timedelta(minutes=1), task_arn=name_task(TASK))
    return stack_world


def read_messages(result: Any) -> list[tuple[str, str]]:
    """Return sources and messages of a run with --json."""
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [(line["source"], line["message"]) for line in lines]


def test_one_timeline(run: Run) -> None:
    """Given lines of functions and of the servers of two attempts, they are in order."""
    assert read_messages(run("logs", USER, "--json")) == [
        ("next_step", "step"),
        ("game", "first attempt"),
        ("start_server", "failed"),
        ("game", "listening"),
        ("start_server", "ready"),
        ("game", "episode 1"),
    ]


def test_for_people(run: Run) -> None:
    """Given JSON lines, message and fields are shown as text, with the level if it is not INFO."""
    result = run("logs", USER)

    ready = next(line for line in result.stdout.splitlines() if "ready" in line)
    assert "start_server  WARNING ready" in ready
    assert f"task={name_task(TASK)}" in ready
    assert "requestId" not in ready
    assert result.stderr == ""


def test_since(run: Run) -> None:
    """Given --since, only later lines are shown, and the absence of lines is reported."""
    since = (NOW + timedelta(seconds=10)).isoformat()

    assert read_messages(run("logs", USER, "--since", since, "--json")) == [("game", "episode 1")]
    nothing = run("logs", USER, "--since", "1s")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert f"No lines about {USER}" in nothing.stderr


def test_follow_gives_each_line_once(stack_world: StudyWorld) -> None:
    """Given lines that arrive while the command runs, some of them late, each is returned once, in order."""
    stack = Stack("lab", "x", {"LogGroupPrefix": GAME_GROUPS, "FunctionLogGroups": ",".join(GROUPS)})
    timeline = Timeline(shared_client("logs"), stack, USER, PROJECT, {TASK})
    reads = timeline.follow(NOW, stack_world.clock)
    stack_world.clock.moment = NOW + timedelta(seconds=15)

    first = [line.message for line in next(reads)]
    put_lines(GROUPS[2], "c", (13, entry("stopped")), (20, entry("swept")))
    second = [line.message for line in next(reads)]
    third = [line.message for line in next(reads)]

    assert "episode 1" in first
    assert (second, third) == (["stopped", "swept"], [])


def test_denied_logs_are_reported(stack_world: StudyWorld, run: Run) -> None:
    """Given credentials that may read neither the functions' logs nor the record, the game's log is shown."""
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400, times=3)

    refused = run("logs", USER)
    without_project = refused.exit_code
    stack_world.aws.reset()
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400, times=3)
    result = run("logs", USER)

    assert without_project == 2
    assert "listening" in result.stdout
    assert result.stderr.count("may not read its log") == 3


def test_no_group_and_an_older_stack(stack_world: StudyWorld, run: Run) -> None:
    """Given a project whose servers have logged nothing, or a stack without log groups, this is reported."""
    put_values(stack_world, FunctionLogGroups=",")

    result = run("logs", USER, "--project", "another")

    assert result.exit_code == 0
    assert "game: it has no log yet" in result.stderr
    assert "functions: the stack does not report" in result.stderr


@pytest.mark.parametrize("text", ["yesterday", "5x", "", "99999-01-01", "999999999999d"])
def test_wrong_times(run: Run, text: str) -> None:
    """Given text that is not a time, the command exits with 2 and says what to pass."""
    result = run("logs", USER, "--since", text or " ")

    assert result.exit_code == 2
    assert "not a time" in result.stderr


def test_times_ago() -> None:
    """Given a number and a unit, they mean a time before now; a time with a zone is taken as is."""
    assert parse_since("90s", NOW) == NOW - timedelta(seconds=90)
    assert parse_since("1.5h", NOW) == NOW - timedelta(minutes=90)
    assert parse_since("2 d", NOW) == NOW - timedelta(days=2)
    assert parse_since("2026-11-25T10:00+01:00", NOW) == datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["plain", "{not json", '{"no": "message"}', "[1]", '{"deep":' * 99_999])
def test_lines_that_are_no_json_stay_as_they_are(text: str) -> None:
    """Given any text that a game server prints, it is shown unchanged."""
    line = read_line("game", 0, text + "\n")

    assert line is not None
    assert line.message == text


def test_a_neighbour_with_a_longer_id(run: Run) -> None:
    """Given a participant whose longer id contains this one, no line of them or their game is shown."""
    neighbour = f"{USER}0"
    put_lines(GROUPS[1], "n", (6, entry("neighbour", user=neighbour, task=name_task(OTHER_TASK))))
    put_lines(GROUPS[2], "n", (6, f"[ERROR] {neighbour} timed out"), (7, f"[ERROR] {USER} timed out"))

    report = [message for _, message in read_messages(run("logs", USER, "--json"))]

    assert not {"neighbour", "somebody else's", f"[ERROR] {neighbour} timed out"} & {*report}
    assert f"[ERROR] {USER} timed out" in report


def test_what_steers_a_terminal(run: Run) -> None:
    """Given a game that logs escape sequences, they do not reach the terminal."""
    put_lines(f"{GAME_GROUPS}{PROJECT}", f"game/y/{TASK}", (9, "\x1b]0;title\x07\x1b[2J\x9bred"))

    shown = run("logs", USER).stdout

    assert "\ufffd]0;title" in shown
    assert not {"\x1b", "\x07", "\x9b"} & {*shown}


def test_nothing_may_be_read(stack_world: StudyWorld, run: Run) -> None:
    """Given credentials that may not read any log, the command exits with 3."""
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400, times=9)

    assert run("logs", USER).exit_code == 3


def test_json_holds_nothing_raw(run: Run) -> None:
    """Given control characters and lone surrogates, JSON escapes them and text replaces them."""
    message = "\x1b[2J\x7f\x9b31m\u202e\ud800"
    put_lines(GROUPS[2], "c", (13, json.dumps({"message": message, "userId": USER})))

    plain, machine = run("logs", USER), run("logs", USER, "--json")

    assert (plain.exit_code, machine.exit_code) == (0, 0), plain.output + machine.output
    assert not {*message} - {*"[2J31m"} & {*plain.stdout, *machine.stdout}
    assert message in [json.loads(line)["message"] for line in machine.stdout.splitlines()]


def test_who_may_read_the_game_alone(stack_world: StudyWorld, run: Run) -> None:
    """Given a readable game log without new lines, there is no error."""
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400, times=3)

    assert run("logs", USER, "--since", "1s").exit_code == 0


def test_following_what_may_not_be_read(
    stack_world: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given --follow and credentials that may not read any log, the command ends at once."""
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400, times=99)
    monkeypatch.setattr("hippo_cli.operations.timeline._FOLLOW_SECONDS", 0)
    reads = []
    monkeypatch.setattr(
        "hippo.clock.SystemClock.sleep", lambda *_: reads.append(1) or len(reads) > 5 and 1 / 0
    )

    assert run("logs", USER, "--follow").exit_code == 3


def test_longer_ago_than_there_are_logs(run: Run) -> None:
    """Given a time before 1970, which CloudWatch rejects, all lines are shown."""
    assert "listening" in run("logs", USER, "--since", "1066-10-14").stdout
