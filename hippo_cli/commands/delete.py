"""`hippo delete`: deletion of a whole study, with its participants' data only if that is asked for."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hippo.clock import SystemClock, write_stamp
from hippo.studies.ownership import is_live
from hippo_cli.confirmation import confirm
from hippo_cli.connection import Flags, connect
from hippo_cli.data.bucket import Bucket, Stored
from hippo_cli.data.project import BucketOption, Project, find_project
from hippo_cli.data.studies import find_entry
from hippo_cli.errors import CliError
from hippo_cli.findings import format_count
from hippo_cli.operations.deletion import DATA, PUBLISHED, SERVER, StudyData, StudyDeletion
from hippo_cli.operations.interrupted_run import InterruptedRun, merge_receipts
from hippo_cli.operations.platform import parse_project
from hippo_cli.operations.receipt import choose_path, reserve, write_receipt
from hippo_cli.output import JsonOption, say, say_error, show_json
from hippo_cli.progress import show_progress
from hippo_cli.publishing.own_config import parse_own_config, read_own_config
from hippo_cli.stack import find_stack
from hippo_cli.study_folder import read_folder_project

_DELETING = "deleting"
_NO_USER = ""
STILL_THERE = (
    "old versions of its pages, media, frozen versions and config, until they expire (OldVersionDays)",
    "published copies of its media on the site",
    "its image repository, task definitions and log groups, which the operator deletes",
    "ids in the logs of functions, until the logs expire (LogRetentionDays)",
    "exported copies",
)


def delete(
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Project id.")],
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Also permanently delete all answers and trials.")
    ] = False,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="A new file for the receipt.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and exit.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a study: its entry in the project list, pages, media, frozen versions, link key and config.

    The study must be closed (`hippo pause`), and its servers stopped. Participants' data are deleted only
    with --with-data, then permanently. If a run is interrupted, run the same command again to finish it.
    """
    clock, project_id = SystemClock(), parse_project(project)
    found_project, own = _open(context.obj, project_id, bucket)
    begun, folder = clock.now(), receipt.parent if receipt else Path()
    path = choose_path(receipt or Path(f"deletion-{project_id}-{write_stamp(begun)}.json"), project_id, begun)
    deletion = StudyDeletion(found_project, own, say_error)
    interrupted = InterruptedRun(folder, project_id, _NO_USER)
    earlier, found = interrupted.read(), deletion.find()
    _check(found_project, deletion, own, found, with_data=with_data, is_begun=earlier is not None)
    if not as_json:
        _show(project_id, found)
    if dry_run:
        if as_json:
            show_json(_count(project_id, found))
        return
    if not confirm(f"Delete the study {project_id}?", yes=yes, quiet=as_json):
        raise typer.Abort
    content = merge_receipts(_build_receipt(found_project, found, begun, clock.now()), earlier)
    reserve(path)
    try:
        interrupted.keep(content)
        if own or found.versions:  # otherwise only the receipt of an interrupted run is missing
            _delete(deletion, project_id, found, hidden=as_json)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    write_receipt(path, content)
    interrupted.remove()
    _report(content, path, as_json=as_json)


def _delete(deletion: StudyDeletion, project_id: str, found: StudyData, *, hidden: bool) -> None:
    """Delete all of it, the own config last. Raises CliError if new data was stored meanwhile."""
    deletion.close()
    with show_progress({_DELETING: "Deleting"}, hidden=hidden) as advance:
        deletion.delete(found, lambda done, total: advance(_DELETING, done, total))
    left = deletion.find()
    if left.versions or left.queue:
        raise CliError(
            f"new data of {project_id} was stored during the deletion", "Run the same command again."
        )
    deletion.finish()


def _open(flags: Flags, project_id: str, bucket: str | None) -> tuple[Project, Stored | None]:
    """Return the project and its own config, which names its bucket, also while it is deleted."""
    config = read_folder_project()
    connection = connect(flags, config if str(config.get("id")) == project_id else {})
    stack = find_stack(connection)
    _ = stack["ConfigObject"]  # which says whether the update function can delete a study
    own = read_own_config(Bucket(connection.make_client("s3"), stack.bucket), project_id)
    place = bucket or str(parse_own_config(own).get("bucket") or "") or None
    return find_project(connection, stack, project_id, config, place), own


def _check(
    project: Project,
    deletion: StudyDeletion,
    own: Stored | None,
    found: StudyData,
    *,
    with_data: bool,
    is_begun: bool,
) -> None:
    """Raise CliError unless there is such a study that may be deleted."""
    if not own and not found.versions and not is_begun:
        raise CliError(
            f"there is no project {project.id} in the bucket {project.records.name}",
            "Check the id (case matters). Pass --bucket for another bucket or --stack for another stack.",
        )
    entry = {} if deletion.has_begun else find_entry(project.platform, project.id)
    if is_live(entry or {}) or is_live(parse_own_config(own)):
        raise CliError(
            f"{project.id} is open", f"Close it first: `hippo pause {project.id}`. Nothing was deleted."
        )
    if found.alive:
        raise CliError(
            f"{project.id} has {format_count(len(found.alive), 'running server')}",
            f"Stop them first: `hippo stop --all --project {project.id}`. Nothing was deleted.",
        )
    if found.has_data and not with_data:
        raise CliError(
            f"{project.id} has the data of {format_count(found.participants, 'participant')}",
            f"Take them home first: `hippo export {project.id}`. Then pass --with-data to delete them\n"
            "permanently. Nothing was deleted.",
        )


def _count(project_id: str, found: StudyData) -> dict[str, Any]:
    counts = {
        "participants": found.participants,
        "versionsOfData": len(found.list_kind(DATA, SERVER)),
        "placesInTheQueue": len(found.queue),
        "publishedObjects": len(found.list_kind(PUBLISHED)),
    }
    return {"project": project_id, "deleted": counts}


def _build_receipt(project: Project, found: StudyData, begun: datetime, ended: datetime) -> dict[str, Any]:
    return {
        "what": "deletion of a study",
        **_count(project.id, found),
        "stack": project.stack.name,
        "bucket": project.records.name,
        "begun": f"{begun:%Y-%m-%dT%H:%M:%SZ}",
        "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "stillThere": list(STILL_THERE),
    }


def _show(project_id: str, found: StudyData) -> None:
    say(f"{project_id}:", "bold")
    say("  its entry in the project list, and its config")
    say(f"  {format_count(len(found.list_kind(PUBLISHED)), 'published object')}")
    if found.has_data:
        versions = format_count(len(found.list_kind(DATA, SERVER)), "version")
        say(f"  permanently: the data of {format_count(found.participants, 'participant')} ({versions})")


def _report(content: dict[str, Any], path: Path, *, as_json: bool) -> None:
    if as_json:
        show_json({**content, "receipt": str(path)})
        return
    say(f"Deleted. Receipt: {path}", "bold")
    for line in content["stillThere"]:
        say(f"Not deleted: {line}.", "dim")
