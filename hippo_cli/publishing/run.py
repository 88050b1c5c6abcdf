"""Carries a plan out, the project list last: a study is never live before its parts are there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hippo_cli.errors import CliError
from hippo_cli.image.build_context import BuildContext, make_context
from hippo_cli.image.docker import build_image, push_image
from hippo_cli.publishing import task_definition
from hippo_cli.publishing.plan import Plan, ServerPlan, Target, make_registry
from hippo_cli.publishing.project_list import Listing, list_project
from hippo_cli.publishing.step_files import check_unchanged, delete_files
from hippo_cli.publishing.task_definition import ServerSettings
from hippo_cli.publishing.upload import Advance, upload_files

Report = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a plan. `task_definition` is its ARN or family, None without a game."""

    listing: Listing
    image: str | None
    task_definition: str | None
    deleted: list[str]


def publish(plan: Plan, *, deletes: bool, report: Report, advance: Advance) -> Outcome:
    """Publishes; `report` is told of each stage. Each may be run again after whatever has ended it.

    Raises CliError if files that only the bucket has would be shown as pages and are not to be deleted, and
    if the study was changed since it was planned.
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
    # Before the version is made, as it would hold them; whoever has begun has a version with them.
    delete_files(s3, target.bucket, files.shadowing, target.project_id)
    report("freezing this version, and listing the project")
    function = target.stack["UpdateFunctionName"]
    # This revision, and these files: nobody who publishes at the same time gets theirs into this version.
    task = {"ecsTask": arn.rpartition("/")[2]} if arn else {}
    config = {**target.config, **task, "files": dict(files.hashes)}
    listing = list_project(target.connection.make_client("lambda"), function, config, target.study)
    deleted = [*files.shadowing, *(files.removed if deletes and listing.is_listed else [])]
    delete_files(s3, target.bucket, deleted[len(files.shadowing) :], target.project_id)
    return Outcome(listing, settings.image if settings else None, arn, deleted)


def _check_shadowing(plan: Plan, deletes: bool) -> None:
    if plan.files.shadowing and not deletes:
        names = ", ".join(key.partition("/")[2] for key in plan.files.shadowing)
        raise CliError(
            f"participants would be shown pages that the folder does not have: {names}",
            "They are in the bucket from before, and count as variants of a step. Publish with\n"
            "--delete-removed, or put them into StepFiles/ again.",
        )


def _check_game(target: Target, planned: BuildContext) -> None:
    """An image is known by the hash of what was planned: another one must not get its tag."""
    if make_context(target.study, planned.prepared).tag != planned.tag:
        raise CliError("the game was changed meanwhile", "Run the same command again.")


def _publish_server(target: Target, server: ServerPlan, report: Report) -> tuple[ServerSettings, str]:
    settings = server.settings
    if server.context and not server.is_built:
        settings = _publish_image(target, server, report)
    wanted = task_definition.build_definition(settings, server.newest)
    if task_definition.is_same(server.newest, wanted):
        return settings, str((server.newest or {}).get("taskDefinitionArn", settings.family))
    report(f"registering the task definition {settings.family}")
    ecs = target.connection.make_client("ecs")
    # Read again: an image takes minutes, and somebody else may have registered one meanwhile.
    wanted = task_definition.build_definition(settings, task_definition.find_newest(ecs, settings.family))
    return settings, task_definition.register(ecs, wanted)


def _publish_image(target: Target, server: ServerPlan, report: Report) -> ServerSettings:
    registry, context = make_registry(target), server.context
    if context is None:
        return server.settings
    repository: Any = server.repository
    if not repository:
        report(f"making the repository {registry.name}")
        repository = registry.make()
    reference = f"{repository}:{context.tag}"
    report(f"building {reference}")
    build_image(context, reference, task_definition.find_platform(server.newest))
    _check_game(target, context)
    report(f"pushing {reference}")
    push_image(reference, registry.log_in())
    return replace(server.settings, image=registry.pin(repository, context.tag))
