"""`hippo status`: who is where, and what servers do, with as little reading as that takes."""

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
def study(lab: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> StudyWorld:
    """The sample study; the tool has its clock."""
    monkeypatch.setattr(command, "SystemClock", lambda: lab.clock)
    return lab


def look(run: Run, *words: object) -> dict[str, Any]:
    """What the command says with --json."""
    result = run("status", PROJECT, "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def fill(study: StudyWorld) -> None:
    """One went away at step 2; then one waits, one plays, one is on page 1."""
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
    """A participant of an earlier deployment, at page 2 now."""
    event = {"requestContext": {"requestTimeEpoch": study.clock.now().timestamp() * 1000}}
    study.put_record(
        {"created": "2020-11-25 10:26:40+00:00", "nextStep": 3, "requests": [event, event]}, "old"
    )


def test_participants_by_step(study: StudyWorld, run: Run) -> None:
    """Given people at several steps, then each step says who is there, who came, and who went away."""
    fill(study)

    said = look(run)

    people = said["participants"]
    assert {key: people[key] for key in ("total", "finished", "active", "gone", "playing", "waiting")} == {
        "total": 4,
        "finished": 0,
        "active": 3,
        "gone": 1,
        "playing": 1,
        "waiting": [OTHERS[1]],
    }
    assert [(step["page"], step["here"], step["gone"], step["reached"]) for step in said["steps"]] == [
        ("consent.html", 1, 0, 4),
        ("quiz.html", 0, 1, 3),
        ("game", 2, 0, 2),
        ("survey.html", 0, 0, 0),
        ("thanks.html", 0, 0, 0),
    ]
    assert said["steps"][0]["medianSeconds"] == 30


def test_the_end_and_a_new_day(study: StudyWorld, run: Run) -> None:
    """Given somebody who finished, then they count as finished for ever, and as today's until midnight."""
    study.reach_final()
    assert look(run)["participants"]["finishedToday"] == 1

    study.clock.advance(26 * 3600)

    people = look(run)["participants"]
    assert (people["finished"], people["finishedToday"], people["today"], people["gone"]) == (1, 0, 0, 0)


def test_servers_with_age_deadline_and_cost(study: StudyWorld, run: Run) -> None:
    """Given servers of this study and another's, then its own are shown, and which are late."""
    fill(study)
    begun = study.clock.now()
    study.put_server("ready", USER, task_arn="t", started_at=begun, deadline=begun + timedelta(minutes=30))
    study.put_server("ready", OTHER_USER, project="other", task_arn="t", started_at=begun)
    for user in (USER, OTHER_USER):
        study.get(user)
    study.clock.advance(3600)

    said = look(run)

    servers = {server["userId"]: server for server in said["servers"]}
    assert set(servers) == {USER, *OTHERS[1:]}
    # An hour of 1 vCPU and 2 GB with a public address, hippo_cli/prices.py.
    assert servers[USER]["dollarsAtMost"] == pytest.approx(0.04048 + 2 * 0.004445 + 0.005, abs=1e-4)
    assert (servers[USER]["ageSeconds"], servers[USER]["late"]) == (3600, True)
    assert servers[OTHERS[1]]["dollarsAtMost"] == 0  # no task yet
    assert servers[OTHERS[2]]["late"] is False


def test_a_server_that_was_asked_for_just_now(study: StudyWorld, run: Run) -> None:
    """Given a server of this very moment, then its age is the number 0."""
    study.put_server("starting", requested_at=study.clock.now())
    study.get()

    assert look(run)["servers"][0]["ageSeconds"] == 0


def test_failures_with_reasons(study: StudyWorld, run: Run) -> None:
    """Given a server that failed, then its reason is shown, without what steers a terminal."""
    study.get()
    study.put_server("failed", error="the name is taken: \x1b[31mred", stopped_at=study.clock.now())

    assert look(run)["failures"][0]["reason"].startswith("the name is taken")
    shown = run("status", PROJECT)
    assert shown.exit_code == 0
    assert "the name is taken: \ufffd[31mred" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_researcher_may_not_see_servers(study: StudyWorld, run: Run) -> None:
    """Given credentials that may not read server records, then this is said and everything else is shown."""
    fill(study)
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=99, key="_servers")

    said = look(run)

    assert said["servers"] is None
    assert "may not read their records" in said["remarks"][0]
    assert said["participants"]["total"] == 4


def test_no_server_yet_and_no_leave_to_list(study: StudyWorld, run: Run) -> None:
    """Given refused records of people who have not played, then none is shown, and doubt is told."""
    study.get(OTHERS[0])
    study.post({}, OTHERS[0])
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers")

    said = look(run)

    assert said["servers"] == []
    assert "there is none yet, or" in said["remarks"][0]


def test_a_researcher_may_see_servers_by_name(study: StudyWorld, run: Run) -> None:
    """Given credentials that may read single server records only, then these are found by name."""
    fill(study)
    study.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    study.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/user-a")

    assert [server["userId"] for server in look(run)["servers"]] == OTHERS[:0:-1]


def test_watching_reads_only_what_changed(
    study: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a second look, then it lists again and reads the one record that has changed, until Ctrl-C."""
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
    looks = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"projectId": ')]
    assert [step["steps"][1]["here"] for step in looks] == [0, 1]
    assert len(reads[0]) >= 6
    assert reads[1] == [f"{PROJECT}/Users/{OTHERS[0]}"]


def test_watching_outlasts_a_broken_network(
    study: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a network that is gone for one look, then the figures stay, this is told, and it goes on."""
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
    """Given a broken record and one of an earlier deployment, then one is counted and the other followed."""
    study.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/broken", Body=b"{")
    put_old(study)

    said = look(run)

    assert (said["participants"]["unreadable"], said["participants"]["total"]) == (1, 1)
    assert (said["participants"]["gone"], said["steps"][1]["here"]) == (0, 1)


def test_a_project_without_versions(study: StudyWorld, run: Run) -> None:
    """Given a list of an earlier deployment, which names no version, then its steps are shown."""
    for key in study.list_keys(f"{PROJECT}/_versions/"):
        study.s3.delete_object(Bucket=BUCKET, Key=key)
    study.write_list([study.config])
    put_old(study)

    said = look(run)

    assert [step["page"] for step in said["steps"]][:2] == ["consent.html", "quiz.html"]
    assert said["steps"][1]["here"] == 1


def test_nobody_yet(study: StudyWorld, run: Run) -> None:
    """Given a study that nobody has opened, then there are zeros and no error, in a report too."""
    assert look(run)["participants"]["total"] == 0
    assert "0 participants" in run("status", PROJECT).stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--watch", "--html", "r.html"), "do not go together"),
        (("--watch", "--interval", "0"), "2 to 86400 seconds"),
        (("--watch", "--interval", "nan"), "2 to 86400 seconds"),
        (("--html", "no/such/folder/r.html"), "no/such/folder"),
    ],
)
def test_wrong_use(study: StudyWorld, run: Run, words: tuple[str, ...], what: str) -> None:
    """Given options that make no sense, then it is told which."""
    result = run("status", PROJECT, *words)

    assert result.exit_code in (ExitCode.USAGE, ExitCode.MACHINE)
    assert what in result.stderr


def test_the_study_of_this_folder(
    study: StudyWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given no id, then the study of the folder is meant."""
    (tmp_path / "config.yml").write_text(f"project:\n  id: {PROJECT}\n")
    monkeypatch.chdir(tmp_path)

    result = run("status", "--json")

    assert json.loads(result.stdout)["projectId"] == PROJECT


def test_names_that_steer_a_terminal(study: StudyWorld, run: Run) -> None:
    """Given a record under an id that no participant can have, then none of it steers the terminal."""
    study.get()
    study.put_server("ready", "x\x9b2Jy")

    shown = run("status", PROJECT).stdout

    assert "x\ufffd2Jy" in shown
    assert "\x9b" not in shown


@pytest.mark.parametrize(
    "code", ["503", "ThrottledException", "RequestThrottledException", "ServiceUnavailable"]
)
def test_an_aws_that_is_busy(study: StudyWorld, run: Run, code: str) -> None:
    """Given AWS's words for too many requests, then that is what is told."""
    study.aws.fail("ListObjectsV2", code, 503)

    result = run("status", PROJECT)

    assert (result.exit_code, "AWS is busy" in result.stderr) == (3, True), result.stderr
