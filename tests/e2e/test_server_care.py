"""Upkeep of servers on the deployed stack: replacements, removal of orphans, slots that pass to the next."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hippo_local.aws import make_aws_variables
from hippo_local.outputs import read_keys
from tests.e2e.account_view import AccountView
from tests.e2e.journeys import FORMS, Faults, PatientParticipant
from tests.e2e.participant import Participant, play, wait_for
from tests.e2e.running_platform import REPOSITORY, RunningPlatform
from tests.permissions.studies import define_task

pytestmark = pytest.mark.e2e

PROJECT = "one-at-a-time"


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture
def faults(account: AccountView) -> Iterator[Faults]:
    """Return a control of faults, and remove them after the test."""
    faults = Faults(Path(account.outputs["faults"]))
    try:
        yield faults
    finally:
        faults.clear()


def send_to_stop_topic(account: AccountView, message: dict[str, Any]) -> None:
    """Publish a message to the stop topic, as an operator or a rule does."""
    topic = account.outputs["stackOutputs"]["StopServerTopicArn"]
    account.client("sns").publish(TopicArn=topic, Message=json.dumps(message))


def is_gone(account: AccountView, user_id: str) -> bool:
    """Return whether the participant's server has stopped and nothing of it is left."""
    return account.read_server(user_id)["state"] == "stopped" and not account.list_resources(user_id)


@pytest.mark.parametrize(
    ("user_id", "fault", "provider"),
    [
        ("died-in-game", {"kind": "task-crash", "seconds": 0}, "FARGATE_SPOT"),
        ("taken-in-game", {"kind": "spot-interruption", "seconds": 0}, "FARGATE"),
    ],
)
def test_a_server_that_dies_in_the_game_is_replaced(
    account: AccountView, faults: Faults, user_id: str, fault: dict[str, Any], provider: str
) -> None:
    """Given a server that ends during the game, the participant plays on its replacement and finishes."""
    participant = PatientParticipant(account.outputs, user_id)
    participant.begin()
    participant.submit(FORMS[0])
    participant.submit(FORMS[1])
    participant.await_game()
    first = account.read_server(user_id)
    faults.add(user_id, {**fault, "times": 1})
    asked = {"step": participant.answer["step"] - 1}

    wait_for("the report of the death", lambda: participant.get(**asked)["page"] == "wait")
    answer = participant.await_game()
    with participant.connect() as socket:
        play(socket)
    participant.finish_game()
    participant.submit(FORMS[2])

    server = account.read_server(user_id)
    assert (answer["page"], server["attempt"], server["capacityProvider"]) == ("show_game_page", 2, provider)
    assert server["taskArn"] != first["taskArn"]
    assert [e["body"] for e in account.read_participant(user_id)["requests"] if e["body"]] == [
        json.dumps(form) for form in FORMS
    ]
    wait_for("the end of the server", lambda: is_gone(account, user_id))


def test_a_sweep_clears_what_nobody_looks_after(account: AccountView) -> None:
    """Given a cluster and a rule without a record, a sweep removes them, and nothing of another stack."""
    ecs, events = account.client("ecs"), account.client("events")
    mine = [{"key": "hippo:stack", "value": "hippo"}]
    ecs.create_cluster(clusterName="hippo-1-orphan", tags=mine)
    ecs.create_cluster(clusterName="hippo-1-foreign")
    ecs.create_cluster(clusterName="other-1-orphan", tags=mine)
    for name in ("hippo-2-orphan", "hippo-nightly-job"):
        events.put_rule(Name=name, ScheduleExpression="cron(0 0 1 1 ? 2020)")

    send_to_stop_topic(account, {"sweep": True})

    wait_for("the orphan to go", lambda: not account.list_resources("orphan").keys() - {"clusters"})
    wait_for("its cluster to go", lambda: list_names(account, "orphan") == ["other-1-orphan"])
    assert list_names(account, "foreign") == ["hippo-1-foreign"]
    assert [r["Name"] for r in events.list_rules(NamePrefix="hippo-nightly")["Rules"]] == [
        "hippo-nightly-job"
    ]
    events.delete_rule(Name="hippo-nightly-job")
    for name in ("hippo-1-foreign", "other-1-orphan"):
        ecs.delete_cluster(cluster=name)


