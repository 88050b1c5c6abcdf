"""Checks of image repositories: whether they have the tag that the deployment may require of them.

A task definition may name any repository of the account, and its author is a researcher. So the check tags by
itself only repositories that belong to a project, and says who names the others.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hippo.ids import is_project_id
from hippo.studies.ownership import name_config
from hippo_cli.connection import Connection
from hippo_cli.data.bucket import Bucket
from hippo_cli.data.studies import list_entries
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.image.registry import TAGGED, Registry, find_repository
from hippo_cli.publishing.task_definition import find_image, find_newest
from hippo_cli.stack import STACK_TAG, UPGRADE, Stack

REPOSITORIES = "repositories"
_TAG_OWN, _TAG_NAMED = "--tag-repositories", "--tag-repository"


@dataclass(frozen=True, slots=True)
class Tagging:
    """The repositories to tag: those that belong to their projects, and those that a person has named."""

    own: bool = False
    named: Sequence[str] = ()


NO_TAGGING = Tagging()


@dataclass(frozen=True, slots=True)
class _Untagged:
    """A repository without the stack's tag. `projects` start their servers from it."""

    registry: Registry
    projects: Sequence[str]
    other_stack: str | None
    is_own: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.registry.name

    def describe(self) -> str:
        """Return its name, and what a person should know before tagging it."""
        notes = [] if self.is_own else [f"named by {', '.join(self.projects)}"]
        notes += [f"tagged for the stack {self.other_stack}"] if self.other_stack else []
        return f"{self.name} ({', '.join(notes)})" if notes else self.name


def check_repositories(
    connection: Connection,
    stack: Stack,
    find_definitions: Callable[[], Mapping[str, str]],
    tagging: Tagging = NO_TAGGING,
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
    uses = _find_uses(connection, find_definitions())
    untagged = list(_find_untagged(connection, stack, uses))
    chosen = [
        one
        for one in untagged
        if not one.other_stack and (one.name in tagging.named or (tagging.own and one.is_own))
    ]
    for one in chosen:
        one.registry.tag(wanted)
    left = [one for one in untagged if one not in chosen]
    if strange := sorted(set(tagging.named) - set(uses)):
        yield failure(REPOSITORIES, f"no game server is started from {', '.join(strange)}", "Check the name.")
    if left:
        yield _describe_untagged(stack, left)
    if chosen or not left:
        yield ok(REPOSITORIES, _describe_tagged([one.name for one in chosen] or list(uses)))


def _describe_tagged(names: Sequence[str]) -> str:
    return f"tagged: {', '.join(names)}" if names else "no published game is in this account's repositories"


def _describe_untagged(stack: Stack, untagged: Sequence[_Untagged]) -> Result:
    what = f"without the tag {STACK_TAG}={stack.repository_tags[STACK_TAG]}: "
    what += ", ".join(one.describe() for one in untagged)
    fixes = []
    if any(one.is_own and not one.other_stack for one in untagged):
        fixes.append(f"Run `hippo doctor {_TAG_OWN}` with a researcher's or the operator's credentials.")
    if any(not one.is_own and not one.other_stack for one in untagged):
        fixes.append(
            f"Only if a repository is meant for game servers, run `hippo doctor {_TAG_NAMED} NAME`: it is\n"
            "not named like its project, or that project was never published with `hippo publish`."
        )
    if any(one.other_stack for one in untagged):
        fixes.append("Publish from another repository: Hippo does not change another stack's tag.")
    if stack.get("RepositoryAccess") == TAGGED:
        what += ". Game servers may not pull from there (RepositoryAccess)"
        return failure(REPOSITORIES, what, "\n".join(fixes))
    what += ". RepositoryAccess=tagged would keep them from being pulled"
    return warning(REPOSITORIES, what, "\n".join(fixes))


def _find_uses(connection: Connection, definitions: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the projects by this account's repositories from which their servers are started."""
    ecs, ecr = connection.make_client("ecs"), connection.make_client("ecr")
    uses: dict[str, list[str]] = {}
    for project_id, definition in sorted(definitions.items()):
        image = find_image(find_newest(ecs, definition), project_id)
        if image and (name := find_repository(image, connection.region)):
            uses.setdefault(name, []).append(project_id)
    return {name: uses[name] for name in sorted(uses) if Registry(ecr, name).find()}


def _find_untagged(
    connection: Connection, stack: Stack, uses: Mapping[str, Collection[str]]
) -> Iterator[_Untagged]:
    ecr, bucket = connection.make_client("ecr"), Bucket(connection.make_client("s3"), stack.bucket)
    for name, projects in uses.items():
        registry = Registry(ecr, name)
        tags = registry.read_tags()
        if stack.repository_tags.items() <= tags.items():
            continue
        # Only researchers whose tag covers the project can write its own config.
        is_own = name in projects and is_project_id(name) and bucket.holds(name_config(name))
        yield _Untagged(registry, list(projects), tags.get(STACK_TAG), is_own)


def list_definitions(connection: Connection, stack: Stack) -> dict[str, str]:
    """Return the task definitions of all listed projects by project id; none if the list is not readable."""
    listed = list_entries(Bucket(connection.make_client("s3"), stack.bucket))
    return {str(entry.get("id")): str(entry["ecsTask"]) for entry in listed or () if entry.get("ecsTask")}
