"""`hippo doctor` lists image repositories without the stack's tag, and tags them if it is asked to."""

import pytest

from hippo.studies.ownership import name_config
from hippo_cli.connection import Connection
from hippo_cli.doctor.repositories import NO_TAGGING, Tagging, check_repositories, list_definitions
from hippo_cli.doctor.results import Outcome, Result
from hippo_cli.image.registry import Registry
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET, PROJECT, REGION, StudyWorld

TAGS = {"hippo:stack": "lab"}


def register_game(image: str, project_id: str = PROJECT) -> None:
    """Register the study's task definition."""
    container = {"name": project_id, "image": image, "memory": 512}
    shared_client("ecs").register_task_definition(family=project_id, containerDefinitions=[container])


def put_repository(name: str, **tags: str) -> Registry:
    """Create a repository from which the servers of the study `evil` are started."""
    registry = Registry(shared_client("ecr"), name)
    register_game(f"{registry.create(tags)}:1", "evil")
    return registry


@pytest.fixture
def connection(stack_world: StudyWorld) -> Connection:
    """Return a connection to a deployment whose study has a game in its own repository."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=name_config(PROJECT), Body=b"{}")
    register_game(f"{Registry(shared_client('ecr'), PROJECT).create({})}:latest")
    return Connection(None, REGION, None)


def make_stack(access: str) -> Stack:
    """Return a stack of this RepositoryAccess; of an older release if that is empty."""
    values = {"BucketName": BUCKET, "LogGroupPrefix": "/hippo/lab/"}
    return Stack("stack", REGION, {**values, "RepositoryAccess": access} if access else values)


def check_all(connection: Connection, access: str, tagging: Tagging = NO_TAGGING) -> list[Result]:
    """Return the check's results for all listed projects."""
    stack = make_stack(access)
    return list(check_repositories(connection, stack, lambda: list_definitions(connection, stack), tagging))


def check(connection: Connection, access: str, *, tags: bool = False) -> Result:
    """Return the check's only result for all listed projects."""
    (found,) = check_all(connection, access, Tagging(tags))
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
    """Given a project's repository with another stack's tag, it is listed, and no option replaces the tag."""
    registry = Registry(shared_client("ecr"), PROJECT)
    registry.tag({"hippo:stack": "other"})

    (found,) = check_all(connection, "tagged", Tagging(own=True, named=[PROJECT]))

    assert (found.outcome, "tagged for the stack other" in found.found) == (Outcome.FAILURE, True)
    assert "--tag-" not in found.advice
    assert registry.read_tags() == {"hippo:stack": "other"}


def test_repositories_of_others(stack_world: StudyWorld, connection: Connection) -> None:
    """Given a project whose game is in a repository of others, only a person's choice tags that."""
    stack_world.publish(id="evil", ecsTask="evil")
    payroll = put_repository("payroll", owner="finance")

    listed, tagged = check_all(connection, "tagged", Tagging(own=True))

    assert (listed.outcome, tagged.found) == (Outcome.FAILURE, f"tagged: {PROJECT}")
    assert "payroll (named by evil)" in listed.found
    assert "--tag-repository NAME" in listed.advice
    assert payroll.read_tags() == {"owner": "finance"}

    (found,) = check_all(connection, "tagged", Tagging(named=["payroll"]))

    assert (found.outcome, found.found) == (Outcome.OK, "tagged: payroll")
    assert payroll.read_tags() == {"owner": "finance", **TAGS}


def test_a_listed_name_is_not_enough(stack_world: StudyWorld) -> None:
    """Given a project without an own config, which anyone may list, its repository is only listed."""
    stack_world.publish(id="evil", ecsTask="evil")
    registry = put_repository("evil")

    (found,) = check_all(Connection(None, REGION, None), "tagged", Tagging(own=True))

    assert (found.outcome, "evil (named by evil)" in found.found) == (Outcome.FAILURE, True)
    assert registry.read_tags() == {}


def test_named_repositories_must_be_used(connection: Connection) -> None:
    """Given the name of a repository from which no game server is started, it is reported and not tagged."""
    registry = Registry(shared_client("ecr"), "payroll")
    registry.create({})

    results = check_all(connection, "tagged", Tagging(named=["payroll"]))

    assert results[0].found == "no game server is started from payroll"
    assert registry.read_tags() == {}


def test_images_from_elsewhere_need_no_tag(stack_world: StudyWorld) -> None:
    """Given a game in a public registry, no repository is named."""
    register_game("public.ecr.aws/lab/game:1")

    found = check(Connection(None, REGION, None), "tagged")

    assert (found.outcome, found.found) == (Outcome.OK, "no published game is in this account's repositories")


def test_older_deployments_are_not_checked(connection: Connection) -> None:
    """Given a stack without RepositoryAccess, nothing is looked up or changed."""
    assert check(connection, "", tags=True).outcome is Outcome.UNKNOWN
    assert Registry(shared_client("ecr"), PROJECT).read_tags() == {}
