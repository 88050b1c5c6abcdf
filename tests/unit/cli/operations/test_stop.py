"""`hippo stop` stops a server now or later, and reports when it has stopped."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hippo.records.codes import EndReason
from hippo.records.messages import read_stop
from hippo_cli.errors import ExitCode
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import PROJECT, USER, StudyWorld
from tests.unit.cli.servers_world import NOW, put_participants, put_ready

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, stack_world: StudyWorld) -> FakeClock:
    """Return the command's clock, which only advances when it sleeps."""
    clock = FakeClock()
    monkeypatch.setattr("hippo_cli.commands.stop.SystemClock", lambda: clock)
    put_values(stack_world)
    return clock


def stop_later(stack_world: StudyWorld, clock: FakeClock, user: str = USER, **more: Any) -> None:
    """Make the platform stop the server when the command waits for the second time."""
    plain = clock.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if len(clock.slept) == 2:
            stack_world.put_server("stopped", user, stop_requested_at=clock.now(), **more)

    clock.sleep = sleep  # type: ignore[method-assign]


def test_one_is_stopped(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a running server, one message requests the stop and the command waits for the record."""
    put_participants(stack_world)
    stop_later(stack_world, time)

    result = run("stop", USER)

    assert result.exit_code == 0, result.output
    ids = {"userId": USER, "projectId": PROJECT, "requestId": f"{PROJECT}/{USER}/by hand"}
    assert stack_world.messages("stop") == [{**ids, "reason": "stopped by hand"}]
    assert f"{USER}: stopped" in result.stdout
    assert len(time.slept) == 2


def test_one_is_stopped_later(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given --delay, the message contains it and the command ends once the record has a new deadline."""
    put_ready(stack_world, deadline=NOW + timedelta(minutes=25))
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        put_ready(stack_world, deadline=NOW + timedelta(minutes=10))

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER, "--delay", "10", "--json")

    assert result.exit_code == 0, result.output
    assert stack_world.messages("stop")[0]["delay"] == 10
    (report,) = json.loads(result.stdout)
    assert (report["state"], report["stopped"]) == ("ready", False)
    assert report["endsAt"] == "2030-01-01T12:10:00.000+00:00"
    assert len(time.slept) == 1


def test_the_platform_reads_the_delay(stack_world: StudyWorld, run: Run) -> None:
    """Given the message of --delay, the platform reads the same number of minutes from it."""
    put_ready(stack_world)
    run("stop", USER, "--delay", "2.5", "--no-wait")

    assert read_stop(stack_world.messages("stop")[0], NOW).delay == 2.5


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ({"state": "ready", "deadline": NOW + timedelta(minutes=5)}, "by then anyway"),
        ({"state": "stopped"}, "the delay has no effect"),
        ({"state": "stopping"}, "the delay has no effect"),
    ],
)
def test_a_server_that_ends_sooner(
    stack_world: StudyWorld, run: Run, server: dict[str, Any], text: str
) -> None:
    """Given a server that ends sooner anyway, this is reported at once."""
    stack_world.put_server(server.pop("state"), USER, **server)

    result = run("stop", USER, "--delay", "10")

    assert result.exit_code == 0, result.output
    assert text in result.stdout


