"""`hippo status`: participants by step and their servers, with as few reads as possible."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from hippo_cli.commands import status as command
from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, USER, StudyWorld

Run = Callable[..., Any]
OTHERS = [f"user-{letter}" for letter in "abc"]


@pytest.fixture
def study(stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> StudyWorld:
    """Return the sample study, whose clock the tool uses."""
    monkeypatch.setattr(command, "SystemClock", lambda: stack_world.clock)
    return stack_world


def read_status(run: Run, *arguments: object) -> dict[str, Any]:
    """Return the command's JSON."""
    result = run("status", PROJECT, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def fill(study: StudyWorld) -> None:
    """Put participants at step 2 (dropped out), waiting, playing and on page 1."""
    study.get("gone")
    study.post({}, "gone")
    study.clock.advance(3 * 3600)
    study.get(OTHERS[0])
    study.put_server("starting", OTHERS[1])
    study.put_server(
        "ready", OTHERS[2], task_arn="t", requested_at=study.clock.now(), ready_at=study.minutes_later(1)
    )
    for user in OTHERS[1:]:
        study.get(user)
        study.clock.advance(30)
        study.post({}, user)
        study.post({}, user)
    study.aws.reset()


def put_old(study: StudyWorld) -> None:
    """Store a participant of an earlier deployment who is now at page 2."""
    event = {"requestContext": {"requestTimeEpoch": study.clock.now().timestamp() * 1000}}
    study.put_record(
        {"created": "2020-11-25 10:26:40+00:00", "nextStep": 3, "requests": [event, event]}, "old"
    )


def test_participants_by_step(study: StudyWorld, run: Run) -> None:
    """Given participants at several steps, each step counts those active, reached and dropped out."""
    fill(study)

    report = read_status(run)

    people = report["participants"]
    assert {key: people[key] for key in ("total", "finished", "active", "gone", "playing", "waiting")} == {
        "total": 4,
        "finished": 0,
        "active": 3,
        "gone": 1,
        "playing": 1,
        "waiting": [OTHERS[1]],
    }
    assert [(step["page"], step["here"], step["gone"], step["reached"]) for step in report["steps"]] == [
        ("consent.html", 1, 0, 4),
        ("quiz.html", 0, 1, 3),
        ("game", 2, 0, 2),
        ("survey.html", 0, 0, 0),
        ("thanks.html", 0, 0, 0),
    ]
    assert report["steps"][0]["medianSeconds"] == 30


def test_the_end_and_a_new_day(study: StudyWorld, run: Run) -> None:
    """Given a finished participant, they count as finished for ever and as today's until midnight."""
    study.reach_final()
    assert read_status(run)["participants"]["finishedToday"] == 1

    study.clock.advance(26 * 3600)

    people = read_status(run)["participants"]
    assert (people["finished"], people["finishedToday"], people["today"], people["gone"]) == (1, 0, 0, 0)


def test_servers_with_age_deadline_and_cost(study: StudyWorld, run: Run) -> None:
    """Given servers of this study and another, only its own are shown, with the overdue ones marked."""
    fill(study)
    begun = study.clock.now()
    study.put_server("ready", USER, task_arn="t", started_at=begun, deadline=begun + timedelta(minutes=30))
    study.put_server("ready", OTHER_USER, project="other", task_arn="t", started_at=begun)
    for user in (USER, OTHER_USER):
        study.get(user)
    study.clock.advance(3600)

    report = read_status(run)

    servers = {server["userId"]: server for server in report["servers"]}
    assert set(servers) == {USER, *OTHERS[1:]}
    # An hour of 1 vCPU and 2 GB with a public address, hippo_cli/prices.py.
    assert servers[USER]["dollarsAtMost"] == pytest.approx(0.04048 + 2 * 0.004445 + 0.005, abs=1e-4)
    assert (servers[USER]["ageSeconds"], servers[USER]["late"]) == (3600, True)
    assert servers[OTHERS[1]]["dollarsAtMost"] == 0  # no task yet
    assert servers[OTHERS[2]]["late"] is False


def test_a_server_that_was_asked_for_just_now(study: StudyWorld, run: Run) -> None:
    """Given a server requested at this moment, its age is the number 0."""
    study.put_server("starting", requested_at=study.clock.now())
    study.get()

    assert read_status(run)["servers"][0]["ageSeconds"] == 0


DENIED = "ecs:RunTask: AccessDeniedException: iam:PassRole on arn:aws:iam::9:role/ecsTaskExecutionRole"


def test_delayed_starts_with_their_problem(study: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given a start that does not progress, every form of the status shows why."""
    study.put_server("starting", started_at=study.clock.now(), problem=DENIED)
    report = tmp_path / "report.html"

    assert read_status(run)["servers"][0]["problem"] == DENIED
    shown = run("status", PROJECT).stdout
    assert "delayed start of" in shown
    assert "iam:PassRole" in "".join(shown.split())
    assert run("status", PROJECT, "--html", report).exit_code == 0
    assert DENIED in report.read_text(encoding="utf-8")


def test_starts_that_never_succeeded_are_failures(study: StudyWorld, run: Run) -> None:
    """Given a server stopped before any try of its start succeeded, it is a failure with that reason."""
    study.put_server("stopped", reason="maxRuntime", problem=DENIED)

    assert read_status(run)["failures"][0]["reason"] == DENIED


def test_problem_before_the_server_was_ready_is_over(study: StudyWorld, run: Run) -> None:
    """Given a server that was ready in the end, an earlier problem of its start is not a failure."""
    study.put_server("stopped", ready_at=study.clock.now(), reason="step 4", problem=DENIED)

    assert read_status(run)["failures"] == []


def test_failures_with_reasons(study: StudyWorld, run: Run) -> None:
    """Given a failed server, its reason is shown without terminal control characters."""
    study.get()
    study.put_server("failed", error="the name is taken: \x1b[31mred", stopped_at=study.clock.now())

    assert read_status(run)["failures"][0]["reason"].startswith("the name is taken")
    shown = run("status", PROJECT)
    assert shown.exit_code == 0
    assert "the name is taken: \ufffd[31mred" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_researcher_may_not_see_servers(study: StudyWorld, run: Run) -> None:
    """Given credentials that may not read server records, this is reported and everything else is shown."""
    fill(study)
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=99, key="_servers")

    report = read_status(run)

    assert report["servers"] is None
    assert "may not read their records" in report["remarks"][0]
    assert report["participants"]["total"] == 4


def test_no_server_yet_and_listing_denied(study: StudyWorld, run: Run) -> None:
    """Given denied records of participants who have not played, no server is shown and this is explained."""
    study.get(OTHERS[0])
    study.post({}, OTHERS[0])
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    report = read_status(run)

    assert report["servers"] == []
    assert "there are none yet, or" in report["remarks"][0]


def test_a_researcher_may_see_servers_by_name(study: StudyWorld, run: Run) -> None:
    """Given credentials that may read only single server records, these are found by name."""
    fill(study)
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/user-a")

    assert [server["userId"] for server in read_status(run)["servers"]] == OTHERS[:0:-1]


def test_watching_reads_only_what_changed(
    study: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a second update, it lists again and reads only the changed record, until Ctrl-C."""
    fill(study)
    reads: list[list[str]] = []

    def pause(_: float) -> None:
        reads.append(study.aws.keys("GetObject"))
        study.aws.reset()
        if len(reads) == 2:
            raise KeyboardInterrupt
        study.post({}, OTHERS[0])
        study.aws.reset()

    monkeypatch.setattr(command.time, "sleep", pause)
    result = run("status", PROJECT, "--watch", "--json")

    assert result.exit_code == 0, result.output
    updates = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"projectId": ')]
    assert [step["steps"][1]["here"] for step in updates] == [0, 1]
    assert len(reads[0]) >= 6
    assert reads[1] == [f"{PROJECT}/Users/{OTHERS[0]}"]


def test_watching_outlasts_a_broken_network(
    study: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a network that fails for one update, the figures stay, this is reported and updates continue."""
    fill(study)
    pauses: list[float] = []

    def break_network() -> None:
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            study.aws.before("ListObjectsV2", break_network)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", pause)
    result = run("status", PROJECT, "--watch", "--interval", "5")

    assert result.exit_code == 0, result.output
    assert pauses == [5, 5, 5]
    assert result.stdout.count("4 participants") == 3
    assert result.stdout.count("Not up to date: AWS cannot be reached") == 1


def test_records_that_are_broken_or_old(study: StudyWorld, run: Run) -> None:
    """Given a broken record and one of an earlier deployment, the first is counted and the second shown."""
    study.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/broken", Body=b"{")
    put_old(study)

    report = read_status(run)

    assert (report["participants"]["unreadable"], report["participants"]["total"]) == (1, 1)
    assert (report["participants"]["gone"], report["steps"][1]["here"]) == (0, 1)


def test_a_project_without_versions(study: StudyWorld, run: Run) -> None:
    """Given a list of an earlier deployment, which names no version, its steps are shown."""
    for key in study.list_keys(f"{PROJECT}/_versions/"):
        study.s3.delete_object(Bucket=BUCKET, Key=key)
    study.write_list([study.config])
    put_old(study)

    report = read_status(run)

    assert [step["page"] for step in report["steps"]][:2] == ["consent.html", "quiz.html"]
    assert report["steps"][1]["here"] == 1


def test_no_participants_yet(study: StudyWorld, run: Run) -> None:
    """Given a study that no participant has opened, all figures are zero and a report works, too."""
    assert read_status(run)["participants"]["total"] == 0
    assert "0 participants" in run("status", PROJECT).stdout


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--watch", "--html", "r.html"), "cannot be combined"),
        (("--watch", "--interval", "0"), "seconds from 2 to 86400"),
        (("--watch", "--interval", "nan"), "seconds from 2 to 86400"),
        (("--html", "no/such/folder/r.html"), "no/such/folder"),
    ],
)
def test_wrong_use(study: StudyWorld, run: Run, arguments: tuple[str, ...], what: str) -> None:
    """Given options that cannot be combined or are out of range, the error names them."""
    result = run("status", PROJECT, *arguments)

    assert result.exit_code in (ExitCode.USAGE, ExitCode.MACHINE)
    assert what in result.stderr


def test_the_study_of_this_folder(
    study: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given no id, the study in the current folder is shown."""
    (tmp_path / "config.yml").write_text(f"project:\n  id: {PROJECT}\n")
    monkeypatch.chdir(tmp_path)

    result = run("status", "--json")

    assert json.loads(result.stdout)["projectId"] == PROJECT


def test_names_that_steer_a_terminal(study: StudyWorld, run: Run) -> None:
    """Given a record under an invalid id, none of it controls the terminal."""
    study.get()
    study.put_server("ready", "x\x9b2Jy")

    shown = run("status", PROJECT).stdout

    assert "x\ufffd2Jy" in shown
    assert "\x9b" not in shown


@pytest.mark.parametrize(
    "code", ["503", "ThrottledException", "RequestThrottledException", "ServiceUnavailable"]
)
def test_an_aws_that_is_busy(study: StudyWorld, run: Run, code: str) -> None:
    """Given AWS's codes for too many requests, the error says that AWS is busy."""
    study.aws.fail("ListObjectsV2", code, 503)

    result = run("status", PROJECT)

    assert (result.exit_code, "AWS is busy" in result.stderr) == (3, True), result.stderr
