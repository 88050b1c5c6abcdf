"""Tests of SNS deliveries to Lambda: the event that the function gets."""

import json
import re
import uuid
from typing import Any

from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for

PRINTS = "import json\ndef handler(event, context):\n    print('EVENT ' + json.dumps(event))\n"


def subscribe(emulator: Emulator, function: str) -> tuple[str, str]:
    """Create a topic that invokes `function`; return topic ARN and subscription ARN."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    answer = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function, ReturnSubscriptionArn=True)
    return str(topic), str(answer["SubscriptionArn"])


def event_of(emulator: Emulator, function: str) -> dict[str, Any]:
    """Return the first event that a function with the code `PRINTS` has received."""

    def probe() -> str | None:
        return next((line for line in emulator.function_log(function) if line.startswith("EVENT ")), None)

    return dict(json.loads(wait_for(probe).removeprefix("EVENT ")))


def test_the_record_has_the_members_that_aws_sends(emulator: Emulator) -> None:
    """Given a notification, the record has AWS's names and spelling (Lambda developer guide, "Using AWS
    Lambda with Amazon SNS").
    """
    function = emulator.make_function(PRINTS)
    topic, subscription = subscribe(emulator, function)

    message_id = emulator.client("sns").publish(TopicArn=topic, Message='{"userId": "u"}')["MessageId"]

    record = event_of(emulator, function)["Records"][0]
    notification = record["Sns"]
    assert set(record) == {"EventSource", "EventVersion", "EventSubscriptionArn", "Sns"}
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert (notification["MessageId"], notification["TopicArn"]) == (message_id, topic)
    assert (notification["Message"], notification["Subject"]) == ('{"userId": "u"}', None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", notification["Timestamp"])
    assert {"SigningCertUrl", "UnsubscribeUrl"} < set(notification)
    assert notification["MessageAttributes"] == {}


def test_the_record_has_subject_and_attributes_of_the_message(emulator: Emulator) -> None:
    """Given attributes, the record has Type and Value of each (Lambda developer guide, "Using AWS Lambda
    with Amazon SNS").
    """
    function = emulator.make_function(PRINTS)
    topic, _ = subscribe(emulator, function)

    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    emulator.client("sns").publish(TopicArn=topic, Message="m", Subject="s", MessageAttributes=attributes)

    notification = event_of(emulator, function)["Records"][0]["Sns"]
    assert notification["Subject"] == "s"
    assert notification["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}
