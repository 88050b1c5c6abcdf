"""Operating a study with the tool, under no more than the stack's policies for researchers and stewards."""

import csv
import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.journeys import FORMS
from tests.e2e.participant import Participant, play, wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.e2e.test_cli_local import make_variables, run
from tests.permissions.studies import ONE_PAGE, publish, put_pages
from tests.support.paths import EXAMPLE

pytestmark = pytest.mark.e2e

Hippo = Callable[..., subprocess.CompletedProcess[str]]


def make_person(account: AccountView, *policies: str, role: str = "") -> dict[str, str]:
    """Create a person with policies of the stack and the study's tag; return their keys as variables.

    `role` is the value of the tag hippo-role, which they otherwise do not have.
    """
    iam, name = account.client("iam"), f"person-{uuid.uuid4().hex[:8]}"
    tags = {"hippo-project": str(account.outputs["projectId"]), **({"hippo-role": role} if role else {})}
    iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    for policy in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=account.outputs["stackOutputs"][policy])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture(scope="module")
def hippo(account: AccountView, tmp_path_factory: pytest.TempPathFactory) -> Hippo:
    """Return a function that runs the tool as a steward, in an empty folder."""
    directory = tmp_path_factory.mktemp("steward")
    variables = make_variables(account.outputs)
    variables |= make_person(account, "ResearcherPolicyArn", "StewardPolicyArn")

    def call(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run(*words, directory=directory, **{**variables, **more})

    return call


def read(result: subprocess.CompletedProcess[str]) -> Any:
    """Return the parsed output of a command with --json, which must have succeeded."""
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def enter(account: AccountView, user_id: str = "") -> Participant:
    """Return a participant who has reached the game and has a server."""
    participant = Participant(account.outputs, user_id or str(uuid.uuid4()))
    participant.begin()
    participant.submit(FORMS[0])
    participant.submit(FORMS[1])
    participant.await_game()
    return participant


def list_versions(account: AccountView, user_id: str) -> list[str]:
    """Return the keys with a participant's id of all versions and delete markers, except below _slots/."""
    answer = account.client("s3").list_object_versions(Bucket=account.outputs["bucket"])
    entries = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    return [e["Key"] for e in entries if user_id in e["Key"] and not e["Key"].startswith("_slots/")]


def test_servers_logs_and_stop(account: AccountView, hippo: Hippo) -> None:
    """Given a running server, it is listed with its cost and logs, and it stops on request."""
    project_id = str(account.outputs["projectId"])
    user_id = enter(account).user_id

    (line,) = [one for one in read(hippo("servers", project_id, "--json")) if one["userId"] == user_id]
    everything = read(hippo("servers", "--json"))
    stranger = make_person(account, "ResearcherPolicyArn")
    refused = hippo("stop", user_id, **stranger)
    logs = wait_for("the logs", lambda: hippo("logs", user_id, "--json").stdout, 20)
    (later,) = read(hippo("stop", user_id, "--delay", "3", "--json"))
    (moved,) = [one for one in read(hippo("servers", project_id, "--json")) if one["userId"] == user_id]
    stopped = hippo("stop", user_id)
    again = [one["userId"] for one in read(hippo("servers", project_id, "--json"))]

    assert (line["state"], line["projectId"]) == ("ready", project_id)
    assert line["dollarsAtMost"] >= 0
    assert user_id in [one["userId"] for one in everything]
    assert (later["state"], later["endsAt"]) == ("ready", moved["deadline"])
    assert moved["deadline"] < line["deadline"]
    assert refused.returncode == 3
    assert "StewardPolicy" in refused.stderr
    messages = {(one["source"], one["message"]) for one in map(json.loads, logs.splitlines())}
    assert {("next_step", "step"), ("start_server", "ready")} <= messages
    assert stopped.returncode == 0, stopped.stderr
    assert account.read_server(user_id)["state"] == "stopped"
    assert user_id not in again


def test_export_and_status(account: AccountView, hippo: Hippo, tmp_path: Path) -> None:
    """Given a participant who has finished, a researcher exports their answers and the status counts them."""
    project_id, bucket = str(account.outputs["projectId"]), account.outputs["bucket"]
    sent = ({"consent": "yes"}, {"why": 'ça,\n"déjà"', "games": ["go", "chess"]}, {"rating": ""})
    participant = Participant(account.outputs, str(uuid.uuid4()))
    participant.begin()
    participant.submit(sent[0])
    participant.submit(sent[1])
    participant.await_game()
    with participant.connect() as socket:
        play(socket)
    participant.finish_game()
    participant.submit(sent[2])
    researcher, prefix = make_person(account, "ResearcherPolicyArn"), f"{project_id}/Trials/"

    status = read(hippo("status", project_id, "--json", **researcher))
    wait_for("the server's end", lambda: account.read_server(participant.user_id)["state"] == "stopped")
    (key,) = account.list_keys(f"{prefix}{participant.user_id}/")
    told = read(hippo("export", project_id, "--out", str(tmp_path / "data"), "--json", **researcher))

    tables = {}
    for name in ("answers", "participants"):
        with (tmp_path / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    answers = [row for row in tables["answers"] if row["user"] == participant.user_id]
    assert [(row["step"], row["question"], row["value"]) for row in answers] == [
        ("1", "consent", "yes"),
        ("2", "why", sent[1]["why"]),
        ("2", "games", '["go", "chess"]'),
        ("4", "rating", ""),
    ]
    recorded = account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert (tmp_path / "data" / "trials" / key.removeprefix(prefix)).read_bytes() == recorded != b""
    users = {key.rpartition("/")[2] for key in account.list_keys(f"{project_id}/Users/")}
    assert {row["user"] for row in tables["participants"]} == users
    assert told["rows"]["participants"] == status["participants"]["total"] == len(users)
    finished = {row["user"] for row in tables["participants"] if row["finished"] == "true"}
    assert participant.user_id in finished
    assert status["participants"]["finished"] == len(finished)
    assert [step["page"] for step in status["steps"]][:3] == ["consent.html", "quiz.html", "game"]


def test_withdrawal(account: AccountView, hippo: Hippo, tmp_path: Path) -> None:
    """Given a participant in the game, withdrawal stops their server and leaves no version of their data."""
    # They may begin again at once under the same id, and get another server.
    participant, other = enter(account), enter(account)
    project_id, receipt = str(account.outputs["projectId"]), tmp_path / "receipt.json"

    listed = read(hippo("withdraw", participant.user_id, project_id, "--dry-run", "--json"))
    result = hippo("withdraw", participant.user_id, project_id, "--yes", "--receipt", str(receipt))

    assert f"{project_id}/Users/{participant.user_id}" in listed["objects"]
    assert result.returncode == 0, result.stdout + result.stderr
    assert list_versions(account, participant.user_id) == []
    assert account.list_resources(participant.user_id) == {}
    assert participant.user_id not in receipt.read_text()
    assert json.loads(receipt.read_text())["deleted"]["participantRecords"] == 1
    assert account.read_server(other.user_id)["state"] == "ready"
    assert hippo("stop", other.user_id, "--no-wait").returncode == 0
    enter(account, participant.user_id)
    assert account.read_server(participant.user_id)["attempt"] == 1
    assert hippo("stop", participant.user_id, "--no-wait").returncode == 0


def test_pause_and_resume(account: AccountView, hippo: Hippo) -> None:
    """Given an open study, pause closes it, resume opens it, and its entry is the same as before."""
    # Both may do so with their own studies only, once these have an own config.
    project_id = str(account.outputs["projectId"])
    before = account.read_json("project_master_list.json")

    paused = hippo("pause", project_id)
    entries = account.read_json("project_master_list.json") or {}
    researcher = make_person(account, "ResearcherPolicyArn")
    resumed = hippo("resume", project_id, **researcher)
    refused, unknown = hippo("pause", "elsewhere", **researcher), hippo("pause", "elsewhere")

    assert (paused.returncode, resumed.returncode) == (0, 0), paused.stderr + resumed.stderr
    assert (refused.returncode, unknown.returncode) == (3, 1), refused.stderr + unknown.stderr
    assert "another researcher" in refused.stderr
    assert {one["id"]: one["live"] for one in entries["projects"]}[project_id] is False
    assert account.read_json("project_master_list.json") == before


def test_deletion(account: AccountView, hippo: Hippo, tmp_path: Path) -> None:
    """Given a study with data, a steward of its project deletes it under the policies, and it is gone."""
    project_id = f"{account.outputs['projectId']}-gone"
    s3, bucket = account.client("s3"), account.outputs["bucket"]
    config = {**ONE_PAGE, "id": project_id, "ecsTask": project_id, "live": False}
    put_pages(account, bucket, project_id)
    publish(account, config)
    stored = {"_config.json": config, "_keys/links": "0" * 32, "Users/u-gone": {}, "Trials/u-gone/1": {}}
    for name, content in stored.items():
        s3.put_object(Bucket=bucket, Key=f"{project_id}/{name}", Body=json.dumps(content).encode())
    keys = make_person(account, "ResearcherPolicyArn", "StewardPolicyArn", role="steward")
    words = ("delete", project_id, "--with-data", "--yes", "--receipt", str(tmp_path / "receipt.json"))
    researcher = make_person(account, "ResearcherPolicyArn")

    refused = hippo(*words, **researcher)
    kept = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"{project_id}/")["Contents"]}
    done = hippo(*words, **keys)

    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert f"{project_id}/_config.json" in kept
    assert done.returncode == 0, done.stdout + done.stderr
    assert s3.list_objects_v2(Bucket=bucket, Prefix=f"{project_id}/").get("Contents", []) == []
    assert list_versions(account, "u-gone") == []
    listed = account.read_json("project_master_list.json") or {}
    assert project_id not in [one["id"] for one in listed["projects"]]


def test_doctor(hippo: Hippo) -> None:
    """Given a steward on a local platform, every check that applies passes, and the command completes."""
    found = hippo("doctor", "--project", "mountain_car", "--json")

    outcomes = {one["what"]: one["outcome"] for one in json.loads(found.stdout)}
    fine = {"credentials", "stack", "publishing", "data of mountain_car", "server records", "withdrawals"}
    assert {what: outcomes[what] for what in fine} == dict.fromkeys(fine, "ok")
    assert outcomes["DNS delegation"] == "ok"
    assert "failure" not in outcomes.values(), found.stdout
    assert found.returncode == 0


def test_bots(running_platform: RunningPlatform, tmp_path: Path) -> None:
    """Given a running platform, bots go through its study to the end and report what they saw."""
    example = EXAMPLE
    words = ("--bots", "2", "--seed", "3", "--directory", str(running_platform.directory))

    result = run("local", str(example), *words, directory=tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 of 2 bots finished" in result.stdout
    (first, _) = json.loads((running_platform.directory / "bots.json").read_text())["bots"]
    assert first["pages"] == [1, 2, 4, 5]
    assert first["games"][0]["frames"] > 0
