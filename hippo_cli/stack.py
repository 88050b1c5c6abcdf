"""A deployed HIPPO Gym, found by the SSM parameters of its prefix or by its CloudFormation outputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from hippo.studies.task_rules import LARGEST_CPU, LARGEST_MEMORY, SizeLimits
from hippo_cli.aws_errors import is_denied, read_code
from hippo_cli.connection import Connection
from hippo_cli.errors import AwsError, UsageError

ROOT = "/hippo"
DEFAULT_PREFIX = "hippo"
STACK_TAG = "hippo:stack"
UPGRADE = "upgrade the stack to the release of this tool (`hippo --version`)"


@dataclass(frozen=True)
class Stack:
    """A deployment. `values` are its SSM parameters, or outputs, by name."""

    name: str
    region: str
    values: Mapping[str, str]

    def get(self, key: str, default: str = "") -> str:
        """Return a value that older deployments may not have."""
        return self.values.get(key, default)

    def __getitem__(self, key: str) -> str:
        """Return a required value. Raises AwsError if the deployment is too old to have it."""
        if key in self.values:
            return self.values[key]
        raise AwsError(f"the stack {self.name} has no {key}", f"Ask the operator to {UPGRADE}.")

    @property
    def limits(self) -> SizeLimits:
        """The largest game server; older deployments have no limit of their own."""
        cpu, memory = self.get("MaxServerCpu"), self.get("MaxServerMemory")
        return SizeLimits(float(cpu or LARGEST_CPU), float(memory or LARGEST_MEMORY))

    @property
    def repository_tags(self) -> dict[str, str]:
        """The tags by which the deployment may pull a repository's images; none for older deployments."""
        prefix = self.get("LogGroupPrefix").strip("/").rpartition("/")[2]
        return {STACK_TAG: prefix} if prefix and self.get("RepositoryAccess") else {}

    @property
    def bucket(self) -> str:
        """The bucket of studies, participants' answers and trials."""
        return self["BucketName"]

    def build_study_link(self, project_id: str) -> str:
        """Return the link for participants."""
        return f"{self['SiteUrl'].rstrip('/')}/?projectId={project_id}"


def find_stack(connection: Connection) -> Stack:
    """Return the stack that the connection names, by prefix or CloudFormation name, or the region's only one.

    Raises AwsError if there is none and UsageError if there are several. Errors of the calls are not caught.
    """
    if connection.stack:
        return _find_named(connection, connection.stack)
    found = _list_all(connection)
    if not found:
        raise AwsError(
            f"no HIPPO Gym stack was found in {connection.region}",
            "Ask the operator for region and stack, then pass --region and --stack, or write both\n"
            "under awsSetup in config.yml.",
        )
    if len(found) > 1:
        raise UsageError(
            f"{connection.region} has several stacks: {', '.join(sorted(found))}",
            "Choose one with --stack, HIPPO_STACK, or awsSetup.stack in config.yml.",
        )
    ((prefix, values),) = found.items()
    return Stack(prefix, connection.region, values)


def _find_named(connection: Connection, name: str) -> Stack:
    refusal = None
    try:
        values = _read_parameters(connection, f"{ROOT}/{name}")
        if values:
            return Stack(name, connection.region, {key.rpartition("/")[2]: v for key, v in values.items()})
    except ClientError as error:
        if not is_denied(error):
            raise
        refusal = error
    try:
        stacks = connection.make_client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if is_denied(error):
            raise refusal or _stack_missing(connection, name) from None
        if read_code(error) == "ValidationError":
            raise _stack_missing(connection, name) from None
        raise
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stacks[0].get("Outputs", [])}
    if "BucketName" not in outputs:
        raise AwsError(
            f"the stack {name} in {connection.region} is not a HIPPO Gym stack: it has no output BucketName",
            "Check --stack and --region.",
        )
    return Stack(name, connection.region, {"StackName": name, **outputs})


def _stack_missing(connection: Connection, name: str) -> AwsError:
    return AwsError(
        f"the stack {name} does not exist in {connection.region}, or you may not read it",
        "Check --stack and --region. A stack is found by its Prefix (default: `hippo`) or its name.",
    )


def _list_all(connection: Connection) -> dict[str, dict[str, str]]:
    """Return the parameters of each stack, by its prefix."""
    try:
        values = _read_parameters(connection, ROOT)
    except ClientError as error:
        if not is_denied(error):
            raise
        # Researchers may read the parameters of their own stack only; most stacks have the default prefix.
        values = _read_parameters(connection, f"{ROOT}/{DEFAULT_PREFIX}")
    found: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        prefix, _, key = path.removeprefix(f"{ROOT}/").partition("/")
        if key:
            found.setdefault(prefix, {})[key] = value
    return {prefix: values for prefix, values in found.items() if "BucketName" in values}


def _read_parameters(connection: Connection, path: str) -> dict[str, str]:
    pages = connection.make_client("ssm").get_paginator("get_parameters_by_path")
    return {
        parameter["Name"]: parameter["Value"]
        for page in pages.paginate(Path=path, Recursive=True)
        for parameter in page["Parameters"]
    }
