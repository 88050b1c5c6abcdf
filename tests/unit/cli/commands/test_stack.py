"""Tests of finding the stack by options, environment and config, and of AWS errors as messages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.errors import AwsError, CliError, ExitCode, UsageError
from hippo_cli.stack import Stack, find_stack

Run = Callable[..., Any]
REGION = "ca-central-1"
OUTPUTS = {"old": {"BucketName": "data", "NextUrl": "https://x"}, "blog": {"Address": "x"}, "bare": {}}


def put_stack(prefix: str, region: str = REGION, **values: str) -> None:
    """Write the SSM parameters of a stack."""
    client = boto3.client("ssm", region_name=region)
    for name, value in ({"BucketName": f"data-{prefix}"} | values).items():
        client.put_parameter(Name=f"/hippo/{prefix}/{name}", Value=value, Type="String")


def find(
    region: str | None = REGION, stack: str | None = None, project: dict[str, Any] | None = None
) -> Stack:
    """Return the stack that a command would use."""
    return find_stack(connect(Flags(stack=stack, region=region), project))


def test_the_only_stack_of_the_region(aws: Any) -> None:
    """Given one stack, it is found without a name, and has the values of its parameters."""
    put_stack("lab", SiteUrl="https://study.example.org/")
    boto3.client("ssm", region_name=REGION).put_parameter(Name="/hippo/other", Value="x", Type="String")

    stack = find()

    assert (stack.name, stack.region, stack.bucket) == ("lab", REGION, "data-lab")
    assert stack.build_study_link("s1") == "https://study.example.org/?projectId=s1"
    assert stack.get("NextUrl") == ""
    with pytest.raises(AwsError, match="has no NextUrl"):
        stack["NextUrl"]


def test_many_parameters_are_all_read(aws: Any) -> None:
    """Given more parameters than one response of AWS holds, all of them are read."""
    put_stack("lab", **{f"Value{number}": "x" for number in range(25)})

    assert len(find().values) == 26


def test_several_stacks_need_a_name(aws: Any, tmp_path: Path) -> None:
    """Given two stacks, the error names both, and an option or the config chooses one."""
    put_stack("dev")
    put_stack("prod")

    with pytest.raises(UsageError, match="dev, prod"):
        find()
    assert find(stack="prod").bucket == "data-prod"
    assert find(project={"awsSetup": {"stack": "dev"}}).bucket == "data-dev"
    assert find(stack="prod", project={"awsSetup": {"stack": "dev"}}).bucket == "data-prod"


def test_region_by_flag_then_config_then_profile(
    aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given several sources of a region, the option wins, then the config, then the profile."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text("[profile researcher]\nregion = sa-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    project = {"awsSetup": {"region": "eu-west-1"}}

    assert connect(Flags(region="us-east-1", profile="researcher"), project).region == "us-east-1"
    assert connect(Flags(profile="researcher"), project).region == "eu-west-1"
    assert connect(Flags(profile="researcher")).region == "sa-east-1"
    with pytest.raises(UsageError, match="no AWS region"):
        connect(Flags(), {"awsSetup": "x"})


def test_command_shows_the_stack(aws: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a study's folder, its region is used, unless the environment or an option names another."""
    put_stack("lab", "eu-west-1")
    (tmp_path / "config.yml").write_text("project: {awsSetup: {region: eu-west-1}}\n")

    assert "data-lab" in run("stack", tmp_path).stdout
    assert '"BucketName": "data-lab"' in run("stack", tmp_path, "--json").stdout
    elsewhere = run("stack", tmp_path, "--region", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    outside = run("stack", tmp_path)

    assert (elsewhere.exit_code, outside.exit_code) == (3, 3)
    assert "no HIPPO Gym stack was found in us-east-1" in elsewhere.stderr
    assert "no HIPPO Gym stack was found in us-west-2" in outside.stderr


def test_no_credentials_and_no_such_profile(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given no credentials, the command exits with 3 and advice; an unknown profile exits with 2."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    anonymous, unknown = (
        run("stack", tmp_path, "--region", REGION),
        run("stack", tmp_path, "--profile", "nope"),
    )

    assert (anonymous.exit_code, unknown.exit_code) == (3, 2)
    assert "no AWS credentials" in anonymous.stderr
    assert "nope" in unknown.stderr


def test_network_failure(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an address that does not respond, the command exits with 3 and advises to run it again."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("hippo_cli.connection._RETRIES", 1)

    result = run("stack", tmp_path, "--region", REGION)

    assert result.exit_code == 3
    assert "AWS cannot be reached" in result.stderr
    assert "run the same command again" in result.stderr


class FakeSession:
    """A session whose clients refuse calls; `refused` names paths and services."""

    def __init__(self, *refused: str) -> None:
        self._refused = refused

    def client(self, service: str, **_: object) -> Any:
        return FakeClient(service, self._refused)


class FakeClient:
    """The part of SSM and CloudFormation that finding a stack needs."""

    def __init__(self, service: str, refused: tuple[str, ...]) -> None:
        self._service, self._refused = service, refused

    def get_paginator(self, _: str) -> "FakeClient":
        return self

    def paginate(self, Path: str, Recursive: bool) -> list[dict[str, Any]]:  # noqa: N803 - AWS's own names
        self._refuse(Path)
        values = {"/hippo/hippo/BucketName": "data"} if Recursive and "/hippo/hippo".startswith(Path) else {}
        return [{"Parameters": [{"Name": name, "Value": value} for name, value in values.items()]}]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        self._refuse(self._service)
        if StackName not in OUTPUTS:
            error = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        items = OUTPUTS[StackName].items()
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in items]
        return {"Stacks": [{"Outputs": outputs} if outputs else {}]}

    def _refuse(self, what: str) -> None:
        if what in self._refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"not {what}"}}, "Call")


