"""Tests of CloudFormation: a resource that cannot be deleted keeps its dependencies."""

from typing import Any

from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for

REFUSE = """
import json, os, urllib.request
def handler(event, context):
    failed = event["RequestType"] == "Delete" and "CALM" not in os.environ
    body = {"Status": "FAILED" if failed else "SUCCESS", "Reason": "not yet", "PhysicalResourceId": "guard"}
    body |= {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


def make_guarded(emulator: Emulator) -> dict[str, Any]:
    """Create a stack with a topic that is guarded, through a queue, and one that is not."""
    code = {"ZipFile": REFUSE}
    function = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": emulator.make_role(),
        "Code": code,
    }
    token = {"ServiceToken": {"Fn::GetAtt": "F.Arn"}}
    return {
        "F": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Held": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain", "Properties": {"TopicName": "held"}},
        "Between": {"Type": "AWS::SQS::Queue", "DependsOn": "Held", "Properties": {"QueueName": "between"}},
        "Loose": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "loose"}},
        "Guard": {"Type": "Custom::Guard", "DependsOn": ["Between"], "Properties": token},
    }


def delete(emulator: Emulator, *ends: str) -> str:
    """Delete the stack; return its final status."""
    cloudformation = emulator.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="guarded")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="guarded")

    def status() -> str:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return str(found["StackStatus"])

    assert wait_for(lambda: status() in ends)
    return status()


def test_the_dependencies_of_an_undeletable_resource_are_kept(emulator: Emulator) -> None:
    """Given a resource that cannot be deleted, its dependencies stay and the stack is DELETE_FAILED
    (CloudFormation template reference, "DependsOn attribute").
    """
    emulator.change_stack("guarded", "create", make_guarded(emulator))
    cloudformation = emulator.client("cloudformation")

    assert delete(emulator, "DELETE_FAILED") == "DELETE_FAILED"

    resources = cloudformation.describe_stack_resources(StackName="guarded")["StackResources"]
    states = {resource["LogicalResourceId"]: resource["ResourceStatus"] for resource in resources}
    assert states.keys() == {"F", "Held", "Between", "Guard"}
    assert states.pop("Guard") == "DELETE_FAILED"
    assert set(states.values()) == {"CREATE_COMPLETE"}
    topics = {
        topic["TopicArn"].rpartition(":")[2] for topic in emulator.client("sns").list_topics()["Topics"]
    }
    assert "held" in topics
    assert "loose" not in topics
    reason = cloudformation.describe_stacks(StackName="guarded")["Stacks"][0]["StackStatusReason"]
    assert reason == "The following resource(s) failed to delete: [Guard]."

    # After that the stack can be deleted again (CloudFormation user guide, "Delete stack fails").
    name = next(r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == "F")
    emulator.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"CALM": "1"}}
    )

    assert delete(emulator, "DELETE_COMPLETE", "DELETE_FAILED") == "DELETE_COMPLETE"