def test_a_delay_without_effect(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a record whose deadline is from its start or missing, the exit code is 1 after the timeout."""
    stack_world.put_server("starting", USER)
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        stack_world.put_server("starting", USER, deadline=NOW + timedelta(minutes=30))

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER, "--delay", "10", "--timeout", "1")

    assert result.exit_code == 1
    assert f"{USER}: still starting" in result.stderr


def test_all_are_stopped_later(stack_world: StudyWorld, run: Run) -> None:
    """Given --all with --delay, the question names the delay and each message contains it."""
    put_participants(stack_world)

    result = run("stop", "--all", "--project", PROJECT, "--delay", "15", "--no-wait", text="y\n")

    assert result.exit_code == 0
    assert "Stop 1 server in 15 minutes? It interrupts games in progress." in result.stderr
    assert "stop requested in 15 minutes" in result.stdout
    assert [(message["userId"], message["delay"]) for message in stack_world.messages("stop")] == [(USER, 15)]


def test_capitals_do_not_count(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given an id in capitals, it means the participant's lower-case id."""
    put_participants(stack_world)

    assert run("stop", USER.upper(), "--no-wait").exit_code == 0
    assert stack_world.messages("stop")[0]["userId"] == USER


def test_a_stop_that_is_late(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a server that does not stop, the exit code is 1 and the platform's next step is named."""
    put_participants(stack_world)

    result = run("stop", USER, "--timeout", "1")
    answer = run("stop", USER, "--timeout", "1", "--json")

    assert (result.exit_code, answer.exit_code) == (1, 1)
    assert f"{USER}: still ready" in result.stderr
    assert json.loads(answer.stdout)[0]["stopped"] is False
    assert 60 <= sum(time.slept) / 2 < 65


def test_a_dead_server_that_is_being_replaced(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a record that is `stopped` until its replacement, the command waits for its own stop."""
    stack_world.put_server(
        "stopped", USER, reason=EndReason.TASK_ENDED, stop_requested_at=NOW - timedelta(minutes=1)
    )
    stop_later(stack_world, time)

    assert run("stop", USER).exit_code == 0
    assert len(time.slept) == 2


def test_another_attempt_has_begun(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a participant who requested another server while theirs was stopped, this is reported."""
    put_ready(stack_world)
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        put_ready(stack_world, attempt=2)

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER)

    assert result.exit_code == 0
    assert "requested another server" in result.stdout


def test_all_of_a_project(stack_world: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given --all, the command lists the running servers, asks, and stops only those."""
    put_participants(stack_world)

    refused = run("stop", "--all", "--project", PROJECT, text="n\n")
    unasked = run("stop", "--all", "--project", PROJECT, "--json")
    agreed = run("stop", "--all", "--project", PROJECT, "--no-wait", text="y\n")

    assert (refused.exit_code, unasked.exit_code, agreed.exit_code) == (ExitCode.INTERRUPTED, 2, 0)
    assert USER in refused.stdout
    assert "--yes" in unasked.stderr
    assert [message["userId"] for message in stack_world.messages("stop")] == [USER]


def test_all_where_nothing_runs(stack_world: StudyWorld, run: Run) -> None:
    """Given no server, --all neither asks nor stops anything."""
    result = run("stop", "--all")

    assert (result.exit_code, stack_world.messages("stop")) == (0, [])
    assert "No servers are running" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        ((), 2, "either a participant or --all"),
        ((USER, "--all"), 2, "either a participant or --all"),
        (("../x",), 2, "is not a valid participant id"),
        (("nobody",), 1, "there is no server record of nobody"),
        ((USER, "--project", "another"), 1, "belongs to the project mountain_car"),
        ((USER, "--timeout", "inf"), 2, "--timeout inf"),
        ((USER, "--timeout", "nan"), 2, "minutes from 1 to 1440"),
        ((USER, "--project", "_x"), 2, "is not a valid project id"),
        ((USER, "--delay", "soon"), 2, "must be a number of minutes"),
        ((USER, "--delay", "-1"), 2, "must be 0 to 1440 minutes"),
        ((USER, "--delay", "nan"), 2, "must be 0 to 1440 minutes"),
    ],
)
def test_wrong_use(
    stack_world: StudyWorld, run: Run, arguments: tuple[str, ...], code: int, what: str
) -> None:
    """Given invalid arguments, no message is sent and the error says what is wrong."""
    put_ready(stack_world)

    result = run("stop", *arguments)

    assert result.exit_code == code
    assert what in result.stderr
    assert stack_world.messages("stop") == []


def test_a_missing_record_is_denied(stack_world: StudyWorld, run: Run) -> None:
    """Given permission to list by prefix only, a record that is denied and not listed counts as missing."""
    stack_world.aws.fail("GetObject", "AccessDenied", 403, key="_servers")

    result = run("stop", "nobody")

    assert result.exit_code == 1
    assert "there is no server record of nobody" in result.stderr


def test_a_hidden_record_is_reported(stack_world: StudyWorld, run: Run) -> None:
    """Given a server of a project that the steward may not read, the error says whose it may be."""
    put_ready(stack_world)
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    result = run("stop", USER)

    assert result.exit_code == 3
    assert "may not read server records" in result.stderr
    assert "another project" in result.stderr
    assert stack_world.messages("stop") == []


def test_a_record_that_becomes_hidden_is_stopped(stack_world: StudyWorld, run: Run) -> None:
    """Given a participant who begins another project meanwhile, the server of this one is stopped."""
    put_ready(stack_world)

    def hide() -> None:
        stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    stack_world.aws.before("Publish", hide)

    result = run("stop", USER)

    assert result.exit_code == 0, result.output
    assert "another project" in " ".join(result.stdout.split())


def test_denied_publish(stack_world: StudyWorld, run: Run) -> None:
    """Given a topic that these credentials may not publish to, the exit code is 3 and advice is shown."""
    put_ready(stack_world)
    stack_world.aws.fail("Publish", "AuthorizationError", 403)

    result = run("stop", USER)

    assert result.exit_code == 3
    assert "may not stop servers" in result.stderr
    assert "StewardPolicy" in result.stderr


def test_a_folder_means_its_study(
    stack_world: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the folder of another study, a server of this one is only stopped if its project is named."""
    put_participants(stack_world)
    (tmp_path / "config.yml").write_text("project:\n  id: maze\n")
    monkeypatch.chdir(tmp_path)

    refused = run("stop", USER, "--no-wait")

    assert (refused.exit_code, stack_world.messages("stop")) == (ExitCode.PROBLEMS, [])
    assert f"--project {PROJECT}" in refused.stderr
    assert run("stop", USER, "--no-wait", "--project", PROJECT).exit_code == 0