def test_a_dead_lettered_stop_is_replayed_by_one_command(account: AccountView, faults: Faults) -> None:
    """Given a stop that failed on every attempt, the command in docs/howto/operate.md replays it."""
    user_id = "replayed"
    start = {"projectId": account.outputs["projectId"], "userId": user_id, "requestId": "replayed"}
    topic = account.outputs["stackOutputs"]["StartServerTopicArn"]
    account.client("sns").publish(TopicArn=topic, Message=json.dumps(start))
    wait_for("the server", lambda: account.read_server(user_id).get("state") == "ready")
    death = {"kind": "lambda-death", "function": "stop_server", "times": 3, "calls": 1, "when": "after"}
    faults.add(user_id, death)
    send_to_stop_topic(account, {"userId": user_id})
    queue = account.outputs["stackOutputs"]["StopServerDeadLetterQueueUrl"]
    wait_for("the dead letter", lambda: holds_message(account, queue, user_id))
    faults.clear()
    assert account.read_server(user_id)["state"] == "ready"

    done = subprocess.run(
        [sys.executable, "tools/replay_dead_letters.py", account.outputs["stack"]],
        cwd=REPOSITORY,
        env={**os.environ, **make_aws_variables(account.outputs["endpointUrl"], read_keys(account.outputs))},
        capture_output=True,
        text=True,
        check=True,
    )

    # Other tests put messages of their own into these queues.
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("StopServer: ") and user_id in line]
    assert lines[-1] == f"{len(lines) - 1} replayed"
    wait_for("the stop", lambda: is_gone(account, user_id))
    assert not holds_message(account, queue, user_id)


def holds_message(account: AccountView, queue: str, user_id: str) -> bool:
    """Return whether a queue holds a message about a participant, and leave it there, visible."""
    answer = account.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return any(user_id in message["Body"] for message in answer.get("Messages", ()))


def list_names(account: AccountView, part: str) -> list[str]:
    """Return the names of the clusters that contain a text."""
    arns = account.client("ecs").list_clusters()["clusterArns"]
    return sorted(arn.rpartition("/")[2] for arn in arns if part in arn)


def publish_study(account: AccountView) -> None:
    """Publish a study of three steps and at most one server."""
    define_task(account, PROJECT)
    s3, bucket = account.client("s3"), account.outputs["bucket"]
    for name in ("consent.html", "survey.html", "thanks.html"):
        s3.put_object(Bucket=bucket, Key=f"{PROJECT}/{name}", Body=f"<h1>{name}</h1>".encode())
    steps = {"1": "consent.html", "2": "game", "3": "survey.html", "finalStep": "thanks.html"}
    config = {
        "id": PROJECT,
        "name": "One at a time",
        "live": True,
        "ecsTask": PROJECT,
        "steps": steps,
        "events": {"startServerStep": 1, "stopServerStep": 3},
        "maxRuntime": 10,
        "maxServers": 1,
    }
    function = account.outputs["stackOutputs"]["UpdateFunctionName"]
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(config))
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    time.sleep(1)  # next_step looks for an unlisted study at most once a second


def test_above_the_cap_the_second_plays_after_the_first(account: AccountView) -> None:
    """Given maxServers 1 and two participants, the second gets the slot as soon as the first is free."""
    # That is long before another start message would be published for the second.
    publish_study(account)
    first, second = (Participant(account.outputs, f"{name}-in-line", PROJECT) for name in ("first", "second"))
    first.begin()
    first.submit({"consent": "yes"})
    first.await_game()
    second.begin()
    second.submit({"consent": "yes"})
    wait_for("the queue", lambda: [k for k in account.list_keys("_slots/q.") if "second-in-line" in k])
    waiting = second.get(step=1)
    first.finish_game()
    ended = time.monotonic()
    second.await_game()

    assert (waiting["page"], waiting["progress"]) == ("wait", "queued")
    assert time.monotonic() - ended < 50
    assert account.list_keys("_slots/q.") == []
    second.finish_game()
    for user_id in ("first-in-line", "second-in-line"):
        wait_for("the end of the servers", lambda user_id=user_id: is_gone(account, user_id))
