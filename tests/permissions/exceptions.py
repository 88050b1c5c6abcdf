"""Permissions that AWS itself uses, where neither the local platform nor the simulator shows it.

Each entry has its reason and source, and must be needed. As soon as a recorded request
uses it, or the template no longer allows it, the test fails until the entry is removed.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.permissions.judge import Mutant


@dataclass(frozen=True)
class Unseen:
    """Permissions by role, Sid and action; `*` in each matches anything."""

    role: str
    name: str
    action: str
    reason: str
    source: str

    def covers(self, mutant: Mutant) -> bool:
        """Return whether the entry explains why a mutant is not revealed."""
        statement = mutant.statement
        actions = [mutant.taken] if mutant.kind == "action" else statement.actions
        named = fnmatchcase(statement.role, self.role) and fnmatchcase(statement.name, self.name)
        return named and all(fnmatchcase(action, self.action) for action in actions)


_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
UNSEEN = (
    Unseen(
        "*Role",
        "Logs",
        "logs:*",
        "Lambda writes a function's log under the function's role; the emulator keeps it without a check",
        f"{_LAMBDA}monitoring-cloudwatchlogs.html",
    ),
    Unseen(
        "StartServerRole",
        "FirstCluster",
        "iam:CreateServiceLinkedRole",
        "ECS creates its service-linked role with an account's first cluster; the emulator has none",
        f"{_ECS}using-service-linked-roles.html",
    ),
    Unseen(
        "*Role",
        "Traces",
        "xray:*",
        "Lambda sends traces under the function's role; the emulator sends no traces",
        f"{_LAMBDA}services-xray.html",
    ),
    Unseen(
        "TaskExecutionRole",
        "*",
        "ecr:*",
        "Fargate fetches a task's image under this role; the emulator runs programs of this machine",
        f"{_ECS}task_execution_IAM_role.html",
    ),
    Unseen(
        "TaskExecutionRole",
        "*",
        "logs:*",
        "Fargate writes a task's output under this role; the emulator keeps it in files",
        f"{_ECS}using_awslogs.html",
    ),
)


def explain(mutant: Mutant) -> Unseen | None:
    """Return the entry that explains why no recorded request reveals a mutant, or None."""
    return next((entry for entry in UNSEEN if entry.covers(mutant)), None)
