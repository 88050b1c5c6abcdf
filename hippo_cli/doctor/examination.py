"""All checks in order. Each one runs whatever the results of the others, unless it has nothing to check."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from hippo.studies.study import GAME
from hippo.studies.task_rules import DEFAULT_CPU, read_setup_size
from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.connection import Connection
from hippo_cli.data.project import find_project
from hippo_cli.doctor.account import STACK, check_credentials, check_permissions, check_stack
from hippo_cli.doctor.certificates import CERTIFICATE, check_certificate
from hippo_cli.doctor.machine import DOCKER, check_docker
from hippo_cli.doctor.names import DELEGATION, AskDns, ask_dns, check_addresses, check_delegation, is_local
from hippo_cli.doctor.owners import OWNERS, check_owners
from hippo_cli.doctor.quotas import check_cap, check_concurrency, check_fargate, check_rules
from hippo_cli.doctor.repositories import (
    NO_TAGGING,
    REPOSITORIES,
    Tagging,
    check_repositories,
    list_definitions,
)
from hippo_cli.doctor.results import Outcome, Result, failure, ok, run_check, unknown
from hippo_cli.doctor.root_domain import ROOT_DOMAIN, check_root_domain
from hippo_cli.doctor.servers import STARTS, TASK_DEFINITION, check_starts, check_task_definition
from hippo_cli.errors import CliError
from hippo_cli.prices import MEMORY_BY_CPU
from hippo_cli.stack import Stack

DEFAULT_PARTICIPANTS = 10
# Name and function of a check.
Check = tuple[str, Callable[[], Iterable[Result]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned number of participants at once. `config` is the study's, or None if it is not here."""

    project_id: str | None
    config: Mapping[str, Any] | None
    participants: int | None = None
    tagging: Tagging = NO_TAGGING


def examine(connection: Connection, plan: Plan, now: datetime, ask: AskDns = ask_dns) -> Iterator[Result]:
    """Yield the results as they become available."""
    credentials = run_check("credentials", lambda: check_credentials(connection))
    yield from credentials
    if credentials[0].outcome is Outcome.OK:
        stack, results = _find_stack(connection)
        yield from results
        if stack is not None:
            yield from _examine_stack(connection, stack, plan, now, ask)
    else:
        yield unknown(STACK, "not checked, because the credentials failed (see above)")
    yield from run_check(DOCKER, check_docker)


def _find_stack(connection: Connection) -> tuple[Stack | None, list[Result]]:
    try:
        return check_stack(connection)
    except (BotoCoreError, ClientError) as error:
        described = describe_aws_error(error)
    except CliError as error:
        described = error
    return None, [failure(STACK, described.what, described.advice)]


def _examine_stack(
    connection: Connection, stack: Stack, plan: Plan, now: datetime, ask: AskDns
) -> Iterator[Result]:
    planned = plan.participants or DEFAULT_PARTICIPANTS
    checks: list[Check] = [
        ("permissions", lambda: check_permissions(connection, stack, plan.project_id)),
        (OWNERS, lambda: check_owners(connection, stack, plan.project_id)),
        *_list_quotas(connection, stack, planned, plan),
        (DELEGATION, lambda: check_delegation(connection, stack, ask)),
        (ROOT_DOMAIN, lambda: check_root_domain(connection, stack)),
        ("names", lambda: check_addresses(stack, ask)),
        (CERTIFICATE, lambda: check_certificate(connection, stack, now)),
    ]
    if project_id := plan.project_id:
        # These checks are about what is published, so the folder's config only names the bucket.
        place = {"bucket": (plan.config or {}).get("bucket")}
        project = cache(lambda: find_project(connection, stack, project_id, place))
        checks += [
            (TASK_DEFINITION, lambda: check_task_definition(project())),
            (STARTS, lambda: check_starts(project(), now)),
        ]

    def find_definitions() -> Mapping[str, str]:
        if not plan.project_id:
            return list_definitions(connection, stack)
        return {plan.project_id: project().studies.current.task_definition or plan.project_id}

    tagging = plan.tagging
    checks.append((REPOSITORIES, lambda: check_repositories(connection, stack, find_definitions, tagging)))
    for what, check in checks:
        yield from run_check(what, check)


def _find_cpu(connection: Connection, stack: Stack, plan: Plan) -> float:
    """Return one server's vCPUs in the folder's or else the published study, or 0 if it has no game."""
    config = plan.config
    if config is None and plan.project_id:
        config = find_project(connection, stack, plan.project_id).studies.current.config
    steps = (config or {}).get("steps")
    if isinstance(steps, Mapping) and GAME not in steps.values():
        return 0
    cpu = read_setup_size((config or {}).get("awsSetup"), "cpu", DEFAULT_CPU)
    return cpu if cpu in MEMORY_BY_CPU else DEFAULT_CPU


def _list_quotas(connection: Connection, stack: Stack, planned: int, plan: Plan) -> list[Check]:
    find_cpu = cache(lambda: _find_cpu(connection, stack, plan))

    def check_game(what: str, check: Callable[[], Iterable[Result]]) -> Check:
        return what, lambda: check() if find_cpu() else [ok(what, "the study has no game")]

    cap = check_game("MaxServers", lambda: check_cap(stack, planned))
    if is_local(stack):
        return [
            cap,
            ("quotas", lambda: [unknown("quotas", "a local platform has no quota besides MaxServers")]),
        ]
    return [
        cap,
        check_game("Fargate", lambda: check_fargate(connection, planned, find_cpu())),
        check_game("EventBridge", lambda: check_rules(connection, planned)),
        ("Lambda", lambda: check_concurrency(connection, planned)),
    ]
