"""Tests of CloudFormation: the values that a condition can use."""

import json
import uuid
from typing import Any

import pytest

from tests.gaps.emulators import ACCOUNT, REGION, Emulator
from tests.gaps.processes import wait_for


@pytest.mark.parametrize(
    ("name", "value", "made"),
    [
        ("AWS::Region", REGION, True),
        ("AWS::Region", "us-east-1", False),
        ("AWS::AccountId", ACCOUNT, True),
        ("AWS::Partition", "aws", True),
    ],
)
def test_a_condition_can_use_a_pseudo_parameter(
    emulator: Emulator, name: str, value: str, made: bool
) -> None:
    """Given a condition on a pseudo parameter, its resource is created if the values match (CloudFormation
    guide, "Conditions").
    """
    topic: dict[str, Any] = {"Type": "AWS::SNS::Topic"}
    template = {
        "Conditions": {"IsThere": {"Fn::Equals": [{"Ref": name}, value]}},
        "Resources": {"Always": topic, "Sometimes": {**topic, "Condition": "IsThere"}},
    }
    stack, stacks = f"stack-{uuid.uuid4().hex[:8]}", emulator.client("cloudformation")

    stacks.create_stack(StackName=stack, TemplateBody=json.dumps(template))

    def list_made() -> list[str] | None:
        if stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] != "CREATE_COMPLETE":
            return None
        found = stacks.describe_stack_resources(StackName=stack)["StackResources"]
        return sorted(resource["LogicalResourceId"] for resource in found)

    assert wait_for(list_made) == (["Always", "Sometimes"] if made else ["Always"])
