"""`hippo publish`: a checked study folder becomes a study that participants can open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hippo_cli.checks import check_study
from hippo_cli.checks.secrets import IN_IMAGE, allow_secrets
from hippo_cli.checks.strangers import NO_LIMIT
from hippo_cli.commands.check import AllowSecretOption, show_findings
from hippo_cli.confirmation import confirm
from hippo_cli.connection import Flags, connect
from hippo_cli.errors import CliError, ExitCode
from hippo_cli.findings import Finding, count_errors, format_count
from hippo_cli.image.docker import check_docker
from hippo_cli.output import JsonOption, say, say_error, show_json
from hippo_cli.progress import show_progress
from hippo_cli.publishing.own_config import list_changes, supports_own_config
from hippo_cli.publishing.plan import Plan, Request, Target, check_image_name, make_plan
from hippo_cli.publishing.run import Outcome, publish
from hippo_cli.stack import find_stack
from hippo_cli.study_folder import StudyFolder, open_study

_SENDING = "bytes"
# Findings that matter only where an image is built from the folder.
_OF_BUILDING = {
    "dockerfile-missing",
    "dockerfile-copy",
    "dockerfile-pattern",
    "port",
    "image-file",
    "line-ends",
    "script-start",
    "syntax",
    "env-file",
    "not-pinned",
    IN_IMAGE,
}


def publish_study(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")] = Path(),
    image: Annotated[
        str | None,
        typer.Option("--image", help="Use this existing image instead of building one with Docker."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build the image even if its files have not changed.")
    ] = False,
    delete_removed: Annotated[
        bool,
        typer.Option("--delete-removed", help="Delete published files that are no longer in the folder."),
    ] = False,
    allowed: AllowSecretOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and exit.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Publish without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish the study: pages, image and task definition first, then the entry in the project list.

    Sends only what has changed. You can interrupt it and run it again. Exits with 1 if the study has errors.
    """
    check_image_name(image)
    study = open_study(directory)
    findings = find_problems(study, image, allowed)
    if count_errors(findings):
        _refuse(study, findings, as_json)
    target = Target(study, *_find_deployment(context.obj, study))
    plan = make_plan(target, Request(image=image, rebuilds=rebuild))
    # The plan repeats this check with the deployment's own limits.
    findings = [*(found for found in findings if found.code != NO_LIMIT), *plan.findings]
    if count_errors(plan.findings):
        _refuse(study, findings, as_json)
    if not as_json:
        show_findings(findings)
        show_plan(plan, delete_removed)
    if dry_run:
        if as_json:
            show_json(build_json(plan, findings, None))
        return
    if plan.server and not plan.server.is_built:
        check_docker()
    advice = "Pass --yes, or --dry-run to see what would be done."
    if not confirm("Publish this?", yes=yes, default=True, advice=advice):
        say("Nothing was published.")
        raise typer.Exit(ExitCode.FINE)
    outcome = carry_out(plan, deletes=delete_removed, hidden=as_json)
    show_outcome(plan, outcome, findings, as_json=as_json)


def find_problems(
    study: StudyFolder, image: str | None = None, allowed: Sequence[str] | None = None
) -> list[Finding]:
    """Return the findings of `hippo check`, without those that an existing image makes irrelevant.

    `allowed` are the secrets to accept, each as FILE:LINE.
    """
    findings = allow_secrets(check_study(study), allowed or [])
    return [found for found in findings if not (image and found.code in _OF_BUILDING)]


def show_plan(plan: Plan, deletes: bool) -> None:
    """Show one line for each part of the publication."""
    target, files, server = plan.target, plan.files, plan.server
    say(f"{target.project_id} → {target.stack.name} in {target.connection.region}", "bold")
    say(f"  files            {len(files.changed)} to send, {files.unchanged} unchanged")
    for file in files.changed:
        say(f"                   + {file.key.partition('/')[2]}", "dim")
    for key in [*files.removed, *files.shadowing]:
        note = "would be shown as a variant" if key in files.shadowing else "no longer in the folder"
        note = "will be deleted" if deletes else f"{note} (--delete-removed deletes it)"
        say(f"                   - {key.partition('/')[2]}: {note}", "dim")
    if supports_own_config(target.stack):
        say(f"  config           {_describe_config(plan)}")
    if server is None:
        say("  game server      none")
        return
    state = "unchanged" if server.is_built else "to build and push"
    image = server.settings.image.partition("@")[0]
    tag = f":{server.context.tag}" if server.context and server.is_built else ""
    if server.context is None:
        state = (
            "found and pinned" if "@" in server.settings.image else "used as named, not verified or pinned"
        )
    say(f"  image            {image}{tag}: {state}")
    registered = "unchanged" if server.is_registered else "a new revision"
    say(f"  task definition  {server.settings.family}: {registered}")


