"""All checks in order; each goes on whatever became of the others, unless there is nothing to look at."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.connection import Connection
from hippo_cli.doctor.account import STACK, check_credentials, check_permissions, check_stack
from hippo_cli.doctor.certificates import CERTIFICATE, check_certificate
from hippo_cli.doctor.machine import DOCKER, check_docker
from hippo_cli.doctor.names import DELEGATION, AskDns, ask_dns, check_addresses, check_delegation, is_local
from hippo_cli.doctor.quotas import check_cap, check_concurrency, check_fargate, check_rules
from hippo_cli.doctor.results import Outcome, Result, failure, look, unknown
from hippo_cli.errors import CliError
from hippo_cli.stack import Stack

DEFAULT_PARTICIPANTS = 10
# Of what, and how it is looked at.
Check = tuple[str, Callable[[], Iterable[Result]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be possible: so many participants at once, each with a server of so many vCPUs."""

    project_id: str | None
    cpu: float
    participants: int | None = None


def examine(connection: Connection, plan: Plan, now: datetime, ask: AskDns = ask_dns) -> Iterator[Result]:
    """One result after the other, as they come."""
    credentials = look("credentials", lambda: check_credentials(connection))
    yield from credentials
    if credentials[0].outcome is Outcome.OK:
        stack, results = _find_stack(connection)
        yield from results
        if stack is not None:
            yield from _examine_stack(connection, stack, plan, now, ask)
    else:
        yield unknown(STACK, "AWS does not let anybody in with these credentials")
    yield from look(DOCKER, check_docker)


def _find_stack(connection: Connection) -> tuple[Stack | None, list[Result]]:
    try:
        return check_stack(connection)
    except (BotoCoreError, ClientError) as error:
        told = describe_aws_error(error)
    except CliError as error:
        told = error
    return None, [failure(STACK, told.what, told.advice)]


def _examine_stack(
    connection: Connection, stack: Stack, plan: Plan, now: datetime, ask: AskDns
) -> Iterator[Result]:
    planned = plan.participants or DEFAULT_PARTICIPANTS
    checks: list[Check] = [
        ("permissions", lambda: check_permissions(connection, stack, plan.project_id)),
        ("MaxServers", lambda: check_cap(stack, planned)),
        *_list_quotas(connection, stack, planned, plan.cpu),
        (DELEGATION, lambda: check_delegation(connection, stack, ask)),
        ("names", lambda: check_addresses(stack, ask)),
        (CERTIFICATE, lambda: check_certificate(connection, stack, now)),
    ]
    for what, check in checks:
        yield from look(what, check)


def _list_quotas(connection: Connection, stack: Stack, planned: int, cpu: float) -> list[Check]:
    if is_local(stack):
        return [("quotas", lambda: [unknown("quotas", "a local platform has none but its MaxServers")])]
    return [
        ("Fargate", lambda: check_fargate(connection, planned, cpu)),
        ("EventBridge", lambda: check_rules(connection, planned)),
        ("Lambda", lambda: check_concurrency(connection, planned)),
    ]
