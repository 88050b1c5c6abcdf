"""The execution of a plan. The project list comes last, so a study is never live before its parts exist."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hippo_cli.data.bucket import Bucket
from hippo_cli.errors import CliError
from hippo_cli.image.build_context import BuildContext, make_context
from hippo_cli.image.docker import build_image, push_image
from hippo_cli.image.registry import TAGGED
from hippo_cli.publishing import task_definition
from hippo_cli.publishing.own_config import supports_own_config, write_own_config
from hippo_cli.publishing.plan import Plan, ServerPlan, Target, make_registry
from hippo_cli.publishing.project_list import Listing, list_project
from hippo_cli.publishing.step_files import check_unchanged, delete_files
from hippo_cli.publishing.task_definition import ServerSettings
from hippo_cli.publishing.upload import Advance, upload_files

Report = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """The result of a plan. `task_definition` is its ARN or family, None without a game."""

    listing: Listing
    image: str | None
    task_definition: str | None
    deleted: list[str]


def publish(plan: Plan, *, deletes: bool, report: Report, advance: Advance) -> Outcome:
    """Publish, and report each stage. After any failure, the same call can be repeated.

    Raises CliError if the study has changed since it was planned, and if participants would be shown files
    that only the bucket has and that must not be deleted.
    """
    target, files = plan.target, plan.files
    _check_shadowing(plan, deletes)
    check_unchanged(files)
    if plan.server and plan.server.context:
        _check_game(target, plan.server.context)
    s3 = target.connection.make_client("s3")
    if files.changed:
        report(f"sending {len(files.changed)} files to s3://{target.bucket}/{target.project_id}/")
        upload_files(s3, target.bucket, files.changed, advance)
    settings, arn = _publish_server(target, plan.server, report) if plan.server else (None, None)
    # Before the version is frozen, which would include them. Participants who have begun keep their version.
    delete_files(s3, target.bucket, files.shadowing, target.project_id)
    report("freezing this version and updating the project list")
    function = target.stack["UpdateFunctionName"]
    # Pin this revision and these files, so that a concurrent publication cannot put its own in.
    task = {"ecsTask": arn.rpartition("/")[2]} if arn else {}
    config = {**target.config, **task, "files": dict(files.hashes)}
    if supports_own_config(target.stack):
        own = Bucket(s3, target.stack.bucket)
        write_own_config(s3, own, target.project_id, config, plan.own_config)
    listing = list_project(target.connection.make_client("lambda"), function, config, target.study)
    deleted = [*files.shadowing, *(files.removed if deletes and listing.is_listed else [])]
    delete_files(s3, target.bucket, deleted[len(files.shadowing) :], target.project_id)
    return Outcome(listing, settings.image if settings else None, arn, deleted)


def _check_shadowing(plan: Plan, deletes: bool) -> None:
    if plan.files.shadowing and not deletes:
        names = ", ".join(key.partition("/")[2] for key in plan.files.shadowing)
        raise CliError(
            f"participants would be shown pages that are not in the folder: {names}",
            "An earlier publication left them in the bucket, where they count as variants of a step.\n"
            "Publish with --delete-removed, or put them back into StepFiles/.",
        )


def _check_game(target: Target, planned: BuildContext) -> None:
    """Raise CliError if the game has changed since the plan: another image must not get the planned tag."""
    if make_context(target.study, planned.prepared).tag != planned.tag:
        raise CliError("the game has changed since publishing began", "Run the same command again.")


def _publish_server(target: Target, server: ServerPlan, report: Report) -> tuple[ServerSettings, str]:
    settings = server.settings
    if server.repository and target.stack.get("RepositoryAccess") == TAGGED:
        make_registry(target).tag(target.stack.repository_tags)  # existing scripts create it without tags
    if server.context and not server.is_built:
        settings = _publish_image(target, server, report)
    wanted = task_definition.build_definition(settings, server.newest)
    if task_definition.is_same(server.newest, wanted):
        return settings, str((server.newest or {}).get("taskDefinitionArn", settings.family))
    report(f"registering the task definition {settings.family}")
    ecs = target.connection.make_client("ecs")
    # Read again: building takes minutes, and another publication may have registered a revision meanwhile.
    wanted = task_definition.build_definition(settings, task_definition.find_newest(ecs, settings.family))
    return settings, task_definition.register(ecs, wanted)


def _publish_image(target: Target, server: ServerPlan, report: Report) -> ServerSettings:
    registry, context = make_registry(target), server.context
    if context is None:
        return server.settings
    repository: Any = server.repository
    if not repository:
        report(f"creating the repository {registry.name}")
        repository = registry.create(target.stack.repository_tags)
    reference = f"{repository}:{context.tag}"
    report(f"building {reference}")
    build_image(context, reference, task_definition.find_platform(server.newest))
    _check_game(target, context)
    report(f"pushing {reference}")
    push_image(reference, registry.log_in())
    return replace(server.settings, image=registry.pin(repository, context.tag))
