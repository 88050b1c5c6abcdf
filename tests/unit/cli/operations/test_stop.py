"""`hippo stop` has a server stopped, now or later, and says when it is."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hippo.records.messages import read_stop
from hippo.records.server import TASK_ENDED
from hippo_cli.errors import ExitCode
from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import PROJECT, USER, StudyWorld
from tests.unit.cli.servers_world import NOW, put_participants, put_ready

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, lab: StudyWorld) -> FakeClock:
    """The command's clock; stands still but for its own sleeping."""
    clock = FakeClock()
    monkeypatch.setattr("hippo_cli.commands.stop.SystemClock", lambda: clock)
    put_values(lab)
    return clock


def stop_later(lab: StudyWorld, clock: FakeClock, user: str = USER, **more: Any) -> None:
    """The platform stops the server the second time that somebody waits for it."""
    plain = clock.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if len(clock.slept) == 2:
            lab.put_server("stopped", user, stop_requested_at=clock.now(), **more)

    clock.sleep = sleep  # type: ignore[method-assign]


def test_one_is_stopped(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a server that runs, then one message asks for it, and the command waits for the record."""
    put_participants(lab)
    stop_later(lab, time)

    result = run("stop", USER)

    assert result.exit_code == 0, result.output
    ids = {"userId": USER, "projectId": PROJECT, "requestId": f"{PROJECT}/{USER}/by hand"}
    assert lab.messages("stop") == [{**ids, "reason": "stopped by hand"}]
    assert f"{USER}: stopped" in result.stdout
    assert len(time.slept) == 2


def test_one_is_stopped_later(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given --delay, then the message has it, and the command ends once the record has a new deadline."""
    put_ready(lab, deadline=NOW + timedelta(minutes=25))
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        put_ready(lab, deadline=NOW + timedelta(minutes=10))

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER, "--delay", "10", "--json")

    assert result.exit_code == 0, result.output
    assert lab.messages("stop")[0]["delay"] == 10
    (said,) = json.loads(result.stdout)
    assert (said["state"], said["stopped"]) == ("ready", False)
    assert said["endsAt"] == "2030-01-01T12:10:00.000+00:00"
    assert len(time.slept) == 1


def test_the_platform_reads_the_delay(lab: StudyWorld, run: Run) -> None:
    """Given the message of --delay, then the platform reads a delay of so many minutes from it."""
    put_ready(lab)
    run("stop", USER, "--delay", "2.5", "--no-wait")

    assert read_stop(lab.messages("stop")[0], NOW).delay == 2.5


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ({"state": "ready", "deadline": NOW + timedelta(minutes=5)}, "by then anyway"),
        ({"state": "stopped"}, "nothing to delay"),
        ({"state": "stopping"}, "nothing to delay"),
    ],
)
def test_nothing_to_delay(lab: StudyWorld, run: Run, server: dict[str, Any], text: str) -> None:
    """Given a server that ends sooner in any case, then that is told, at once."""
    lab.put_server(server.pop("state"), USER, **server)

    result = run("stop", USER, "--delay", "10")

    assert result.exit_code == 0, result.output
    assert text in result.stdout


def test_a_delay_that_is_not_heard_of(lab: StudyWorld, run: Run, time: FakeClock) -> None:
    """Given a record that gets a deadline from its start alone, or none, then 1 after the time given."""
    lab.put_server("starting", USER)
    plain = time.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        lab.put_server("starting", USER, deadline=NOW + timedelta(minutes=30))

    time.sleep = sleep  # type: ignore[method-assign]

    result = run("stop", USER, "--delay", "10", "--timeout", "1")

    assert result.exit_code == 1
    assert f"{USER}: still starting" in result.stderr


def test_all_are_stopped_later(lab: StudyWorld, run: Run) -> None:
    """Given --all with --delay, then the question says it, and each of the messages has it."""
    put_participants(lab)

    result = run("stop", "--all", "--project", PROJECT, "--delay", "15", "--no-wait", text="y\n")

    assert result.exit_code == 0
    assert "in 15 minutes?" in result.stderr
    assert "asked to stop in 15 minutes" in result.stdout
    assert [(message["userId"], message["delay"]) for message in lab.messages("stop")] == [(USER, 15)]


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
    assert "No servers are running" in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        ((), 2, "either a participant or --all"),
        ((USER, "--all"), 2, "either a participant or --all"),
        (("../x",), 2, "cannot be a participant's id"),
        (("nobody",), 1, "nobody has no server"),
        ((USER, "--project", "another"), 1, "is one of the project mountain_car"),
        ((USER, "--timeout", "inf"), 2, "--timeout inf"),
        ((USER, "--timeout", "nan"), 2, "1 to 1440 minutes"),
        ((USER, "--project", "_x"), 2, "cannot be a project's id"),
        ((USER, "--delay", "soon"), 2, "a number of minutes is needed"),
        ((USER, "--delay", "-1"), 2, "0 to 1440 minutes"),
        ((USER, "--delay", "nan"), 2, "0 to 1440 minutes"),
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


def test_a_folder_means_its_study(
    lab: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the folder of another study, then a server of this one is stopped only if this one is named."""
    put_participants(lab)
    (tmp_path / "config.yml").write_text("project:\n  id: maze\n")
    monkeypatch.chdir(tmp_path)

    refused = run("stop", USER, "--no-wait")

    assert (refused.exit_code, lab.messages("stop")) == (ExitCode.PROBLEMS, [])
    assert f"--project {PROJECT}" in refused.stderr
    assert run("stop", USER, "--no-wait", "--project", PROJECT).exit_code == 0
