"""`hippo servers` shows what runs and what it costs; `hippo stop` has it stopped, and says when it is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hippo.server_record import TASK_ENDED
from hippo_cli.errors import ExitCode
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, lab: StudyWorld) -> FakeClock:
    """The commands' clock; stands still but for their own sleeping."""
    clock = FakeClock()
    for command in ("servers", "stop", "withdraw"):
        monkeypatch.setattr(f"hippo_cli.commands.{command}.SystemClock", lambda: clock)
    put_values(lab)
    return clock


def put_ready(lab: StudyWorld, user: str = USER, minutes: float = 30, **more: Any) -> None:
    """A server that has run for so long."""
    begun = NOW - timedelta(minutes=minutes)
    deadline = NOW + timedelta(minutes=5)
    lab.put_server(
        "ready",
        user,
        **{
            "requested_at": begun,
            "started_at": begun,
            "deadline": deadline,
            "task_arn": "arn:aws:ecs:x:1:task/c/0123456789abcdef",
            **more,
        },
    )


def put_participants(lab: StudyWorld) -> None:
    """Two who have begun: one with a server that runs, one whose server failed."""
    lab.put_record({"nextStep": 3}, USER)
    lab.put_record({"nextStep": 3}, OTHER_USER)
    put_ready(lab)
    lab.put_server("stopped", OTHER_USER, requested_at=NOW - timedelta(hours=3), error="no such image")


def stop_later(lab: StudyWorld, clock: FakeClock, user: str = USER, **more: Any) -> None:
    """The platform stops the server the second time that somebody waits for it."""
    plain = clock.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if len(clock.slept) == 2:
            lab.put_server("stopped", user, stop_requested_at=clock.now(), **more)

    clock.sleep = sleep  # type: ignore[method-assign]


def test_those_that_run_are_shown(lab: StudyWorld, run: Run) -> None:
    """Given one that runs and one that failed, then the first is shown with minutes and cost, or both."""
    put_participants(lab)

    some, everything = run("servers", PROJECT), run("servers", PROJECT, "--all")
    (line,) = json.loads(run("servers", PROJECT, "--json").stdout)

    assert (some.exit_code, everything.exit_code) == (0, 0), some.output + everything.output
    assert USER in some.stdout
    assert OTHER_USER not in some.stdout
    assert "1 running or waiting" in some.stdout
    assert "no such image" in everything.stdout
    assert (line["userId"], line["state"], line["ageMinutes"], line["minutes"]) == (USER, "ready", 30, 30)
    # The sample has 1 vCPU and 2 GB: (0.04048 + 2 × 0.004445 + 0.005) / 2
    assert line["dollarsAtMost"] == pytest.approx(0.0272, abs=1e-4)


def test_of_the_whole_stack(lab: StudyWorld, run: Run) -> None:
    """Given no project, then all records are read, and one that is broken hinders nobody."""
    put_participants(lab)
    lab.put_server("starting", "third", "another", requested_at=NOW - timedelta(minutes=125))
    lab.s3.put_object(Bucket=BUCKET, Key="_servers/broken.json", Body="[")

    result = run("servers")

    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if "another" in line and "2 h 05 min" in line]
    assert result.stdout.index("third") < result.stdout.index(USER)


def test_nothing_runs(lab: StudyWorld, run: Run) -> None:
    """Given no server, then that is said, and JSON is an empty list."""
    assert "0 running or waiting" in run("servers", PROJECT).stdout
    assert json.loads(run("servers", PROJECT, "--json").stdout) == []


def test_who_may_not_see_servers(lab: StudyWorld, run: Run) -> None:
    """Given a policy that gives nothing, and somebody who has played, then 3, and what to ask for."""
    lab.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    lab.put_record({"nextStep": 4}, USER)

    everything = run("servers")
    lab.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")
    of_project = run("servers", PROJECT)

    assert (everything.exit_code, of_project.exit_code) == (3, 3)
    assert "StewardPolicy" in everything.stderr
    assert "ResearcherPolicy" in of_project.stderr


def test_a_researcher_sees_those_of_their_project(lab: StudyWorld, run: Run) -> None:
    """Given records that may be read by name and project, then a refused one is none."""
    lab.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    lab.aws.fail("GetObject", "AccessDenied", 403, times=9, key=f"_servers/{OTHER_USER}")
    put_participants(lab)
    lab.put_record({"nextStep": 1}, "newcomer")
    lab.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/newcomer")

    result = run("servers", PROJECT, "--all", "--json")

    assert result.exit_code == 0, result.output
    assert [line["userId"] for line in json.loads(result.stdout)] == [USER]
    assert result.stderr == ""


