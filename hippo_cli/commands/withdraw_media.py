"""`hippo withdraw-media`: permanent deletion of a published picture, film or other file."""

from pathlib import Path
from typing import Annotated

import typer

from hippo_cli.confirmation import confirm
from hippo_cli.data.project import BucketOption, Project, open_project
from hippo_cli.errors import CliError
from hippo_cli.findings import choose_form
from hippo_cli.operations.media_withdrawal import MediaWithdrawal, PublishedMedia
from hippo_cli.operations.platform import parse_project
from hippo_cli.output import JsonOption, say, show_json

STILL_THERE = (
    "copies in browsers that have shown it, for up to a year",
    "the file in the study's folder: remove it there and from the pages, or publishing uploads it again",
)


def withdraw_media(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Its path as pages name it, or its published address.")
    ],
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id. Default: the study in this folder.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and exit.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permanently delete a published picture, film or other file, including all versions of it.

    Participants who are at a page that names it see that it is missing. If a run is interrupted, run the same
    command again to finish it.
    """
    found_project = open_project(context.obj, parse_project(project) if project else None, bucket)
    withdrawal = MediaWithdrawal(found_project, file, Path())
    found = withdrawal.find()
    if not found.keys and not found.originals:
        raise CliError(
            f"there is no file {file} among the media of {found_project.id}",
            "Pass its path as pages name it, such as pictures/car.png, or the address in the source of the\n"
            "page that shows it. Pass --bucket for another bucket.",
        )
    if not as_json:
        _show(found_project, file, found)
    if not dry_run:
        if not confirm("Permanently delete all of it?", yes=yes, quiet=as_json):
            raise typer.Abort
        withdrawal.delete(found)
    _report(found_project, found, dry_run=dry_run, as_json=as_json)


def _show(project: Project, file: str, found: PublishedMedia) -> None:
    say(f"{file} in {project.id}:", "bold")
    say(f"{len(found.originals):>6}  {choose_form(len(found.originals), 'stored version')}")
    say(f"{len(found.copies):>6}  {choose_form(len(found.copies), 'published copy', 'published copies')}")
    for key in found.resumed:
        say(f"An interrupted run in this folder has found {key}.")
    for path in found.paths:
        if path not in file:
            say(f"The same content is stored as {path}.")


def _report(project: Project, found: PublishedMedia, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        content = {
            "projectId": project.id,
            "paths": found.paths,
            "storedVersions": len(found.originals),
            "publishedCopies": list(found.copies),
            "deleted": not dry_run,
        }
        show_json(content)
    elif not dry_run:
        say("Deleted. CloudFront stops showing it within a few minutes.", "bold")
        for line in STILL_THERE:
            say(f"Not deleted: {line}.", "dim")
