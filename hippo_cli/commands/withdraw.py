"""`hippo withdraw`: the permanent deletion of everything that belongs to one participant."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hippo.clock import SystemClock
from hippo.records.server import STOPPED
from hippo_cli.confirmation import confirm
from hippo_cli.data.project import BucketOption, Project, open_project
from hippo_cli.errors import CliError
from hippo_cli.operations.platform import Platform, read_project, read_user
from hippo_cli.operations.receipt import (
    choose_path,
    describe,
    make_receipt,
    reserve,
    write_receipt,
)
from hippo_cli.operations.servers import read_server
from hippo_cli.operations.stopping import ask_to_stop, await_stopped
from hippo_cli.operations.unfinished import Unfinished, go_on
from hippo_cli.operations.withdrawal import Found, Withdrawal
from hippo_cli.output import JsonOption, say, show_json
from hippo_cli.progress import show_progress

_DELETING = "deleting"


def withdraw(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The participant's id.")],
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id (default: the study in this folder).")
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Path of the receipt; the file must not exist."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and exit.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permanently delete a participant's answers, trials and server record, old versions included.

    Stops their server first. Lists what will be deleted and asks. Leaves a receipt that does not identify
    the participant. Run the same command again to finish an interrupted run.
    """
    clock = SystemClock()
    found_project = open_project(context.obj, read_project(project) if project else None, bucket)
    folder = receipt.parent if receipt else Path()
    user_id = _find_user(found_project, user, folder)
    begun = clock.now()
    path = choose_path(receipt, found_project.id, begun)
    withdrawal = Withdrawal(found_project, found_project.connection.make_client("s3"), user_id, clock)
    found = withdrawal.find(read_server(found_project.platform, user_id))
    unfinished = Unfinished(folder, found_project.id, user_id)
    earlier = unfinished.read()
    if earlier is None:
        _check(found)
    if not as_json:
        _show(found)
    if dry_run:
        if as_json:
            show_json(_as_json(found_project, found))
        return
    if not confirm("Delete all of it permanently?", yes=yes, quiet=as_json):
        raise typer.Abort

    def build_receipt(what: Found) -> dict[str, Any]:
        stack, bucket = found_project.stack.name, found_project.records.name
        return go_on(make_receipt(what, stack, bucket, begun, clock.now()), earlier)

    def keep(what: Found) -> None:
        unfinished.keep(build_receipt(what))

    note = build_receipt(_delete(withdrawal, found_project, found, path, keep, hidden=as_json))
    write_receipt(path, note)
    unfinished.forget()
    _show_receipt(note, path, as_json=as_json)


def _show_receipt(note: dict[str, Any], path: Path, *, as_json: bool) -> None:
    if as_json:
        show_json({**note, "receipt": str(path)})
        return
    say(f"Deleted. Anonymous receipt: {path}", "bold")
    for line in note["stillThere"]:
        say(f"Remaining: {line}.", "dim")


def _delete(
    withdrawal: Withdrawal,
    project: Project,
    found: Found,
    receipt: Path,
    keep: Callable[[Found], None],
    *,
    hidden: bool,
) -> Found:
    """Stop the server, delete everything, and return what was deleted.

    The receipt's path is reserved first and released if the deletion fails. `keep` receives what was found
    just before the deletion.
    """
    reserve(receipt)
    try:
        if _stop_server(project, found):
            found = withdrawal.find(read_server(project.platform, found.user_id))
        keep(found)
        with show_progress({_DELETING: "deleting"}, hidden=hidden) as advance:
            withdrawal.delete(found, lambda done, total: advance(_DELETING, done, total))
        left = _check_gone(withdrawal, project, found.user_id)
    except BaseException:
        receipt.unlink(missing_ok=True)
        raise
    return replace(found, leaves_uploads=left.leaves_uploads)


def _find_user(project: Project, user: str, folder: Path) -> str:
    """Return the user id as it is stored.

    Earlier deployments accepted any id, so an exact match in the bucket, or in an unfinished earlier run,
    comes before today's spelling rules.
    """
    if user and Unfinished(folder, project.id, user).read() is not None:
        return user
    client = project.connection.make_client("s3")
    named = user and "/" not in user and Withdrawal(project, client, user, SystemClock()).has_stored()
    return user if named else read_user(user)


def _check(found: Found) -> None:
    if found.is_empty:
        where = f"; their server record belongs to {', '.join(found.others)}" if found.others else ""
        raise CliError(
            f"no data of {found.user_id} in {found.project_id}{where}",
            "Check the user id and the project, or pass --bucket if the data is in another bucket.",
        )


def _show(found: Found) -> None:
    say(f"{found.user_id} in {found.project_id}:", "bold")
    for line in describe(found):
        say(line)
    if found.server is not None and found.server.state != STOPPED:
        say(f"Their server is {found.server.state}. It is stopped first.")
    if found.others:
        say(f"Their server record belongs to {', '.join(found.others)}. It stays until they withdraw there.")


def _stop_server(project: Project, found: Found) -> bool:
    """Stop the server; return whether one was running. Raise CliError if it does not stop in time."""
    if found.server is None or found.server.state == STOPPED:
        return False
    platform = Platform(project.connection, project.stack, project.platform, None)
    ask_to_stop(platform, found.server)
    (result,) = await_stopped(project.platform, [found.server], SystemClock())
    if not result.done:
        raise CliError(
            f"the server of {found.user_id} is still {result.state}; nothing was deleted",
            "The platform continues to stop it. Run the same command again in a few minutes.",
        )
    return True


def _check_gone(withdrawal: Withdrawal, project: Project, user_id: str) -> Found:
    left = withdrawal.find(read_server(project.platform, user_id))
    if not left.is_empty:
        raise CliError(
            "new data appeared during the deletion:\n" + "\n".join(describe(left)),
            "The participant's page is still open. Have it closed, or close the study (`hippo pause`).\n"
            "Then run the same command again.",
        )
    return left


def _as_json(project: Project, found: Found) -> dict[str, object]:
    return {
        "userId": found.user_id,
        "projectId": found.project_id,
        "stack": project.stack.name,
        "bucket": project.records.name,
        "objects": sorted({one.key for one in found.versions} | set(found.queue)),
        "versions": len(found.versions),
        "unfinishedUploads": [one.key for one in found.uploads],
        "inListOfAdmissions": found.is_listed,
        "server": found.server.state if found.server else None,
    }
