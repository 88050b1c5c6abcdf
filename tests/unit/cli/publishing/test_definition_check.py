"""The task definition is checked before game servers run it: what RunTask would refuse at each start."""

from typing import Any

import pytest

from hippo.studies.task_rules import SizeLimits
from hippo_cli.findings import Severity
from hippo_cli.publishing.definition_check import Roles, check_definition, read_roles
from hippo_cli.stack import Stack

ACCOUNT = "123456789012"
ROLES = Roles(
    f"arn:aws:iam::{ACCOUNT}:role/lab-task",
    f"arn:aws:iam::{ACCOUNT}:role/lab-execution",
    "ecsTaskExecutionRole",
)
FOREIGN = "arn:aws:iam::999999999999:role/ecsTaskExecutionRole"
EXISTING = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
OWN = f"arn:aws:iam::{ACCOUNT}:role/mine"
DEFINITION = {
    "family": "small",
    "taskDefinitionArn": f"arn:aws:ecs:ca-central-1:{ACCOUNT}:task-definition/small:3",
    "taskRoleArn": ROLES.task,
    "executionRoleArn": ROLES.execution,
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "1024",
    "memory": "2048",
    "containerDefinitions": [
        {"name": "small", "image": "x", "portMappings": [{"containerPort": 5000, "protocol": "tcp"}]}
    ],
}
CONTAINER: dict[str, Any] = DEFINITION["containerDefinitions"][0]  # type: ignore[assignment]


def with_container(**changes: Any) -> dict[str, Any]:
    """Return changes of the definition that change its only container."""
    return {"containerDefinitions": [{**CONTAINER, **changes}]}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"taskRoleArn": EXISTING, "executionRoleArn": EXISTING},
        {"requiresCompatibilities": ["EC2", "FARGATE"]},
        {"requiresCompatibilities": [], "compatibilities": ["EC2", "FARGATE"]},
        {"runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}},
        {"cpu": "256", "memory": "512"},
        {"cpu": "2 vCPU", "memory": "10 GB"},
        with_container(portMappings=[{"containerPortRange": "4990-5010", "protocol": "tcp"}]),
        {"executionRoleArn": None},
    ],
    ids=[
        "of the stack",
        "existing role",
        "both kinds",
        "kinds by ECS",
        "ARM",
        "smallest",
        "sizes as the existing script writes them",
        "range",
        "public image without logs",
    ],
)
def test_valid_definition_has_no_finding(changes: dict[str, Any]) -> None:
    """Given a definition that start_server can run, nothing is reported."""
    assert check_definition({**DEFINITION, **changes}, ROLES) == []


