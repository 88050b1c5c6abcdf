"""Decisions on requests by the template's policies, and by policies that allow a little less.

The evaluator is MiniStack's (core.iam_evaluator) with the local platform's policy variables, so it decides as
the local platform does.
"""

import copy
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hippo_local.emulator.iam import policy_variables
from hippo_local.emulator.ministack import load
from tests.permissions.policies import ACCOUNT, REGION, Statement
from tests.permissions.requests import Request

_evaluator = load("core.iam_evaluator")
policy_variables.install()


def is_allowed(request: Request, statements: Iterable[Statement | dict[str, Any]]) -> bool:
    """Return whether these statements together allow a request."""
    bodies = [statement.body if isinstance(statement, Statement) else statement for statement in statements]
    context = _evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{request.role}/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=request.action,
        resource_arn=request.resource,
        region=REGION,
        service_context=json.loads(request.context),
    )
    document = {"Version": "2012-10-17", "Statement": bodies}
    answer = _evaluator.evaluate(context, [_evaluator.parse_policy_document(document)])
    return bool(answer.decision == "Allow")


@dataclass(frozen=True)
class Mutant:
    """A statement with one element removed; `body` is None if nothing remains."""

    statement: Statement
    kind: str  # action, resource or condition
    taken: str
    body: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.statement.role}/{self.statement.name} without {self.kind} {self.taken}"


def list_mutants(statement: Statement) -> Iterator[Mutant]:
    """Return the statement without each action, each resource, and each of several values of a condition."""
    for kind, key, values in (
        ("action", "Action", statement.actions),
        ("resource", "Resource", statement.resources),
    ):
        for value in values:
            left = [other for other in values if other != value]
            yield Mutant(statement, kind, value, {**statement.body, key: left} if left else None)
    for operator, keys in statement.body.get("Condition", {}).items():
        for key, values in keys.items():
            if isinstance(values, list) and len(values) > 1:
                for value in values:
                    body = copy.deepcopy(statement.body)
                    body["Condition"][operator][key] = [other for other in values if other != value]
                    yield Mutant(statement, "condition", f"{key} {value}", body)


def list_all_mutants(statements: Sequence[Statement]) -> list[Mutant]:
    """Return the mutants of every statement that allows something."""
    return [mutant for one in statements if one.is_allow for mutant in list_mutants(one)]


def find_survivors(statements: Sequence[Statement], requests: Iterable[Request]) -> list[Mutant]:
    """Return the mutants under which every request is still allowed: no request uses the element that
    they lack."""
    asked: dict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in requests:
        if request.is_allowed:
            asked[(request.role, request.action)].append(request)
    return [m for m in list_all_mutants(statements) if not _is_noticed(m, statements, asked)]


def _is_noticed(
    mutant: Mutant, statements: Sequence[Statement], asked: dict[tuple[str, str], list[Request]]
) -> bool:
    role = mutant.statement.role
    others = [one.body for one in statements if one.role == role and one is not mutant.statement]
    left = [*others, mutant.body] if mutant.body else others
    actions = [mutant.taken] if mutant.kind == "action" else mutant.statement.actions
    return any(not is_allowed(request, left) for name in actions for request in asked[(role, name)])


def find_refused(statements: Sequence[Statement], requests: Iterable[Request]) -> list[Request]:
    """Return the requests that the local platform or the simulation allowed and the template does not."""
    by_role: dict[str, list[Statement]] = defaultdict(list)
    for statement in statements:
        by_role[statement.role].append(statement)
    return [one for one in requests if one.is_allowed and not is_allowed(one, by_role[one.role])]


def find_used(statements: Sequence[Statement], requests: Iterable[Request]) -> set[str]:
    """Return each action on each resource of each statement that a request used, as texts."""
    asked = [request for request in requests if request.is_allowed]
    return {
        f"{one.role}/{one.name}: {action} on {resource}"
        for one in statements
        if one.is_allow
        for action in one.actions
        for resource in one.resources
        if any(
            request.role == one.role
            and request.action == action
            and is_allowed(request, [{**one.body, "Action": action, "Resource": resource}])
            for request in asked
        )
    }