def _describe_config(plan: Plan) -> str:
    """Return what differs from the published config; `ecsTask` names a revision there, which may change."""
    if plan.own_config is None:
        return "new: from now on, only researchers of this project can change it"
    changes = [key for key in list_changes(plan.own_config, plan.target.config) if key != "ecsTask"]
    return f"changes: {', '.join(changes)}" if changes else "unchanged"


def carry_out(plan: Plan, *, deletes: bool, hidden: bool = False) -> Outcome:
    """Publish, with progress on standard error."""
    with show_progress({_SENDING: "files"}, hidden=hidden, in_bytes=True) as advance:
        return publish(
            plan,
            deletes=deletes,
            report=say_error if not hidden else lambda _: None,
            advance=lambda done, total: advance(_SENDING, done, total),
        )


def show_outcome(plan: Plan, outcome: Outcome, findings: list[Finding], *, as_json: bool = False) -> None:
    """Show what was published, with the study's link. Exit with 1 if the deployment refused the study."""
    listing = outcome.listing
    known = {(found.key, found.what) for found in findings}
    news = [found for found in listing.findings if (found.key, found.what) not in known]
    if as_json:
        show_json(build_json(plan, findings + news, outcome))
    else:
        show_findings(news)
    if not listing.is_listed:
        if as_json:
            raise typer.Exit(ExitCode.PROBLEMS)
        raise CliError(
            f"the deployment refused the study ({format_count(count_errors(listing.findings), 'error')})",
            "A version that was published before stays live. Fix the errors above, and publish again.",
        )
    if as_json:
        return
    version = f", version {listing.version}" if listing.version else ""
    say(f"{plan.target.project_id} is published{version}", "bold")
    link = _build_link(plan) or f"the page of your deployment, with ?projectId={plan.target.project_id}"
    if plan.target.config.get("live"):
        say(f"Study link: {link}")
    else:
        say(f"The study is closed, because `live` is not true. Link once it is open: {link}")


def build_json(plan: Plan, findings: list[Finding], outcome: Outcome | None) -> dict[str, Any]:
    """Return the publication as JSON; null means not done yet."""
    target, server = plan.target, plan.server
    done = outcome.listing.is_listed if outcome else False
    return {
        "projectId": target.project_id,
        "stack": target.stack.name,
        "region": target.connection.region,
        "bucket": target.bucket,
        "published": done,
        "version": outcome.listing.version if outcome and done else None,
        "link": _build_link(plan),
        "files": {
            "changed": [file.key for file in plan.files.changed],
            "unchanged": plan.files.unchanged,
            "removed": [*plan.files.removed, *plan.files.shadowing],
            "deleted": outcome.deleted if outcome else [],
        },
        "image": server
        and {
            "reference": outcome.image if outcome else server.settings.image,
            "builds": not server.is_built,
        },
        "taskDefinition": server
        and {
            "name": outcome.task_definition if outcome else server.settings.family,
            "registers": not server.is_registered,
        },
        "findings": [found.as_dict() for found in findings],
    }


def _build_link(plan: Plan) -> str | None:
    stack = plan.target.stack
    return stack.build_study_link(plan.target.project_id) if stack.get("SiteUrl") else None


def _find_deployment(flags: Flags, study: StudyFolder) -> tuple[Any, Any]:
    connection = connect(flags, study.project)
    return connection, find_stack(connection)


def _refuse(study: StudyFolder, findings: list[Finding], as_json: bool) -> None:
    if as_json:
        details = [found.as_dict() for found in findings]
        show_json({"projectId": study.project.get("id"), "published": False, "findings": details})
        raise typer.Exit(ExitCode.PROBLEMS)
    show_findings(findings)
    refuse_errors(findings)


def refuse_errors(findings: list[Finding]) -> None:
    """Raise CliError if any of the findings, which were shown, prevents publishing."""
    if errors := count_errors(findings):
        raise CliError(
            f"the study has {format_count(errors, 'error')}, so nothing was published",
            "Fix the errors above.",
        )
