"""Tests of faults on demand in functions: workers that are killed, and what AWS does about it."""

import json
import time
import uuid
from typing import Any

import pytest

from tests.gaps.emulators import Emulator
from tests.gaps.lambda_.test_async_invocations import tries_of
from tests.gaps.processes import wait_for

ALLOWED = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
MAKES_CLUSTERS = """
import time
import boto3
from botocore.config import Config
ecs = boto3.client("ecs", config=Config(retries={"total_max_attempts": 1}))
def handler(event, context):
    for number in range(3):
        ecs.create_cluster(clusterName=f"{event['name']}-{number}")
    time.sleep(event.get("sleep", 0))
    return context.aws_request_id
"""
QUICK = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n"
IDS = """
def handler(event, context):
    print("id", context.aws_request_id, flush=True)
    raise ValueError("again")
"""


def make_function(emulator: Emulator) -> str:
    return emulator.make_function(MAKES_CLUSTERS, Role=emulator.make_role(ALLOWED))


def count_clusters(emulator: Emulator, name: str) -> int:
    names = [f"{name}-{number}" for number in range(3)]
    return len(emulator.client("ecs").describe_clusters(clusters=names)["clusters"])


def invoke(emulator: Emulator, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the response of a synchronous invocation, and whether the function failed."""
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return {"failed": "FunctionError" in answer, "payload": json.loads(answer["Payload"].read())}


@pytest.mark.parametrize(("when", "expected"), [("before", 1), ("after", 2)])
def test_a_function_is_killed_at_its_second_call(faulty: Emulator, when: str, expected: int) -> None:
    """Given a kill at the second call, the effects so far stay (Lambda guide, "Lambda execution environment
    lifecycle").
    """
    function, name = make_function(faulty), f"killed-{when}"
    faulty.set_faults({"kind": "lambda-death", "function": function.split(":")[-1], "calls": 2, "when": when})

    answer = invoke(faulty, function, {"name": name})

    assert answer["failed"]
    assert "Runtime exited with error: signal: killed" in answer["payload"]["errorMessage"]
    assert count_clusters(faulty, name) == expected


def test_a_function_is_killed_after_some_seconds(faulty: Emulator) -> None:
    """Given a kill after some seconds, the next invocation gets a new environment (the same page)."""
    function = make_function(faulty)
    fault = {"kind": "lambda-death", "function": function.split(":")[-1], "seconds": 0.8, "times": 1}
    faulty.set_faults(fault)

    began = time.monotonic()
    first = invoke(faulty, function, {"name": "times", "sleep": 20})

    assert first["failed"]
    assert time.monotonic() - began < 10
    assert not invoke(faulty, function, {"name": "times"})["failed"]


def test_only_the_matching_event_is_affected_and_only_calls_of_the_action_count(faulty: Emulator) -> None:
    """Given `match` and `action`, the first is searched for in the event and the second says which calls
    count.
    """
    function = make_function(faulty)
    limits = {"function": function.split(":")[-1], "match": "alice", "calls": 3, "when": "after"}
    faulty.set_faults({"kind": "lambda-death", "action": "ecs:CreateCluster", **limits})

    assert not invoke(faulty, function, {"name": "for-bob"})["failed"]
    assert invoke(faulty, function, {"name": "for-alice"})["failed"]
    assert count_clusters(faulty, "for-alice") == 3


def test_a_killed_asynchronous_invocation_is_retried(faulty: Emulator) -> None:
    """Given a killed asynchronous invocation, it is retried twice (Lambda guide, "How Lambda handles errors
    and retries").
    """
    function = make_function(faulty)
    name = function.split(":")[-1]
    faulty.set_faults({"kind": "lambda-death", "function": name, "calls": 1, "times": 2})

    event = json.dumps({"name": "again"})
    faulty.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)

    wait_for(lambda: count_clusters(faulty, "again") == 3)
    wait_for(lambda: tries_of(faulty, function) == 3)


def test_all_attempts_of_an_event_have_one_request_id(emulator: Emulator) -> None:
    """Given retries, all attempts have one request id (Lambda developer guide, "Using the Lambda context
    object" and "Asynchronous invocation").
    """
    function = emulator.make_function(IDS)

    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")

    wait_for(lambda: tries_of(emulator, function) == 3)
    ids = [line.split()[1] for line in emulator.function_log(function) if line.startswith("id ")]
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_an_invocation_finishes_with_the_code_that_it_began_with(emulator: Emulator) -> None:
    """Given new code, only later invocations use it (Lambda API reference, UpdateFunctionCode)."""
    body = "import time\ndef handler(event, context):\n    time.sleep(1)\n    return '{}'\n"
    function = emulator.make_function(body.format("old"))
    name = function.split(":")[-1]
    emulator.client("lambda").put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")
    wait_for(lambda: f"Lambda worker spawned for {name}" in emulator.log())

    emulator.update_function(function, body.format("new"))

    assert emulator.invoke(function) == "new"
    wait_for(lambda: tries_of(emulator, function) == 2)
    assert f"{name} failed" not in emulator.log()


@pytest.mark.parametrize(
    ("wanted", "is_killed"),
    [
        ("start_server", True),
        ("StartServerFunction", True),
        ("send_start_server_message", False),
        ("server", False),
    ],
)
def test_a_function_is_named_by_its_folder_or_by_its_name_in_the_template(
    faulty: Emulator, wanted: str, is_killed: bool
) -> None:
    """Given a stack, its functions are called <stack>-<logical id>-<suffix> (CloudFormation guide, "Name
    type").
    """
    suffix = uuid.uuid4().hex[:8].upper()
    function = faulty.make_function(QUICK, FunctionName=f"hippo-local-StartServerFunction-{suffix}")
    faulty.set_faults({"kind": "lambda-death", "function": wanted, "seconds": 0})

    assert invoke(faulty, function, {})["failed"] == is_killed
