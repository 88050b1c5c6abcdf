"""CloudFormation: the status of a stack."""

from typing import Any

from hippo.aws.failures import translate


class Stacks:
    """The stacks that the function's role may see."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find_status(self, stack_id: str) -> str:
        """Return a status such as CREATE_COMPLETE or DELETE_IN_PROGRESS; empty for a missing stack."""
        with translate("cloudformation:DescribeStacks"):
            stacks = self._client.describe_stacks(StackName=stack_id)["Stacks"]
        return str(stacks[0]["StackStatus"]) if stacks else ""
