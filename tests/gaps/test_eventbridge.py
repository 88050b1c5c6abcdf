"""Tests of EventBridge: schedules on time, rules with targets, and topics that must let it publish."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import Emulator
from tests.gaps.processes import run_inside, wait_for

# A script with a clock that the test sets, one rule, and the times at which it fired.
SCHEDULE = """
from hippo_local.emulator import eventbridge
from hippo_local.emulator.ministack import load
events = load("services.eventbridge")
eventbridge.install()
noon = 1767268800.0  # 2026-01-01 12:00:00 UTC
now, fired = [noon], []
events._now_ts = lambda: now[0]
events._invoke_target = lambda *_: fired.append(now[0] - noon)
events._ensure_default_bus()

def put(expression):
    events._put_rule({"Name": "end", "ScheduleExpression": expression})
    topic = "arn:aws:sns:us-east-1:000000000000:stop"
    events._put_targets({"Rule": "end", "Targets": [{"Id": "stop", "Arn": topic}]})

def look(*seconds):
    for second in seconds:
        now[0] = noon + second
        events._tick_scheduled_rules()
"""


def make_rule(emulator: Emulator, target: str) -> tuple[str, str]:
    """Create a rule that sends `hello` to a topic; return its name and the source of the events that it
    matches.
    """
    name = f"rule-{uuid.uuid4().hex[:8]}"
    events = emulator.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "topic", "Arn": target, "Input": '{"userId": "u"}'}])
    return name, name


def make_topic(emulator: Emulator, statement: dict[str, Any] | None) -> tuple[str, str]:
    """Create a topic with one policy statement and a queue that gets its messages; return topic ARN and
    queue URL.
    """
    sns, sqs, name = emulator.client("sns"), emulator.client("sqs"), f"topic-{uuid.uuid4().hex[:8]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    if statement is not None:
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]}
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def send_event(emulator: Emulator, source: str) -> None:
    entry = {"Source": source, "DetailType": "test", "Detail": "{}"}
    assert emulator.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


ALLOW = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}


def test_a_rule_created_just_before_its_minute_fires() -> None:
    """Given a rule created just before its minute, it fires within it (EventBridge user guide, "Creating a
    scheduled rule").
    """
    script = SCHEDULE + "now[0] = noon + 59.5\nput('cron(1 12 1 1 ? 2026)')\nlook(60.5, 61.5)\nprint(fired)"

    assert run_inside(script) == "[60.5]"


def test_a_rule_replaced_by_one_whose_minute_is_over_does_not_fire() -> None:
    """Given a cron expression in the past, the rule never fires (EventBridge user guide, "Cron
    expressions").
    """
    script = SCHEDULE + (
        "put('cron(30 12 1 1 ? 2026)')\nlook(1)\nnow[0] = noon + 300\nput('cron(2 12 1 1 ? 2026)')\n"
        "look(301, 302)\nprint(fired)"
    )

    assert run_inside(script) == "[]"


def test_a_rule_that_was_disabled_meanwhile_does_not_catch_up() -> None:
    """Given a rule that was disabled during its minute, it does not fire afterwards (EventBridge API
    reference, EnableRule).
    """
    script = SCHEDULE + (
        "put('cron(1 12 1 1 ? 2026)')\nlook(1)\nevents._disable_rule({'Name': 'end'})\nlook(61)\n"
        "now[0] = noon + 120\nevents._enable_rule({'Name': 'end'})\nlook(121)\nprint(fired)"
    )

    assert run_inside(script) == "[]"


def test_the_clock_is_checked_every_second() -> None:
    """Given a schedule, it fires within its minute on AWS, and within the second here."""
    assert run_inside(SCHEDULE + "print(events._SCHEDULER_TICK_INTERVAL)") == "1"


def test_a_rule_with_targets_is_not_deleted(emulator: Emulator) -> None:
    """Given a rule with targets, DeleteRule is a ValidationException until they are removed (EventBridge API
    reference, DeleteRule).
    """
    topic, _ = make_topic(emulator, ALLOW)
    name, _ = make_rule(emulator, topic)
    events = emulator.client("events")

    with pytest.raises(ClientError) as refusal:
        events.delete_rule(Name=name)
    events.remove_targets(Rule=name, Ids=["topic"])
    events.delete_rule(Name=name)

    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert events.list_rules(NamePrefix=name)["Rules"] == []


def test_a_topic_that_lets_events_publish_gets_the_input_without_a_subject(emulator: Emulator) -> None:
    """Given a topic that allows it, the message is the target's Input, verbatim (EventBridge user guide,
    "Amazon SNS targets").
    """
    topic, queue = make_topic(emulator, ALLOW)
    _, source = make_rule(emulator, topic)

    send_event(emulator, source)

    received = wait_for(lambda: emulator.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    notification = json.loads(received[0]["Body"])
    assert notification["Message"] == '{"userId": "u"}'
    assert "Subject" not in notification


@pytest.mark.parametrize(
    "statement",
    [
        None,
        {**ALLOW, "Principal": {"Service": "s3.amazonaws.com"}},
        {**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}},
    ],
    ids=["default policy", "another service", "with a condition"],
)
def test_a_topic_that_does_not_let_events_publish_gets_nothing(
    emulator: Emulator, statement: dict[str, Any] | None
) -> None:
    """Given a topic that does not allow it, the delivery fails without an error for the sender (EventBridge
    user guide, "Amazon SNS permissions").
    """
    topic, queue = make_topic(emulator, statement)
    _, source = make_rule(emulator, topic)

    send_event(emulator, source)

    wait_for(lambda: f"EventBridge may not publish to {topic}" in emulator.log())
    assert "Messages" not in emulator.client("sqs").receive_message(QueueUrl=queue)
