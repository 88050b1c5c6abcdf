"""IAM statements of the deployed roles and managed policies, for comparison with the template."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from template_file import as_list

from tests.e2e.account_view import AccountView
from tests.permissions.policies import Statement, name_holder
from tests.permissions.requests import neutralise


def read_deployed(account: AccountView, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the statements of each role of the stack and of each managed policy, with neutral names
    and in order."""
    iam, found = account.client("iam"), defaultdict(list)
    answer = account.client("cloudformation").describe_stack_resources(StackName=account.outputs["stack"])
    for resource in answer["StackResources"]:
        name = resource["PhysicalResourceId"]
        if resource["ResourceType"] == "AWS::IAM::Role":
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                found[resource["LogicalResourceId"]] += as_list(document["Statement"])
        elif resource["ResourceType"] == "AWS::IAM::ManagedPolicy":
            version = iam.get_policy(PolicyArn=name)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=name, VersionId=version)["PolicyVersion"]["Document"]
            found[name_holder(resource["LogicalResourceId"])] += as_list(document["Statement"])
    return {role: write(bodies, names) for role, bodies in found.items()}


def read_template(statements: Iterable[Statement]) -> dict[str, list[str]]:
    """Return the same from the template."""
    found: dict[str, list[Any]] = defaultdict(list)
    for statement in statements:
        found[statement.role].append(statement.body)
    return {role: write(bodies, {}) for role, bodies in found.items()}


def write(bodies: Iterable[dict[str, Any]], names: Mapping[str, str]) -> list[str]:
    """Return statements as text that can be compared."""
    return sorted(neutralise(json.dumps(body, sort_keys=True), names) for body in bodies)
