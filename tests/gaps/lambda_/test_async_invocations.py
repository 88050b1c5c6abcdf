"""Tests of asynchronous invocations of functions that fail."""

import json
import uuid
from typing import Any

from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for
from tests.gaps.test_sns import subscribe

FAILS = "def handler(event, context):\n    raise ValueError('no zone')\n"
SLOW = "import time\ndef handler(event, context):\n    time.sleep(0.6)\n"


def make_queue(emulator: Emulator) -> tuple[str, str]:
    """Create a queue; return its ARN and URL."""
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"]), str(url)


def make_failing(emulator: Emulator, queue: str, role_may_send: bool = True) -> str:
    allowed = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": queue if role_may_send else "arn:x",
    }
    return emulator.make_function(
        FAILS, Role=emulator.make_role(allowed), DeadLetterConfig={"TargetArn": queue}
    )


def tries_of(emulator: Emulator, function: str) -> int:
    return sum(line.startswith("START ") for line in emulator.function_log(function))


def receive(emulator: Emulator, url: str) -> dict[str, Any]:
    def probe() -> Any:
        return (
            emulator.client("sqs")
            .receive_message(QueueUrl=url, MessageAttributeNames=["All"])
            .get("Messages")
        )

    return dict(wait_for(probe)[0])


def test_a_failing_notification_is_tried_three_times_and_then_dead_lettered(emulator: Emulator) -> None:
    """Given a function that fails, there are two retries, then the dead-letter queue (Lambda guide, "How
    Lambda handles errors and retries").
    """
    arn, url = make_queue(emulator)
    function = make_failing(emulator, arn)
    topic, _ = subscribe(emulator, function)

    emulator.client("sns").publish(TopicArn=topic, Message="start")
    message = receive(emulator, url)

    assert json.loads(message["Body"])["Records"][0]["Sns"]["Message"] == "start"
    assert tries_of(emulator, function) == 3


def test_the_dead_letter_says_what_went_wrong(emulator: Emulator) -> None:
    """Given a dead letter, it has RequestID, ErrorCode and ErrorMessage as attributes (Lambda guide, "Adding
    a dead-letter queue").
    """
    arn, url = make_queue(emulator)
    function = make_failing(emulator, arn)

    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload='{"a": 1}')
    message = receive(emulator, url)

    assert json.loads(message["Body"]) == {"a": 1}
    assert set(message["MessageAttributes"]) == {"RequestID", "ErrorCode", "ErrorMessage"}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no zone"


def test_the_number_of_retries_is_the_configured_one(emulator: Emulator) -> None:
    """Given MaximumRetryAttempts, there are that many retries (Lambda API reference,
    PutFunctionEventInvokeConfig).
    """
    arn, url = make_queue(emulator)
    function = make_failing(emulator, arn)
    emulator.client("lambda").put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)

    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")
    receive(emulator, url)

    assert tries_of(emulator, function) == 1


def test_a_role_that_may_not_send_loses_the_event(emulator: Emulator) -> None:
    """Given a role without sqs:SendMessage, the event is lost (Lambda developer guide, "Adding a dead-letter
    queue").
    """
    arn, url = make_queue(emulator)
    function = make_failing(emulator, arn, role_may_send=False)

    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")

    name = function.rsplit(":", 1)[-1]
    wait_for(lambda: f"the role of {name} may not send to its dead-letter queue" in emulator.log())
    assert "Messages" not in emulator.client("sqs").receive_message(QueueUrl=url)


def test_a_throttled_event_waits_for_its_turn(emulator: Emulator) -> None:
    """Given a throttle, it uses up no retry (Lambda guide, "How Lambda handles errors and retries")."""
    function = emulator.make_function(SLOW)
    settings = emulator.client("lambda")
    settings.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    settings.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)

    for _ in range(2):
        settings.invoke(FunctionName=function, InvocationType="Event", Payload="{}")

    assert wait_for(lambda: tries_of(emulator, function) == 2)
