"""Checks of quotas: whether the account supports the planned number of participants at once."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import read_code
from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.stack import UPGRADE, Stack

# Service code and quota code, https://docs.aws.amazon.com/general/latest/gr/ecs-service.html and
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html; rules: of each event bus.
FARGATE_ON_DEMAND = ("fargate", "L-3032A538")
FARGATE_SPOT = ("fargate", "L-36FBB829")
RULES = ("events", "L-244521F2")
OTHER_RULES = 10  # the stack's own rules and some others in the account
# Average concurrent requests per participant. A request of `next_step` takes about a tenth of a second, and
# pages and polls arrive at most every few seconds.
_REQUESTS_PER_PARTICIPANT = 0.1
_SERVICE_QUOTAS = "https://console.aws.amazon.com/servicequotas"


def read_quota(client: Any, quota: tuple[str, str]) -> float:
    """Return the account's value of a quota, or AWS's default if it has not been changed."""
    names = {"ServiceCode": quota[0], "QuotaCode": quota[1]}
    try:
        return float(client.get_service_quota(**names)["Quota"]["Value"])
    except ClientError as error:
        if read_code(error) != "NoSuchResourceException":
            raise
    return float(client.get_aws_default_service_quota(**names)["Quota"]["Value"])


def check_cap(stack: Stack, participants: int) -> Iterator[Result]:
    """Check the stack's own limit."""
    cap = stack.get("MaxServers")
    if not cap.isdigit():
        yield unknown("MaxServers", "the stack does not report it", f"Ask the operator to {UPGRADE}.")
    elif int(cap) < participants:
        yield warning(
            "MaxServers",
            f"{cap} servers at once, but {participants} participants are planned; the others wait for a slot",
            "Ask the operator to increase MaxServers, or invite participants in smaller groups.",
        )
    else:
        yield ok("MaxServers", f"{cap} servers at once")


def check_fargate(connection: Connection, participants: int, cpu: float) -> Iterator[Result]:
    """Check the vCPU quotas. On-Demand alone must suffice, because Spot capacity may be unavailable."""
    client = connection.make_client("service-quotas")
    needed = participants * cpu
    for name, quota, on_demand in (
        ("Fargate On-Demand", FARGATE_ON_DEMAND, True),
        ("Fargate Spot", FARGATE_SPOT, False),
    ):
        value = read_quota(client, quota)
        found = f"{value:g} vCPUs, which is {int(value / cpu)} servers of {cpu:g} vCPUs at once"
        advice = f"Ask AWS for {needed:g} (quota {quota[1]} of {quota[0]}): {_SERVICE_QUOTAS}"
        if value >= needed:
            yield ok(name, found)
        elif on_demand:
            yield failure(name, f"{found}, but {participants} are planned", advice)
        else:
            yield warning(
                name,
                f"{found}, but {participants} are planned; the others cost more than twice as much",
                advice,
            )


def check_rules(connection: Connection, participants: int) -> Iterator[Result]:
    """Check the quota of rules. Each server has a shutdown alarm."""
    value = read_quota(connection.make_client("service-quotas"), RULES)
    found = f"{value:g} rules, one for each server"
    if value >= participants + OTHER_RULES:
        yield ok("EventBridge", found)
    else:
        yield failure(
            "EventBridge", found, f"Ask AWS for more (quota {RULES[1]} of {RULES[0]}): {_SERVICE_QUOTAS}"
        )


def check_concurrency(connection: Connection, participants: int) -> Iterator[Result]:
    """Check Lambda's concurrency: requests of participants, and starts and stops of about a minute each."""
    limit = connection.make_client("lambda").get_account_settings()["AccountLimit"]
    free = int(limit["UnreservedConcurrentExecutions"])
    needed = int(participants * (1 + _REQUESTS_PER_PARTICIPANT)) + 1
    found = f"{free} executions at once"
    if free >= needed:
        yield ok("Lambda", found)
    else:
        yield warning(
            "Lambda",
            f"{found}; {needed} are needed when all {participants} servers start at the same time",
            f"Ask AWS for more (quota L-B99A9384 of lambda): {_SERVICE_QUOTAS}",
        )