@pytest.mark.parametrize(
    ("changes", "severity", "what"),
    [
        ({"executionRoleArn": FOREIGN}, "error", f"names the execution role {FOREIGN} of another account"),
        ({"taskRoleArn": FOREIGN}, "error", f"names the task role {FOREIGN} of another account"),
        ({"executionRoleArn": OWN}, "error", f"the execution role {OWN}, which start_server may not pass"),
        (
            {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/service-role/ecsTaskExecutionRole"},
            "error",
            "may not pass",
        ),
        ({"taskRoleArn": ROLES.execution}, "error", "names the stack's execution role"),
        ({"executionRoleArn": ROLES.task}, "error", "names the stack's task role"),
        ({"taskRoleArn": None}, "warning", "has no task role"),
        ({"executionRoleArn": "", **with_container(image=f"{ACCOUNT}.dkr.ecr.x.amazonaws.com/small")},
         "error", "has no execution role"),
        ({"executionRoleArn": "", **with_container(logConfiguration={"logDriver": "awslogs"})},
         "error", "has no execution role"),
        ({"networkMode": "bridge"}, "error", "has the network mode bridge"),
        ({"networkMode": None}, "error", "has the network mode bridge"),
        ({"requiresCompatibilities": ["EC2"]}, "error", "is for EC2, but game servers run on Fargate"),
        ({"requiresCompatibilities": None, "compatibilities": ["EXTERNAL"]}, "error", "is for EXTERNAL"),
        ({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, "error", "WINDOWS"),
        (with_container(portMappings=[]), "warning", "does not map port 5000"),
        (with_container(portMappings=[{"containerPort": 5000, "protocol": "udp"}]), "warning", "port 5000"),
        (with_container(portMappings=[{"containerPort": 50000}]), "warning", "port 5000"),
        ({"containerDefinitions": None}, "warning", "port 5000"),
        ({"memory": "16384"}, "error", "has 1 vCPU and 16 GB of memory"),
        ({"cpu": "300"}, "error", "which Fargate does not offer together"),
        ({"cpu": None}, "error", "does not name its CPU units"),
        ({"memory": "much"}, "error", "does not name its CPU units"),
    ],
)  # fmt: skip
def test_problem_is_reported(changes: dict[str, Any], severity: str, what: str) -> None:
    """Given one thing that cannot work, it alone is reported, with what to do."""
    (found,) = check_definition({**DEFINITION, **changes}, ROLES, line=4)

    assert (found.severity, found.code, found.format_location()) == (
        severity,
        "task-definition",
        "config.yml:4",
    )
    assert found.what.startswith("the task definition small ")
    assert what in found.what
    assert found.fix


@pytest.mark.parametrize(("cpu", "is_refused"), [(1, False), (0.5, True)])
def test_server_larger_than_the_deployment_allows(cpu: float, is_refused: bool) -> None:
    """Given a deployment's limits, a larger task definition is an error that names them."""
    found = check_definition(DEFINITION, ROLES, limits=SizeLimits(cpu, 2))

    assert [(one.severity, "MaxServerCpu" in one.what) for one in found] == (
        [(Severity.ERROR, True)] if is_refused else []
    )


def test_older_stack_does_not_report_its_existing_role() -> None:
    """Given a stack without TaskExecutionRoleName, an unknown role of its account is only a warning."""
    stack = Stack("lab", "x", {"TaskRoleArn": ROLES.task, "TaskExecutionRoleArn": ROLES.execution})

    (found,) = check_definition({**DEFINITION, "executionRoleArn": OWN}, read_roles(stack))

    assert found.severity is Severity.WARNING
    assert "TaskExecutionRoleName" in found.fix


@pytest.mark.parametrize(("role", "number"), [(OWN, 0), ("ecsTaskExecutionRole", 0), (FOREIGN, 1)])
def test_deployment_that_reports_no_roles(role: str, number: int) -> None:
    """Given a deployment that reports no roles, only a role outside the definition's account is refused."""
    definition = {**DEFINITION, "taskRoleArn": OWN, "executionRoleArn": role}

    assert len(check_definition(definition, Roles("", "", None))) == number


@pytest.mark.parametrize(
    ("group", "number"),
    [
        ("/hippo/lab/small", 0),
        ("/hippo/lab/small-2", 0),
        ("/ecs/other", 0),
        ("/hippo/lab/other", 1),
        ("/hippo/lab/smaller", 1),
    ],
)
def test_log_group_of_another_study(group: str, number: int) -> None:
    """Given a log group of the deployment, a warning says so unless it is the study's."""
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": group}}
    definition = {**DEFINITION, **with_container(logConfiguration=logs)}

    found = check_definition(definition, ROLES, log_prefix="/hippo/lab/")

    assert [(one.severity, group in one.what) for one in found] == [(Severity.WARNING, True)] * number


def test_larger_disk_than_the_deployment_allows() -> None:
    """Given a limit of the memory, a larger disk is an error that names it."""
    definition = {**DEFINITION, "ephemeralStorage": {"sizeInGiB": 200}}

    (found,) = check_definition(definition, ROLES, limits=SizeLimits(16, 8))

    assert "200 GiB of ephemeralStorage are more than the 20 GiB" in found.what
    assert check_definition(definition, ROLES) == []


def test_existing_role_is_not_confused_with_the_stacks() -> None:
    """Given a TaskExecutionRoleName that is the stack's own role, that is refused as a task role."""
    roles = Roles(ROLES.task, ROLES.execution, "lab-execution")

    (found,) = check_definition({**DEFINITION, "taskRoleArn": ROLES.execution}, roles)

    assert found.severity is Severity.ERROR
