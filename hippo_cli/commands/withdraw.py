"""`hippo withdraw`: permanent deletion of a participant's data at their request."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hippo.clock import SystemClock
from hippo.records.codes import ServerState
from hippo_cli.confirmation import confirm
from hippo_cli.data.project import BucketOption, Project, open_project
from hippo_cli.errors import CliError, UsageError
from hippo_cli.operations.interrupted_run import InterruptedRun, merge_receipts
from hippo_cli.operations.platform import Platform, parse_project, parse_user
from hippo_cli.operations.receipt import (
    HIDDEN_SERVER,
    build_receipt,
    choose_path,
    describe,
    reserve,
    write_receipt,
)
from hippo_cli.operations.stopping import await_stopped, request_stop
from hippo_cli.operations.withdrawal import ParticipantData, Withdrawal
from hippo_cli.output import JsonOption, say, show_json
from hippo_cli.progress import show_progress

_DELETING = "deleting"


def withdraw(
    context: typer.Context,
    user: Annotated[
        str, typer.Argument(metavar="USER", help="The participant's id, or with onePer the recruiter's.")
    ],
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id. Default: the study in this folder.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="A new file for the receipt.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and exit.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permanently delete a participant's answers, trials and server record, including old versions.

    Lists the data, asks for confirmation and stops their server first. Writes a receipt that does not
    identify the participant. If a run is interrupted, run the same command again to finish it.
    """
    clock = SystemClock()
    found_project = open_project(context.obj, parse_project(project) if project else None, bucket)
    folder = receipt.parent if receipt else Path()
    user_id = _find_user(found_project, user, folder)
    begun = clock.now()
    path = choose_path(receipt, found_project.id, begun)
    withdrawal = Withdrawal(found_project, found_project.connection.make_client("s3"), user_id, clock)
    found = withdrawal.find()
    interrupted = InterruptedRun(folder, found_project.id, user_id)
    earlier = interrupted.read()
    if earlier is None:
        _check_found(found_project, found)
    if not as_json:
        _show(found)
    if dry_run:
        if as_json:
            show_json(_as_json(found_project, found))
        return
    if not confirm("Permanently delete all of it?", yes=yes, quiet=as_json):
        raise typer.Abort

    def build_full_receipt(data: ParticipantData) -> dict[str, Any]:
        stack, bucket = found_project.stack.name, found_project.records.name
        return merge_receipts(build_receipt(data, stack, bucket, begun, clock.now()), earlier)

    def keep(data: ParticipantData) -> None:
        interrupted.keep(build_full_receipt(data))

    content = build_full_receipt(_delete(withdrawal, found_project, found, path, keep, hidden=as_json))
    write_receipt(path, content)
    interrupted.remove()
    _report(content, path, as_json=as_json)


def _report(content: dict[str, Any], path: Path, *, as_json: bool) -> None:
    if as_json:
        show_json({**content, "receipt": str(path)})
        return
    say(f"Deleted. Receipt, without the participant's id: {path}", "bold")
    for line in content["stillThere"]:
        say(f"Not deleted: {line}.", "dim")


def _delete(
    withdrawal: Withdrawal,
    project: Project,
    found: ParticipantData,
    receipt: Path,
    keep: Callable[[ParticipantData], None],
    *,
    hidden: bool,
) -> ParticipantData:
    """Stop the server, delete the data and return what was deleted.

    The receipt's file is reserved first, and removed on failure. `keep` is called with the data just before
    the deletion.
    """
    reserve(receipt)
    try:
        if _stop_server(project, found):
            found = withdrawal.find()
        keep(found)
        with show_progress({_DELETING: "Deleting"}, hidden=hidden) as advance:
            withdrawal.delete(found, lambda done, total: advance(_DELETING, done, total))
        left = _check_gone(withdrawal)
    except BaseException:
        receipt.unlink(missing_ok=True)
        raise
    return replace(found, leaves_uploads=left.leaves_uploads)


def _find_user(project: Project, user: str, folder: Path) -> str:
    """Return the participant's id; `user` is that id, or with `onePer` the recruiter's id.

    Earlier deployments accepted any id. If data is stored under the text as given, or an interrupted run has
    begun to delete it, return the text unchanged.
    """
    derived = project.studies.derive_user(user)
    client = project.connection.make_client("s3")
    for user_id in filter(None, (user, derived)):
        if InterruptedRun(folder, project.id, user_id).read() is not None:
            return user_id
        if "/" not in user_id and Withdrawal(project, client, user_id, SystemClock()).has_stored():
            return user_id
    try:
        return parse_user(user)
    except UsageError as error:
        if derived is not None:
            return derived
        raise UsageError(error.what, _say_where_to_look(project)) from None


def _say_where_to_look(project: Project) -> str:
    """Return how to find the participant's id from the recruiter's."""
    if project.studies.one_per:
        return (
            f"The study identifies participants by {project.studies.one_per}: pass its value, or the id that "
            "`hippo export` shows."
        )
    return (
        "A recruiter's id? Run `hippo export`, look for it in private/recruiter_ids.csv, and pass the id in "
        "the column user."
    )


def _check_found(project: Project, found: ParticipantData) -> None:
    if found.is_empty:
        projects = ", ".join(found.other_projects)
        other = f"; their server record belongs to {projects}" if projects else ""
        raise CliError(
            f"there is no data of {found.user_id} in {found.project_id}{other}",
            "Check the participant's id and the project. Pass --bucket for another bucket.\n"
            + _say_where_to_look(project),
        )


def _show(found: ParticipantData) -> None:
    say(f"{found.user_id} in {found.project_id}:", "bold")
    for line in describe(found):
        say(line)
    if found.server is not None and found.server.state != ServerState.STOPPED:
        say(f"Their server is {found.server.state}. It will be stopped first.")
    if found.other_projects:
        say(
            f"Their server record belongs to {', '.join(found.other_projects)}. "
            "It is kept until they withdraw from that project."
        )
    if found.hides_server:
        say(f"Kept: {HIDDEN_SERVER}.")


def _stop_server(project: Project, found: ParticipantData) -> bool:
    """Stop the server and return whether there was one. Raises CliError if it does not stop in time."""
    if found.server is None or found.server.state == ServerState.STOPPED:
        return False
    platform = Platform(project.connection, project.stack, project.platform, None)
    request_stop(platform, found.server)
    (result,) = await_stopped(project.platform, [found.server], SystemClock())
    if not result.done:
        raise CliError(
            f"the server of {found.user_id} is still {result.state}; nothing was deleted",
            "The platform continues to stop it. Run the same command again in a few minutes.",
        )
    return True


def _check_gone(withdrawal: Withdrawal) -> ParticipantData:
    left = withdrawal.find()
    if not left.is_empty:
        raise CliError(
            "new data was stored during the deletion:\n" + "\n".join(describe(left)),
            "The participant's page is still open. Ask them to close it, or close the study with\n"
            "`hippo pause`. Then run the same command again.",
        )
    return left


def _as_json(project: Project, found: ParticipantData) -> dict[str, object]:
    return {
        "userId": found.user_id,
        "projectId": found.project_id,
        "stack": project.stack.name,
        "bucket": project.records.name,
        "objects": sorted({version.key for version in found.versions} | set(found.queue)),
        "versions": len(found.versions),
        "unfinishedUploads": [upload.key for upload in found.uploads],
        "inListOfAdmissions": found.is_listed,
        "server": found.server.state if found.server else None,
    }
