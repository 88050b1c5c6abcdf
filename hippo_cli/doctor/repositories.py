"""Checks of image repositories: whether they have the tag that the deployment may require of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from hippo_cli.connection import Connection
from hippo_cli.data.bucket import Bucket
from hippo_cli.data.studies import list_entries
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.image.registry import TAGGED, Registry, find_repository
from hippo_cli.publishing.task_definition import find_image, find_newest
from hippo_cli.stack import UPGRADE, Stack

REPOSITORIES = "repositories"
_OPTION = "--tag-repositories"


def check_repositories(
    connection: Connection, stack: Stack, find_definitions: Callable[[], Mapping[str, str]], tags_them: bool
) -> Iterator[Result]:
    """Check the repositories from which the game servers of projects are started, and optionally tag them.

    `find_definitions` returns the projects' task definitions by project id.
    """
    wanted = stack.repository_tags
    if not wanted:
        yield unknown(
            REPOSITORIES,
            f"{stack.name} does not report its RepositoryAccess",
            f"Ask the operator to {UPGRADE}.",
        )
        return
    names = sorted(_find_names(connection, find_definitions()))
    ecr = connection.make_client("ecr")
    untagged = [name for name in names if not wanted.items() <= Registry(ecr, name).read_tags().items()]
    if tags_them:
        for name in untagged:
            Registry(ecr, name).tag(wanted)
        yield ok(REPOSITORIES, f"tagged: {', '.join(untagged) or 'none needed it'}")
        return
    if not untagged:
        yield ok(REPOSITORIES, _describe_tagged(names))
        return
    what = f"without the tag hippo:stack={wanted['hippo:stack']}: {', '.join(untagged)}"
    fix = f"Run `hippo doctor {_OPTION}` with a researcher's or the operator's credentials."
    if stack.get("RepositoryAccess") == TAGGED:
        yield failure(REPOSITORIES, f"{what}. Game servers may not pull from there (RepositoryAccess)", fix)
    else:
        yield warning(REPOSITORIES, f"{what}. RepositoryAccess=tagged would keep them from being pulled", fix)


def _describe_tagged(names: Sequence[str]) -> str:
    return f"tagged: {', '.join(names)}" if names else "no published game is in this account's repositories"


def _find_names(connection: Connection, definitions: Mapping[str, str]) -> set[str]:
    """Return this account's repositories from which the servers of the projects are started."""
    ecs, ecr = connection.make_client("ecs"), connection.make_client("ecr")
    images = {find_image(find_newest(ecs, name), project_id) for project_id, name in definitions.items()}
    names = {find_repository(image, connection.region) for image in images if image}
    return {name for name in names if name and Registry(ecr, name).find()}


def list_definitions(connection: Connection, stack: Stack) -> dict[str, str]:
    """Return the task definitions of all listed projects by project id; none if the list is not readable."""
    listed = list_entries(Bucket(connection.make_client("s3"), stack.bucket))
    return {str(entry.get("id")): str(entry["ecsTask"]) for entry in listed or () if entry.get("ecsTask")}
