"""`hippo doctor` lists image repositories without the stack's tag, and tags them if it is asked to."""

import pytest

from hippo_cli.connection import Connection
from hippo_cli.doctor.repositories import check_repositories, list_definitions
from hippo_cli.doctor.results import Outcome, Result
from hippo_cli.image.registry import Registry
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET, PROJECT, REGION, StudyWorld

TAGS = {"hippo:stack": "lab"}


def register_game(image: str) -> None:
    """Register the study's task definition."""
    container = {"name": PROJECT, "image": image, "memory": 512}
    shared_client("ecs").register_task_definition(family=PROJECT, containerDefinitions=[container])


@pytest.fixture
def connection(stack_world: StudyWorld) -> Connection:
    """Return a connection to a deployment whose study has a game in the account's registry."""
    register_game(f"{Registry(shared_client('ecr'), PROJECT).create({})}:latest")
    return Connection(None, REGION, None)


def make_stack(access: str) -> Stack:
    """Return a stack of this RepositoryAccess; of an older release if that is empty."""
    values = {"BucketName": BUCKET, "LogGroupPrefix": "/hippo/lab/"}
    return Stack("stack", REGION, {**values, "RepositoryAccess": access} if access else values)


def check(connection: Connection, access: str, *, tags: bool = False) -> Result:
    """Return the check's only result for all listed projects."""
    stack = make_stack(access)
    (found,) = check_repositories(connection, stack, lambda: list_definitions(connection, stack), tags)
    return found


@pytest.mark.parametrize(("access", "outcome"), [("account", Outcome.WARNING), ("tagged", Outcome.FAILURE)])
def test_untagged_repositories_are_listed(connection: Connection, access: str, outcome: Outcome) -> None:
    """Given an existing repository, it is named; that is a failure only where the tag is required."""
    found = check(connection, access)

    assert (found.outcome, PROJECT in found.found) == (outcome, True)
    assert "--tag-repositories" in found.advice


def test_repositories_are_tagged(connection: Connection) -> None:
    """Given the option, an untagged repository gets the stack's tag, and its other tags stay."""
    registry = Registry(shared_client("ecr"), PROJECT)
    registry.tag({"owner": "lab"})

    found = check(connection, "tagged", tags=True)

    assert (found.outcome, found.found) == (Outcome.OK, f"tagged: {PROJECT}")
    assert registry.read_tags() == {"owner": "lab", **TAGS}
    assert check(connection, "tagged").outcome is Outcome.OK


def test_tag_of_another_stack_does_not_count(connection: Connection) -> None:
    """Given a repository with another stack's tag, it is listed."""
    Registry(shared_client("ecr"), PROJECT).tag({"hippo:stack": "other"})

    assert check(connection, "tagged").outcome is Outcome.FAILURE


def test_images_from_elsewhere_need_no_tag(stack_world: StudyWorld) -> None:
    """Given a game in a public registry, no repository is named."""
    register_game("public.ecr.aws/lab/game:1")

    found = check(Connection(None, REGION, None), "tagged")

    assert (found.outcome, found.found) == (Outcome.OK, "no published game is in this account's repositories")


def test_older_deployments_are_not_checked(connection: Connection) -> None:
    """Given a stack without RepositoryAccess, nothing is looked up or changed."""
    assert check(connection, "", tags=True).outcome is Outcome.UNKNOWN
    assert Registry(shared_client("ecr"), PROJECT).read_tags() == {}
