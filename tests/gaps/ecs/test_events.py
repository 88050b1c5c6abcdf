"""Tests of the events for each state change of a task, and of rules by status and cluster."""

import json
import uuid
from typing import Any

import yaml

from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for
from tests.support.paths import ROOT


class TemplateLoader(yaml.SafeLoader):
    """A loader of the template that leaves CloudFormation's functions unresolved."""


TemplateLoader.add_multi_constructor("!", lambda loader, tag, node: tag)


def make_queue(emulator: Emulator, pattern: dict[str, Any], **target: Any) -> str:
    """Create a queue that gets the events that match a pattern; return its URL."""
    sqs, events, name = emulator.client("sqs"), emulator.client("events"), f"tasks-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Action": "sqs:SendMessage"}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn, **target}])
    return url


def receive(emulator: Emulator, url: str) -> list[dict[str, Any]]:
    """Return the events received so far, each once."""
    found = emulator.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        emulator.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def test_a_stopped_task_is_published_with_cause_and_exit_code(emulator: Emulator) -> None:
    """Given a stopped task, the event has AWS's source, detail type and detail (ECS guide, "Amazon ECS task
    state change events"), and a prefix selects the cluster (EventBridge guide, "Comparison operators for
    use in event patterns").
    """
    mine, other = emulator.make_cluster(), emulator.make_cluster()
    arn = emulator.client("ecs").describe_clusters(clusters=[mine])["clusters"][0]["clusterArn"]
    detail = {"lastStatus": ["STOPPED"], "clusterArn": [{"prefix": arn[:-2]}]}
    kinds = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}
    url = make_queue(emulator, {**kinds, "detail": detail})
    tasks = [emulator.run_task(cluster, emulator.make_definition()) for cluster in (other, mine)]
    for task in tasks:
        emulator.wait_for_status(task, "RUNNING")
        emulator.stop_task(task, reason="over")

    [event] = wait_for(lambda: receive(emulator, url))

    assert event["detail"]["taskArn"] == tasks[1]["taskArn"]
    assert (event["source"], event["detail"]["clusterArn"]) == ("aws.ecs", arn)
    assert event["detail"]["stopCode"] == "UserInitiated"
    assert [type(container["exitCode"]) for container in event["detail"]["containers"]] == [int]
    assert event["resources"] == [tasks[1]["taskArn"]]


def test_a_transformer_passes_parts_of_an_event(emulator: Emulator) -> None:
    """Given the template's input transformer, the event has its texts and its containers, as JSON, and the
    variables of RunTask's overrides do not pass (EventBridge API reference, InputTransformer).
    """
    template = yaml.load((ROOT / "template.yaml").read_text(), TemplateLoader)  # noqa: S506
    transformer = template["Resources"]["TaskEndRule"]["Properties"]["Targets"][0]["InputTransformer"]
    cluster = emulator.make_cluster()
    arn = emulator.client("ecs").describe_clusters(clusters=[cluster])["clusters"][0]["clusterArn"]
    pattern = {"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"], "clusterArn": [arn]}}
    plain, changed = (
        make_queue(emulator, pattern),
        make_queue(emulator, pattern, InputTransformer=transformer),
    )
    override = {"name": "main", "environment": [{"name": "HIPPO_TICKET_KEY", "value": "the-key"}]}
    task = emulator.run_task(
        cluster, emulator.make_definition(), overrides={"containerOverrides": [override]}, startedBy=cluster
    )
    emulator.wait_for_status(task, "RUNNING")
    emulator.stop_task(task, reason='it is "over"')

    [whole], [passed] = (wait_for(lambda url=url: receive(emulator, url)) for url in (plain, changed))

    assert ("the-key" in json.dumps(whole), "the-key" in json.dumps(passed)) == (True, False)
    assert passed["detail-type"] == whole["detail-type"]
    assert passed["detail"] == {name: whole["detail"][name] for name in passed["detail"]}
    assert passed["detail"]["stoppedReason"] == 'it is "over"'


def test_a_starting_task_is_published_in_each_state(emulator: Emulator) -> None:
    """Given a starting task, PENDING and RUNNING are published too, so that a rule must select states."""
    cluster = emulator.make_cluster()
    arn = emulator.client("ecs").describe_clusters(clusters=[cluster])["clusters"][0]["clusterArn"]
    url = make_queue(emulator, {"source": ["aws.ecs"], "detail": {"clusterArn": [arn]}})
    task = emulator.run_task(cluster, emulator.make_definition())
    emulator.wait_for_status(task, "RUNNING")
    seen: set[str] = set()

    def look() -> bool:
        seen.update(event["detail"]["lastStatus"] for event in receive(emulator, url))
        return {"PENDING", "RUNNING"} <= seen

    assert wait_for(look)
    emulator.stop_task(task, reason="over")
