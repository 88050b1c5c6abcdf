"""What AWS uses by itself, where neither the local platform nor the simulator can be seen to use it.

Each entry has its reason and its source. It has to be needed: as soon as something recorded uses what it
names, or the template no longer allows that, the test fails until the entry is gone.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.permissions.judge import Mutant


@dataclass(frozen=True)
class Unseen:
    """Permissions by role, Sid and action; `*` in each stands for anything."""

    role: str
    name: str
    action: str
    reason: str
    source: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether it says why a mutant is not noticed."""
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
        "Lambda writes what a function logs under the function's role; the emulator keeps it without asking",
        f"{_LAMBDA}monitoring-cloudwatchlogs.html",
    ),
    Unseen(
        "StartServerRole",
        "FirstCluster",
        "iam:CreateServiceLinkedRole",
        "ECS makes its role as whoever makes an account's first cluster; the emulator has none",
        f"{_ECS}using-service-linked-roles.html",
    ),
    Unseen(
        "*Role",
        "Traces",
        "xray:*",
        "Lambda sends traces under the function's role; the emulator has none",
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
        "Fargate writes what a task prints under this role; the emulator keeps it in files",
        f"{_ECS}using_awslogs.html",
    ),
)


def explain(mutant: Mutant) -> Unseen | None:
    """The entry that says why nothing recorded notices a mutant."""
    return next((entry for entry in UNSEEN if entry.covers(mutant)), None)