def test_a_researcher_who_may_not_list_all_stacks() -> None:
    """Given permission to read only one stack's parameters, the stack with the default prefix is found."""
    assert find_stack(Connection(FakeSession("/hippo"), REGION, None)).bucket == "data"


def test_a_stack_without_parameters_is_found_by_its_name() -> None:
    """Given a stack of an earlier release, its CloudFormation outputs are read; others are refused."""
    session = FakeSession()

    assert find_stack(Connection(session, REGION, "old")).values == {"StackName": "old", **OUTPUTS["old"]}
    refused = (("blog", "not a HIPPO Gym"), ("bare", "not a HIPPO Gym"), ("nope", "nope does not exist"))
    for name, what in refused:
        with pytest.raises(AwsError, match=what):
            find_stack(Connection(session, REGION, name))


def test_a_researcher_without_permissions() -> None:
    """Given no permission for parameters and outputs, the error is denied access, not a missing stack."""
    denied = Connection(FakeSession("/hippo/x", "cloudformation"), REGION, "x")
    unknown = Connection(FakeSession("cloudformation"), REGION, "x")

    with pytest.raises(ClientError, match="not /hippo/x"):
        find_stack(denied)
    with pytest.raises(AwsError, match="the stack x does not exist"):
        find_stack(unknown)


def refusal(code: str) -> ClientError:
    """Return a ClientError as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": "why"}}, "GetParametersByPath")


@pytest.mark.parametrize(
    ("error", "code", "what"),
    [
        (refusal("ExpiredToken"), 3, "expired"),
        (refusal("UnrecognizedClientException"), 3, "does not accept the credentials"),
        (refusal("AccessDeniedException"), 3, "have no permission for GetParametersByPath (why)"),
        (refusal("ThrottlingException"), 3, "busy"),
        (refusal("Odd"), 3, "AWS refused GetParametersByPath: Odd: why"),
        (boto.UnauthorizedSSOTokenError(), 3, "sign-in"),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), 3, "no AWS credentials"),
        (boto.CredentialRetrievalError(provider="x", error_msg="y"), 3, "cannot be retrieved"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), 3, "cannot be reached"),
        (boto.SSLError(endpoint_url="https://x", error="y"), 3, "cannot be reached"),
        (boto.ProxyConnectionError(proxy_url="http://x"), 3, "cannot be reached"),
        (boto.NoRegionError(), 2, "region"),
        (boto.InvalidRegionError(region_name="here"), 2, "here"),
        (boto.DataNotFoundError(data_path="x"), 3, "AWS: "),
    ],
)
def test_errors_of_aws_become_messages(error: Any, code: int, what: str) -> None:
    """Given an error of botocore, the message says what is wrong, and the exit code matches."""
    described = describe_aws_error(error)

    assert isinstance(described, CliError)
    assert described.code == ExitCode(code)
    assert what in described.what


@pytest.mark.parametrize(
    ("endpoint", "region", "what"),
    [("notaurl", REGION, "AWS_ENDPOINT_URL"), ("http://127.0.0.1:9", "not a region", "--region")],
)
def test_invalid_addresses_and_regions(
    run: Run, monkeypatch: pytest.MonkeyPatch, endpoint: str, region: str, what: str
) -> None:
    """Given an invalid endpoint or region, the command exits with 2 and names the invalid one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    result = run("stack", "--region", region)

    assert (result.exit_code, what in result.stderr) == (2, True), result.output
