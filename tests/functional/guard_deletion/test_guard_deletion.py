"""guard_deletion: a stack with game servers is not deleted; without them, no server starts any more."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.support.aws_hooks import AwsHooks, shared_client
from tests.support.cloudformation import CloudFormation
from tests.support.fakes import FakeClock
from tests.support.study_world import FakeContext

ON, OFF = "DeleteFunctionConcurrency", "PutFunctionConcurrency"


@pytest.fixture
def function(
    aws: AwsHooks,
    clock: FakeClock,
    load_function: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    """Return the function of a stack that is being deleted."""
    monkeypatch.setenv("PREFIX", "hippo")
    monkeypatch.setenv("START_SERVER_FUNCTION", "start-server")
    module = load_function("guard_deletion")
    module.CLOCK = clock
    aws.reset()
    return module


@pytest.fixture
def send(
    function: ModuleType,
    aws: AwsHooks,
    cloudformation: CloudFormation,
    load_event: Callable[[str], dict[str, Any]],
) -> Callable[..., dict[str, str]]:
    """Send an event as CloudFormation does while the stack is in `status`; return the one response."""

    def send(kind: str = "Delete", status: str = "DELETE_IN_PROGRESS") -> dict[str, str]:
        if status:
            aws.answer("DescribeStacks", {"Stacks": [{"StackStatus": status}]})
        aws.answer(OFF, {})
        aws.answer(ON, {})
        event = load_event("guard_deletion") | {"RequestType": kind, "ResponseURL": cloudformation.url}
        cloudformation.answers.clear()
        function.lambda_handler(event, FakeContext(120_000))
        (answer,) = cloudformation.answers
        return answer

    return send


def make_rule(name: str) -> None:
    """Arm a shutdown alarm."""
    shared_client("events").put_rule(Name=name, ScheduleExpression="rate(1 hour)")


def list_switches(aws: AwsHooks) -> list[str]:
    """Return what was done to the function that starts servers, in order."""
    return [call.operation for call in aws.calls if call.operation in {ON, OFF}]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_done_while_the_stack_lives(
    send: Callable[..., dict[str, str]], aws: AwsHooks, kind: str
) -> None:
    """Given a creation or an update of the stack, the response is SUCCESS without a call."""
    make_rule("hippo-1-ada")
    aws.reset()

    assert send(kind)["Status"] == "SUCCESS"
    assert aws.calls == []


@pytest.mark.parametrize("left", ["rule", "cluster", "hashed rule"])
def test_stack_with_a_server_is_not_deleted(
    send: Callable[..., dict[str, str]], aws: AwsHooks, left: str
) -> None:
    """Given a shutdown alarm or a cluster, the response is FAILED with its name and the remedy."""
    name = "hippo-1-ada" if left != "hashed rule" else f"hippo-1234-{'a' * 53}"
    if left == "cluster":
        shared_client("ecs").create_cluster(clusterName=name)
    else:
        make_rule(name)

    answer = send()

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"1 game server is left ({name})")
    assert "delete the stack again" in answer["Reason"]
    assert list_switches(aws) == []


def test_many_servers_are_counted(send: Callable[..., dict[str, str]]) -> None:
    """Given more servers than are named, one with both rule and cluster, each is counted once."""
    for number in range(8):
        make_rule(f"hippo-1-p{number}")
    shared_client("ecs").create_cluster(clusterName="hippo-1-p0")

    reason = send()["Reason"]

    assert reason.startswith("8 game servers are left (hippo-1-p0, ")
    assert "hippo-1-p4, …)" in reason
    assert "p5" not in reason


def test_stack_without_servers_goes_and_starts_no_more(
    send: Callable[..., dict[str, str]], aws: AwsHooks, clock: FakeClock
) -> None:
    """Given only resources of others, the response is SUCCESS after two checks, and starts are off."""
    for name in ("hippo-1-SweepRule-0A1B", "hippodev-1-ada", "hippo-sweep", "hippo-0-ada"):
        make_rule(name)
    for name in ("hippo-1-gone", "default", "hippodev-1-ada"):
        shared_client("ecs").create_cluster(clusterName=name)
    shared_client("ecs").delete_cluster(cluster="hippo-1-gone")
    aws.reset()

    answer = send()

    assert answer["Status"] == "SUCCESS", answer
    assert list_switches(aws) == [OFF]
    (switched,) = [call for call in aws.calls if call.operation == OFF]
    assert switched.parameters == {"FunctionName": "start-server", "ReservedConcurrentExecutions": 0}
    assert clock.slept == [10]
    assert aws.count()["ListRules"] == 2


def test_server_that_just_starts_is_seen(
    send: Callable[..., dict[str, str]], aws: AwsHooks, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a start that arms its rule between the checks, the response is FAILED and starts are on again."""
    monkeypatch.setattr(clock, "sleep", lambda _seconds: make_rule("hippo-1-ada"))

    answer = send()

    assert "hippo-1-ada" in answer["Reason"]
    assert list_switches(aws) == [OFF, ON]


def test_second_look_that_fails_turns_starts_on_again(
    send: Callable[..., dict[str, str]], aws: AwsHooks, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a second check that AWS refuses, the response is FAILED with the reason; starts are on again."""
    refuse = ("ListRules", "AccessDeniedException", 403)
    monkeypatch.setattr(clock, "sleep", lambda _seconds: aws.fail(*refuse))

    answer = send()

    assert "Cannot tell whether game servers are left" in answer["Reason"]
    assert list_switches(aws) == [OFF, ON]


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_rollback_is_never_refused(send: Callable[..., dict[str, str]], aws: AwsHooks, status: str) -> None:
    """Given a rollback that removes the guard, and a server, the response is SUCCESS and starts stay on."""
    make_rule("hippo-1-ada")

    assert send(status=status)["Status"] == "SUCCESS"
    assert list_switches(aws) == []


def test_unknown_status_counts_as_deletion(send: Callable[..., dict[str, str]], aws: AwsHooks) -> None:
    """Given a stack that AWS does not describe, a server is guarded all the same."""
    aws.fail("DescribeStacks", "AccessDenied", 403)
    make_rule("hippo-1-ada")

    assert send(status="")["Status"] == "FAILED"


def test_account_that_takes_no_switch_can_be_cleared(
    send: Callable[..., dict[str, str]], aws: AwsHooks
) -> None:
    """Given Lambda that refuses a reserved concurrency, the deletion continues."""
    aws.fail(OFF, "InvalidParameterValueException", 400)

    assert send()["Status"] == "SUCCESS"
    assert list_switches(aws) == [OFF]


def test_missing_variable_is_reported(
    send: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a function without its variable, the response is FAILED with its name: no check, no deletion."""
    monkeypatch.delenv("START_SERVER_FUNCTION")

    answer = send()

    assert answer["Status"] == "FAILED"
    assert "START_SERVER_FUNCTION is missing" in answer["Reason"]
