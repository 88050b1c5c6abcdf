"""`hippo servers` shows running servers and their cost."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeClock
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld
from tests.unit.cli.servers_world import NOW, put_participants, put_ready

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, stack_world: StudyWorld) -> FakeClock:
    """Return the command's clock, which does not advance."""
    clock = FakeClock()
    monkeypatch.setattr("hippo_cli.commands.servers.SystemClock", lambda: clock)
    put_values(stack_world)
    return clock


def test_running_servers_are_shown(stack_world: StudyWorld, run: Run) -> None:
    """Given a running and a failed server, the first is shown with minutes and cost, or both with --all."""
    put_participants(stack_world)

    some, everything = run("servers", PROJECT), run("servers", PROJECT, "--all")
    (line,) = json.loads(run("servers", PROJECT, "--json").stdout)

    assert (some.exit_code, everything.exit_code) == (0, 0), some.output + everything.output
    assert USER in some.stdout
    assert OTHER_USER not in some.stdout
    assert "1 running or starting" in some.stdout
    assert "no such image" in everything.stdout
    assert (line["userId"], line["state"], line["ageMinutes"], line["minutes"]) == (USER, "ready", 30, 30)
    # The sample has 1 vCPU and 2 GB: (0.04048 + 2 × 0.004445 + 0.005) / 2
    assert line["dollarsAtMost"] == pytest.approx(0.0272, abs=1e-4)


def test_of_the_whole_stack(stack_world: StudyWorld, run: Run) -> None:
    """Given no project, all records are read and a broken one does not prevent the others."""
    put_participants(stack_world)
    stack_world.put_server("starting", "third", "another", requested_at=NOW - timedelta(minutes=125))
    stack_world.s3.put_object(Bucket=BUCKET, Key="_servers/broken.json", Body="[")

    result = run("servers")

    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if "another" in line and "2 h 05 min" in line]
    assert result.stdout.index("third") < result.stdout.index(USER)


def test_a_deadline_of_another_day_has_its_date(stack_world: StudyWorld, run: Run) -> None:
    """Given a server that should have ended three days ago, the table shows the day, not only the time."""
    put_ready(stack_world, deadline=NOW - timedelta(days=3))

    result = run("servers")

    assert f"{(NOW - timedelta(days=3)).astimezone():%Y-%m-%d %H:%M}" in result.stdout


def test_delayed_start_shows_its_problem(stack_world: StudyWorld, run: Run) -> None:
    """Given a start whose tries fail, its row says why, as text and as JSON."""
    problem = "ecs:RunTask: AccessDeniedException: iam:PassRole"
    stack_world.put_record({"nextStep": 3}, USER)
    stack_world.put_server("starting", requested_at=NOW - timedelta(minutes=27), problem=problem)

    (line,) = json.loads(run("servers", PROJECT, "--json").stdout)
    shown = "".join(run("servers", PROJECT).stdout.split())

    assert (line["state"], line["problem"], line["error"]) == ("starting", problem, None)
    assert "iam:PassRole" in shown


def test_server_that_never_started_shows_why_it_ended_and_its_problem(
    stack_world: StudyWorld, run: Run
) -> None:
    """Given a start that was ended by its shutdown alarm, the row has both reasons."""
    stack_world.put_record({"nextStep": 3}, USER)
    stack_world.put_server("stopped", reason="maxRuntime", problem="no capacity")

    assert "maxRuntime:nocapacity" in "".join(run("servers", PROJECT, "--all").stdout.split())


def test_no_server_runs(stack_world: StudyWorld, run: Run) -> None:
    """Given no server, this is reported and JSON is an empty list."""
    assert "0 running or starting" in run("servers", PROJECT).stdout
    assert json.loads(run("servers", PROJECT, "--json").stdout) == []


def test_denied_server_records(stack_world: StudyWorld, run: Run) -> None:
    """Given no permissions and a participant who has played, the exit code is 3 and advice is shown."""
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    stack_world.put_record({"nextStep": 4}, USER)

    everything = run("servers")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")
    of_project = run("servers", PROJECT)

    assert (everything.exit_code, of_project.exit_code) == (3, 3)
    assert "StewardPolicy" in everything.stderr
    assert "ResearcherPolicy" in of_project.stderr


