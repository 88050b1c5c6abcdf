"""Checks of credentials, region, stack and permissions, with calls that change nothing."""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, read_code
from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.stack import UPGRADE, Stack, find_stack

STACK = "stack"
_NEEDED = (
    "NextUrl",
    "SiteUrl",
    "UpdateFunctionName",
    "TaskRoleArn",
    "TaskExecutionRoleArn",
    "GameCertificate",
)
_NEWER = (
    "StopServerTopicArn",
    "LogGroupPrefix",
    "FunctionLogGroups",
    "MaxServers",
    "RootDomain",
    "ConfigObject",
)
_RESEARCHER = (
    "Ask the operator to attach the stack's ResearcherPolicy to you, and to tag you (hippo-project)."
)
_STEWARD = (
    "Only stewards need this (to stop servers, read logs and withdraw participants).\n"
    "If you need it, ask the operator for the stack's StewardPolicy."
)
_MISSING = "ResourceNotFoundException"


def check_credentials(connection: Connection) -> Iterator[Result]:
    """Check the credentials' identity, a call that AWS allows every caller."""
    identity = connection.make_client("sts").get_caller_identity()
    yield ok("credentials", f"{identity['Arn']} in {connection.region}")


def check_stack(connection: Connection) -> tuple[Stack, list[Result]]:
    """Return the stack and whether it has all outputs that the tool needs.

    Raises what `find_stack` raises.
    """
    stack = find_stack(connection)
    missing = [name for name in _NEEDED if not stack.get(name)]
    missing_newer = [name for name in _NEWER if not stack.get(name)]
    advice = f"Ask the operator to {UPGRADE}."
    if missing:
        return stack, [failure(STACK, f"{stack.name} does not report its {', '.join(missing)}", advice)]
    if missing_newer:
        return stack, [warning(STACK, f"{stack.name} does not report its {', '.join(missing_newer)}", advice)]
    return stack, [ok(STACK, f"{stack.name} in {connection.region}, bucket {stack.bucket}")]


def check_permissions(connection: Connection, stack: Stack, project_id: str | None) -> Iterator[Result]:
    """Check what researchers do, then what stewards do. A stop cannot be tried without stopping a server."""
    s3, bucket = connection.make_client("s3"), stack.bucket
    yield _try(
        "publishing",
        lambda: connection.make_client("lambda").invoke(
            FunctionName=stack["UpdateFunctionName"], InvocationType="DryRun"
        ),
        "may invoke the update function",
        _RESEARCHER,
    )
    yield _try(
        "registry",
        lambda: connection.make_client("ecr").describe_repositories(maxResults=1),
        "may list image repositories",
        _RESEARCHER,
    )
    yield _try(
        "task definitions",
        lambda: connection.make_client("ecs").list_task_definitions(maxResults=1),
        "may list task definitions",
        _RESEARCHER,
    )
    if project_id:
        yield _try(
            f"data of {project_id}",
            lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"{project_id}/", MaxKeys=1),
            "may be listed",
            _RESEARCHER,
        )
    else:
        yield unknown(
            "data", "no project given", "Run `hippo doctor` in a study's folder, or pass --project ID."
        )
    yield from _check_stewardship(connection, stack)


def _check_stewardship(connection: Connection, stack: Stack) -> Iterable[Result]:
    s3, bucket = connection.make_client("s3"), stack.bucket
    yield _try(
        "server records",
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="_servers/", MaxKeys=1),
        "may be listed",
        _STEWARD,
        denied=unknown,
    )
    yield _try(
        "withdrawals",
        lambda: s3.list_object_versions(Bucket=bucket, Prefix="_servers/", MaxKeys=1),
        "old versions may be listed",
        _STEWARD,
        denied=unknown,
    )
    groups = [group for group in stack.get("FunctionLogGroups").split(",") if group]
    if groups:
        yield _try(
            "logs of functions",
            lambda: connection.make_client("logs").filter_log_events(logGroupName=groups[0], limit=1),
            "may be read",
            _STEWARD,
            denied=unknown,
        )


def _try(
    what: str,
    call: Callable[[], object],
    found: str,
    advice: str,
    denied: Callable[[str, str, str], Result] = failure,
) -> Result:
    try:
        call()
    except ClientError as error:
        if is_denied(error):
            return denied(what, f"these credentials have no permission for {error.operation_name}", advice)
        if read_code(error) == _MISSING:
            return failure(what, f"{error.operation_name}: it does not exist", "Check --stack and --region.")
        raise
    return ok(what, found)
