"""`hippo stop`: stops one participant's game server, or all of a project or stack."""

from datetime import timedelta
from typing import Annotated

import typer

from hippo.clock import SystemClock, to_wire
from hippo.errors import BadRequestError
from hippo.records.codes import ServerState
from hippo.records.messages import MAX_DELAY_MINUTES, parse_delay
from hippo.records.server import ServerRecord
from hippo_cli.commands.servers import format_time
from hippo_cli.confirmation import ask_first
from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.errors import CliError, ExitCode, UsageError
from hippo_cli.operations.platform import Platform, open_platform, read_project, read_user
from hippo_cli.operations.servers import read_all_servers, read_project_servers, read_server
from hippo_cli.operations.stopping import Stopped, ask_to_stop, await_deadlines, await_stopped
from hippo_cli.output import JsonOption, say, say_error, show_json
from hippo_cli.reports.servers import is_alive


def stop(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(metavar="USER", help="The participant's id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All servers of the project or stack.")] = False,
    project: Annotated[
        str | None, typer.Option("--project", help="Only a server of this project (the folder's).")
    ] = None,
    delay: Annotated[
        str, typer.Option(metavar="MINUTES", help="Stop them in so many minutes, not now: 0 to 1440.")
    ] = "0",
    wait: Annotated[
        bool, typer.Option(help="Wait until they have stopped (a minute or so), or until --delay is set.")
    ] = True,
    timeout: Annotated[float, typer.Option(help="Minutes to wait at most.")] = 5,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --all.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a participant's game server, or all of them; what they recorded is kept.

    With --delay they are stopped later, but never later than they would have been without.
    Whoever has not come to the game yet gets another server: close the study first (`hippo pause`).
    Ends with 1 if a server has not stopped in time; the platform goes on stopping it by itself.
    """
    if (user is None) != everything:
        raise UsageError("either a participant or --all is needed", "`hippo servers` lists those that run.")
    if not 1 <= timeout <= MAX_DELAY_MINUTES:
        raise UsageError(f"--timeout {timeout:g}", f"1 to {MAX_DELAY_MINUTES} minutes.")
    minutes = _read_delay(delay)
    platform = open_platform(context.obj)
    if everything:
        records = _find_all(context, platform, project, bucket)
        _confirm(records, minutes, yes=yes, as_json=as_json)
    else:
        records = [_find_one(platform, read_user(user or ""), project)]
    for record in records:
        ask_to_stop(platform, record, minutes)
    if wait:
        results = _await(platform, records, minutes, timedelta(minutes=timeout), as_json=as_json)
    else:
        note = f"asked to stop{_format_delay(minutes)}"
        results = [Stopped(record.user_id, record.state, False, note) for record in records]
    _show(results, waited=wait, as_json=as_json)


def _read_delay(text: str) -> float:
    try:
        return parse_delay(text)
    except BadRequestError as error:
        what = str(error).removeprefix("delay: ")
        raise UsageError(f"--delay {text}: {what}", "Such as --delay 10.") from None


def _format_delay(minutes: float) -> str:
    return f" in {minutes:g} minutes" if minutes else ""


def _await(
    platform: Platform, records: list[ServerRecord], delay: float, patience: timedelta, *, as_json: bool
) -> list[Stopped]:
    tell = (lambda _: None) if as_json else _tell
    if delay:
        return await_deadlines(platform.bucket, records, delay, SystemClock(), patience, tell)
    return await_stopped(platform.bucket, records, SystemClock(), patience, tell)


def _find_all(
    context: typer.Context, platform: Platform, project: str | None, bucket: str | None
) -> list[ServerRecord]:
    if project or platform.folder_project:
        found = open_project(context.obj, read_project(project) if project else None, bucket)
        return [record for record in read_project_servers(found, say_error) if is_alive(record)]
    return [record for record in read_all_servers(platform.bucket, say_error) if is_alive(record)]


def _find_one(platform: Platform, user_id: str, project: str | None) -> ServerRecord:
    record = read_server(platform.bucket, user_id)
    if record is None:
        raise CliError(f"{user_id} has no server, and never had one", "`hippo servers` lists those that run.")
    wanted = read_project(project) if project else platform.folder_project
    if wanted and record.project_id != wanted:
        raise CliError(
            f"the server of {user_id} is one of the project {record.project_id}, not of {wanted}",
            f"If that one is meant: --project {record.project_id}",
        )
    return record


def _confirm(records: list[ServerRecord], delay: float, *, yes: bool, as_json: bool) -> None:
    if not records:
        return
    if not as_json:
        for record in records:
            say(f"{record.user_id}  {record.project_id}  {record.state}")
    question = f"Stop these {len(records)} servers{_format_delay(delay)}? Whoever plays on them is cut off"
    ask_first(question, yes=yes, quiet=as_json)


def _tell(result: Stopped) -> None:
    ends = f"ends at {format_time(result.ends)}" if result.ends else ""
    says = "; ".join(filter(None, (ends, result.note)))
    say(f"{result.user_id}: {says or result.state}")


def _show(results: list[Stopped], *, waited: bool, as_json: bool) -> None:
    late = [result for result in results if not result.done]
    if as_json:
        show_json(
            [
                {
                    "userId": one.user_id,
                    "state": one.state,
                    "stopped": one.done and one.state in (ServerState.STOPPED, "gone"),
                    "note": one.note,
                    "endsAt": to_wire(one.ends),
                }
                for one in results
            ]
        )
    elif not results:
        say("No server is running.")
    elif not waited:
        for result in late:
            _tell(result)
    if waited and late:
        for result in late:
            say_error(f"{result.user_id}: still {result.state}", "bold red")
        say_error("The platform goes on by itself; `hippo servers` says how far it is.")
        raise typer.Exit(ExitCode.PROBLEMS)