def test_a_researcher_sees_those_of_their_project(stack_world: StudyWorld, run: Run) -> None:
    """Given records that may be read by name and project, a denied one counts as missing."""
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key=f"_servers/{OTHER_USER}")
    put_participants(stack_world)
    stack_world.put_record({"nextStep": 1}, "newcomer")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/newcomer")

    result = run("servers", PROJECT, "--all", "--json")

    assert result.exit_code == 0, result.output
    assert [line["userId"] for line in json.loads(result.stdout)] == [USER]
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [("servers", PROJECT), ("stop", "--all", "--project", PROJECT)])
def test_before_the_first_server(stack_world: StudyWorld, run: Run, arguments: tuple[str, ...]) -> None:
    """Given no participant who has played, both possible reasons for the absence of records are named."""
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=99, key="_servers")
    for number in range(30):
        stack_world.put_record({"nextStep": 3}, f"user-{number}")

    result = run(*arguments)

    assert result.exit_code == 0, result.output
    assert "there are none yet, or these credentials may not read them" in result.stderr
    assert len({key for key in stack_world.aws.keys("GetObject") if key.startswith("_servers/")}) == 30


def test_a_server_without_a_participant(stack_world: StudyWorld, run: Run) -> None:
    """Given a server without a participant, and permission to list servers, it is shown, as it has a cost."""
    stack_world.put_record({"nextStep": 3}, USER)
    put_ready(stack_world, "nobody")

    (line,) = json.loads(run("servers", PROJECT, "--json").stdout)

    assert (line["userId"], line["state"]) == ("nobody", "ready")


def test_those_of_a_version_that_started_servers_earlier(stack_world: StudyWorld, run: Run) -> None:
    """Given a participant who began when servers started at step 1, `status` shows theirs, also by name."""
    stack_world.get()
    put_ready(stack_world)
    stack_world.publish({}, events={"startServerStep": 2, "stopServerStep": 4})

    seen = json.loads(run("status", PROJECT, "--json").stdout)["servers"]
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    by_name = json.loads(run("status", PROJECT, "--json").stdout)["servers"]

    assert [server["userId"] for server in seen] == [USER]
    assert [server["userId"] for server in by_name] == [USER]


@pytest.mark.parametrize("arguments", [("servers",), ("stop", "--all", "--no-wait", "--yes")])
def test_hidden_records_of_the_stack_are_counted(
    stack_world: StudyWorld, run: Run, arguments: tuple[str, ...]
) -> None:
    """Given a steward, who may not read other projects' records, their number is reported."""
    put_participants(stack_world)
    put_ready(stack_world, "theirs", project="another")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/theirs")

    result = run(*arguments)

    assert result.exit_code == 0, result.output
    assert USER in result.stdout
    assert "theirs" not in result.stdout
    assert "1 of 3 server records left out" in result.stderr
    assert {message["userId"] for message in stack_world.messages("stop")} <= {USER}


def test_hidden_records_are_no_servers_of_the_project(stack_world: StudyWorld, run: Run) -> None:
    """Given a steward, who may list all records and read some, those of the project are shown."""
    put_participants(stack_world)
    put_ready(stack_world, "theirs", project="another")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/theirs")

    result = run("servers", PROJECT, "--json")

    assert result.exit_code == 0, result.output
    assert [line["userId"] for line in json.loads(result.stdout)] == [USER]
    assert result.stderr == ""


def test_unreadable_records_of_participants_are_reported(stack_world: StudyWorld, run: Run) -> None:
    """Given listed records of participants who have played, none of them readable, the exit code is 3."""
    stack_world.put_record({"nextStep": 4}, USER)
    put_ready(stack_world)
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    result = run("servers", PROJECT)

    assert result.exit_code == 3
    assert "ResearcherPolicy" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_keys_are_not_shown(stack_world: StudyWorld, run: Run, arguments: tuple[str, ...]) -> None:
    """Given servers with ticket keys, neither servers nor status shows a key."""
    stack_world.put_record({"nextStep": 3}, USER)
    put_ready(stack_world, ticket_key="the-secret-key", tickets="required")

    shown = [run(command, PROJECT, *arguments) for command in ("servers", "status")]

    assert [result.exit_code for result in shown] == [0, 0]
    assert not [result for result in shown if "the-secret-key" in result.output]


def test_server_without_tickets_is_marked(stack_world: StudyWorld, run: Run) -> None:
    """Given a server whose container could not receive the key, the table and the JSON say so."""
    stack_world.put_record({"nextStep": 3}, USER)
    put_ready(stack_world, tickets="none")

    (line,) = json.loads(run("servers", PROJECT, "--json").stdout)

    assert line["tickets"] == "none"
    assert "without tickets" in " ".join(run("servers", PROJECT).stdout.split())
