"""`hippo doctor` says why servers do not start: what they would run, and the problems of their starts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hippo_cli.connection import Connection
from hippo_cli.data.project import Project, find_project
from hippo_cli.doctor.examination import Plan, examine
from hippo_cli.doctor.results import Outcome, Result
from hippo_cli.doctor.servers import check_starts, check_task_definition
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, OTHER_USER, PROJECT, REGION, USER, StudyWorld

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role"
FOREIGN = "arn:aws:iam::999999999999:role/ecsTaskExecutionRole"
DENIED = f"ecs:RunTask: AccessDeniedException: not authorized to perform iam:PassRole on {FOREIGN}"
VALUES = {
    "BucketName": BUCKET,
    "TaskRoleArn": f"{ROLE}/task",
    "TaskExecutionRoleArn": f"{ROLE}/execution",
    "TaskExecutionRoleName": "ecsTaskExecutionRole",
}


@pytest.fixture
def project(stack_world: StudyWorld) -> Project:
    """Return the published study."""
    return find_project(Connection(None, REGION, None), Stack("lab", REGION, VALUES), PROJECT)


def register(**changes: Any) -> None:
    """Register the study's task definition, as the existing deployment script does but for the changes."""
    definition = {
        "family": PROJECT,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "2048",
        "taskRoleArn": f"{ROLE}/task",
        "executionRoleArn": f"{ROLE}/ecsTaskExecutionRole",
        "containerDefinitions": [{"name": PROJECT, "image": "x", "portMappings": [{"containerPort": 5000}]}],
    }
    shared_client("ecs").register_task_definition(**{**definition, **changes})


def summarise(results: Any) -> list[tuple[Outcome, str]]:
    """Return outcomes and texts."""
    return [(result.outcome, result.found) for result in results]


def test_valid_task_definition(project: Project) -> None:
    """Given a definition that can run, its revision is named."""
    register()

    assert summarise(check_task_definition(project)) == [(Outcome.OK, f"{PROJECT}:1 can run on Fargate")]


def test_role_of_another_account(project: Project) -> None:
    """Given the existing script's definition with a role of another account, the check fails with advice."""
    register(executionRoleArn=FOREIGN)

    (result,) = check_task_definition(project)

    assert result.outcome is Outcome.FAILURE
    assert f"{FOREIGN} of another account" in result.found
    assert "hippo publish" in result.advice


def test_missing_task_definition(project: Project) -> None:
    """Given a published study whose definition is not registered, the check fails."""
    (result,) = check_task_definition(project)

    assert (result.outcome, PROJECT in result.found) == (Outcome.FAILURE, True)


def test_unpublished_study(stack_world: StudyWorld) -> None:
    """Given a study that is not published, there is nothing to check yet."""
    found = find_project(Connection(None, REGION, None), Stack("lab", REGION, VALUES), "new")

    assert [result.outcome for result in check_task_definition(found)] == [Outcome.UNKNOWN]


def test_delayed_start(stack_world: StudyWorld, project: Project) -> None:
    """Given a start that does not progress, the check fails with participant, duration and problem."""
    stack_world.put_server("starting", started_at=NOW - timedelta(minutes=27), problem=DENIED)

    assert summarise(check_starts(project, NOW)) == [
        (Outcome.FAILURE, f"the server of {USER} has not started for 27 minutes: {DENIED}")
    ]


def test_many_delayed_starts(stack_world: StudyWorld, project: Project) -> None:
    """Given many starts that do not progress, some are shown and the others counted."""
    for number in range(5):
        stack_world.put_server("starting", f"user-{number}", problem="no capacity")

    texts = [found for _, found in summarise(check_starts(project, NOW))]

    assert len(texts) == 4
    assert texts[-1] == "2 more have not started"


def test_start_that_never_succeeded(stack_world: StudyWorld, project: Project) -> None:
    """Given servers that ended before they were ready, the recent one is a warning with its problem."""
    stack_world.put_server(
        "stopped", stopped_at=NOW - timedelta(hours=2), reason="maxRuntime", problem=DENIED
    )
    stack_world.put_server("stopped", OTHER_USER, stopped_at=NOW - timedelta(days=9), problem="old")

    assert summarise(check_starts(project, NOW)) == [
        (Outcome.WARNING, f"1 server never started since yesterday: {DENIED}")
    ]


def test_servers_without_a_problem(stack_world: StudyWorld, project: Project) -> None:
    """Given servers that start, run or have run, the check passes."""
    stack_world.put_server("starting", started_at=NOW)
    stack_world.put_server("ready", OTHER_USER, ready_at=NOW, problem="before it was ready")

    assert [result.outcome for result in check_starts(project, NOW)] == [Outcome.OK]


def test_credentials_that_read_no_record(stack_world: StudyWorld, project: Project) -> None:
    """Given credentials that may not read server records, the check says who can run it."""
    stack_world.put_record({"nextStep": 2})
    stack_world.put_server("starting", problem=DENIED)
    stack_world.aws.fail("ListObjectsV2", "AccessDenied", 403, times=9, key="_servers")
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_servers/")

    (result,) = check_starts(project, NOW)

    assert (result.outcome, "steward" in result.advice) == (Outcome.UNKNOWN, True)


def test_both_are_part_of_the_examination(stack_world: StudyWorld) -> None:
    """Given a project, the examination includes both checks; without one, neither."""
    put_values(stack_world, **VALUES)
    register(executionRoleArn=FOREIGN)
    stack_world.put_server("starting", problem=DENIED)
    stack_world.aws.fail("GetServiceQuota", "AccessDeniedException", 403, times=9)
    connection = Connection(None, REGION, None)

    def list_failures(project_id: str | None) -> set[str]:
        results: list[Result] = [*examine(connection, Plan(project_id, None), NOW, lambda *_: [])]
        return {result.what for result in results if result.outcome is Outcome.FAILURE}

    assert list_failures(PROJECT) - list_failures(None) == {"task definition", "starts of servers"}