@pytest.mark.parametrize("words", [("servers", PROJECT), ("stop", "--all", "--project", PROJECT)])
def test_before_the_first_server(lab: StudyWorld, run: Run, words: tuple[str, ...]) -> None:
    """Given nobody who has played, then no record may mean two things, and both are said."""
    lab.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    lab.aws.fail("GetObject", "AccessDenied", 403, times=99, key="_servers")
    for number in range(30):
        lab.put_record({"nextStep": 3}, f"user-{number}")

    result = run(*words)

    assert result.exit_code == 0, result.output
    assert "there is none yet, or these credentials may not read them" in result.stderr
    assert len({key for key in lab.aws.keys("GetObject") if key.startswith("_servers/")}) == 30


def test_one_is_stopped(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a server that runs, then one message asks for it, and the command waits for the record."""
    put_participants(lab)
    stop_later(lab, time)

    result = run("stop", USER)

    assert result.exit_code == 0, result.output
    assert lab.messages("stop") == [{"userId": USER, "projectId": PROJECT, "reason": "stopped by hand"}]
    assert f"{USER}: stopped" in result.stdout
    assert len(time.slept) == 2


def test_capitals_do_not_count(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given an id in capitals, then the participant's own form of it is meant."""
    put_participants(lab)

    assert run("stop", USER.upper(), "--no-wait").exit_code == 0
    assert lab.messages("stop")[0]["userId"] == USER


def test_a_stop_that_is_late(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a server that does not stop, then 1 after the time given, and that the platform goes on."""
    put_participants(lab)

    result = run("stop", USER, "--timeout", "1")
    answer = run("stop", USER, "--timeout", "1", "--json")

    assert (result.exit_code, answer.exit_code) == (1, 1)
    assert f"{USER}: still ready" in result.stderr
    assert json.loads(answer.stdout)[0]["stopped"] is False
    assert 60 <= sum(time.slept) / 2 < 65


def test_a_dead_server_that_is_being_replaced(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a record that is `stopped` until its replacement, then the command waits for its own stop."""
    lab.put_server("stopped", USER, reason=TASK_ENDED, stop_requested_at=NOW - timedelta(minutes=1))
    stop_later(lab, time)

    assert run("stop", USER).exit_code == 0
    assert len(time.slept) == 2


def test_another_attempt_has_begun(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a participant who has asked for another server while theirs was stopped, then that is told."""
    put_ready(lab)
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        put_ready(lab, attempt=2)

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER)

    assert result.exit_code == 0
    assert "asked for another one" in result.stdout


def test_all_of_a_project(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given --all, then it asks first, names them, and stops those alone that run."""
    put_participants(lab)

    refused = run("stop", "--all", "--project", PROJECT, text="n\n")
    unasked = run("stop", "--all", "--project", PROJECT, "--json")
    agreed = run("stop", "--all", "--project", PROJECT, "--no-wait", text="y\n")

    assert (refused.exit_code, unasked.exit_code, agreed.exit_code) == (ExitCode.INTERRUPTED, 2, 0)
    assert USER in refused.stdout
    assert "--yes" in unasked.stderr
    assert [message["userId"] for message in lab.messages("stop")] == [USER]


def test_all_where_nothing_runs(lab: StudyWorld, run: Run) -> None:
    """Given no server at all, then --all has nothing to ask and nothing to do."""
    result = run("stop", "--all")

    assert (result.exit_code, lab.messages("stop")) == (0, [])
    assert "No server is running" in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        ((), 2, "either a participant or --all"),
        ((USER, "--all"), 2, "either a participant or --all"),
        (("../x",), 2, "cannot be a participant's id"),
        (("nobody",), 1, "nobody has no server"),
        ((USER, "--project", "another"), 1, "is one of the project mountain_car"),
        ((USER, "--project", "_x"), 2, "cannot be a project's id"),
    ],
)
def test_wrong_use(lab: StudyWorld, run: Run, words: tuple[str, ...], code: int, what: str) -> None:
    """Given what cannot be meant, then nothing is sent, and what is wrong is told."""
    put_ready(lab)

    result = run("stop", *words)

    assert result.exit_code == code
    assert what in result.stderr
    assert lab.messages("stop") == []


def test_a_record_that_is_not_there_is_refused(lab: StudyWorld, run: Run) -> None:
    """Given leave to list by prefix only, then a record that is refused, and not there, is missing."""
    lab.aws.fail("GetObject", "AccessDenied", 403, key="_servers")

    result = run("stop", "nobody")

    assert result.exit_code == 1
    assert "nobody has no server" in result.stderr


def test_who_may_not_stop(lab: StudyWorld, run: Run) -> None:
    """Given a topic that these credentials may not publish to, then 3 and what to ask for."""
    put_ready(lab)
    lab.aws.fail("Publish", "AuthorizationError", 403)

    result = run("stop", USER)

    assert result.exit_code == 3
    assert "may not stop servers" in result.stderr
    assert "StewardPolicy" in result.stderr
