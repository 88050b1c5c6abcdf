"""Two stacks in one account: dev and prod of samconfig.toml, neither with access to the other's resources."""

import json
import shutil
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.deployments.local_account import REPOSITORY, Build, LocalAccount
from tests.deployments.terminal import talk

pytestmark = pytest.mark.e2e

ACCOUNT = "ca-central-1:000000000000"


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, its resources, and the permissions of its roles."""

    prefix: str
    outputs: dict[str, str]
    ids: dict[str, str]
    statements: list[dict[str, Any]]

    def list_own_arns(self) -> list[str]:
        """Return one ARN of each kind of resource that belongs to the stack."""
        names = {key: value for key, value in self.ids.items() if key.endswith("LogGroup")}
        return [
            f"arn:aws:s3:::{self.outputs['BucketName']}",
            f"arn:aws:s3:::{self.outputs['BucketName']}/study/Users/ada",
            f"arn:aws:s3:::{self.outputs['SiteBucketName']}/index.html",
            self.outputs["StartServerTopicArn"],
            self.outputs["StopServerTopicArn"],
            self.outputs["TaskRoleArn"],
            self.outputs["TaskExecutionRoleArn"],
            f"arn:aws:events:{ACCOUNT}:rule/{self.prefix}-1-ada",
            f"arn:aws:events:{ACCOUNT}:rule/{self.ids['SweepRule']}",
            f"arn:aws:events:{ACCOUNT}:rule/{self.ids['TaskEndRule']}",
            f"arn:aws:ecs:{ACCOUNT}:cluster/{self.prefix}-1-ada",
            f"arn:aws:ecs:{ACCOUNT}:task/{self.prefix}-1-ada/0123",
            f"arn:aws:lambda:{ACCOUNT}:function:{self.ids['StartServerFunction']}",
            f"arn:aws:lambda:{ACCOUNT}:function:{self.outputs['UpdateFunctionName']}",
            *(f"arn:aws:logs:{ACCOUNT}:log-group:{name}:log-stream:x" for name in names.values()),
        ]

    def may_touch(self, arn: str) -> list[str]:
        """Return the actions that its roles may take on that resource without a condition that names
        the stack."""
        return [
            f"{statement['Action']} of {statement.get('Sid')}"
            for statement in self.statements
            if statement["Effect"] == "Allow"
            and any(fnmatchcase(arn, pattern) for pattern in as_list(statement["Resource"]) if pattern != "*")
        ]


def as_list(value: Any) -> list[Any]:
    """Return a value that may be a list or a single item as a list."""
    return value if isinstance(value, list) else [value]


def read_stack(account: LocalAccount, name: str, prefix: str) -> Stack:
    """Return a deployed stack with the policies of all its roles."""
    ids, iam = account.read_ids(name), account.client("iam")
    statements = []
    for role in (ids[key] for key in ids if key.endswith("Role")):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            document = json.loads(document) if isinstance(document, str) else document
            statements += document["Statement"]
    return Stack(prefix, account.read_outputs(name), ids, statements)


@pytest.fixture(scope="module")
def stacks(account: LocalAccount, current: Build) -> tuple[Stack, Stack]:
    """Deploy dev by questions, and prod from the file with four more parameters."""
    config = account.directory / "two.toml"
    shutil.copy(REPOSITORY / "samconfig.toml", config)
    more = account.make_parameters()
    answers = {f"Parameter {key}": value for key, value in more.items()} | {"Deploy this changeset?": "y"}
    code, questions, screen = talk(
        account, current, ["--config-file", str(config), "--config-env", "dev"], answers
    )
    assert code == 0, screen[-3000:]
    # Enter accepts the value in the file.
    assert (questions["Stack Name"], questions["Parameter Prefix"]) == ("hippo-dev", "hippodev")
    kept = tomllib.loads(config.read_text())
    own = kept["prod"]["deploy"]["parameters"]["parameter_overrides"]
    done = account.sam(
        *("deploy", "--config-file", str(config), "--config-env", "prod"),
        *("--template-file", str(current.template), "--no-confirm-changeset", "--parameter-overrides"),
        *(*own, *(f"{key}={value}" for key, value in more.items())),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return read_stack(account, "hippo-dev", "hippodev"), read_stack(account, "hippo-prod", "hippo")


def test_neither_has_access_to_the_other(stacks: tuple[Stack, Stack]) -> None:
    """Given the roles of both, none has any permission on a resource of the other stack."""
    dev, prod = stacks

    for one, other in ((dev, prod), (prod, dev)):
        own = [arn for arn in one.list_own_arns() if one.may_touch(arn)]
        assert len(own) > 10  # so that the comparison is meaningful
        assert {arn: found for arn in other.list_own_arns() if (found := one.may_touch(arn))} == {}


def test_researchers_find_each(account: LocalAccount, stacks: tuple[Stack, Stack]) -> None:
    """Given both, each has its own update function, and its own parameters below its own path."""
    dev, prod = stacks
    ssm = account.client("ssm")

    assert dev.outputs["UpdateFunctionName"] == "HIPPO_Gym_dev_update_project_master_list"
    assert prod.outputs["UpdateFunctionName"] == "HIPPO_Gym_update_project_master_list"
    for stack in stacks:
        found = ssm.get_parameters_by_path(Path=stack.outputs["ParametersPath"], Recursive=True)["Parameters"]
        assert stack.outputs["BucketName"] in {parameter["Value"] for parameter in found}
