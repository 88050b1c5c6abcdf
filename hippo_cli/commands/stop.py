"""`hippo stop`: stops one participant's game server, or all servers of a project or stack."""

from datetime import timedelta
from typing import Annotated

import typer

from hippo.clock import SystemClock, to_wire
from hippo.errors import BadRequestError
from hippo.records.codes import ServerState
from hippo.records.messages import MAX_DELAY_MINUTES, parse_delay
from hippo.records.server import ServerRecord
from hippo_cli.confirmation import confirm
from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.errors import CliError, ExitCode, UsageError
from hippo_cli.findings import choose_form, format_count
from hippo_cli.operations.platform import Platform, open_platform, parse_project, parse_user
from hippo_cli.operations.servers import read_all_servers, read_project_servers, read_server
from hippo_cli.operations.stopping import StopOutcome, await_deadlines, await_stopped, request_stop
from hippo_cli.output import JsonOption, say, say_error, show_json
from hippo_cli.reports.formatting import format_clock_time
from hippo_cli.reports.servers import is_alive


def stop(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(metavar="USER", help="The participant's id.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Stop all servers of the project or stack.")
    ] = False,
    project: Annotated[
        str | None,
        typer.Option("--project", help="Only servers of this project. Default: the study in this folder."),
    ] = None,
    delay: Annotated[
        str, typer.Option(metavar="MINUTES", help="Stop after this many minutes, 0 to 1440.")
    ] = "0",
    wait: Annotated[
        bool,
        typer.Option(
            help="Wait until the servers have stopped (about a minute), or with --delay: until the platform "
            "has moved their deadlines."
        ),
    ] = True,
    timeout: Annotated[float, typer.Option(help="Maximum number of minutes to wait.")] = 5,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Stop all without asking.")] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a participant's game server, or all servers. Their recorded files are kept.

    With --delay, servers stop after that many minutes, or at their deadline if that is earlier.
    Participants who have not reached the game yet get a new server. To prevent this, close the study first
    (`hippo pause`).
    Exits with 1 if a server has not stopped in time. The platform continues to stop it.
    """
    _check_options(user, everything, timeout)
    minutes = _read_delay(delay)
    platform = open_platform(context.obj)
    if everything:
        records = _find_all(context, platform, project, bucket)
        _require_agreement(records, minutes, yes=yes, as_json=as_json)
    else:
        records = [_find_one(platform, parse_user(user or ""), project)]
    for record in records:
        request_stop(platform, record, minutes)
    if wait:
        results = _await(platform, records, minutes, timedelta(minutes=timeout), as_json=as_json)
    else:
        note = f"stop requested{_format_delay(minutes)}"
        results = [StopOutcome(record.user_id, record.state, False, note) for record in records]
    _show(results, waited=wait, as_json=as_json)


def _check_options(user: str | None, everything: bool, timeout: float) -> None:
    if (user is None) != everything:
        raise UsageError("pass either a participant or --all", "`hippo servers` lists running servers.")
    if not 1 <= timeout <= MAX_DELAY_MINUTES:
        raise UsageError(
            f"--timeout {timeout:g}: out of range", f"Pass a number of minutes from 1 to {MAX_DELAY_MINUTES}."
        )


def _read_delay(text: str) -> float:
    try:
        return parse_delay(text)
    except BadRequestError as error:
        reason = str(error).removeprefix("delay: ")
        raise UsageError(f"--delay {text}: {reason}", "Pass minutes, such as --delay 10.") from None


def _format_delay(minutes: float) -> str:
    return f" in {minutes:g} {choose_form(minutes, 'minute')}" if minutes else ""


def _await(
    platform: Platform, records: list[ServerRecord], delay: float, timeout: timedelta, *, as_json: bool
) -> list[StopOutcome]:
    report = (lambda _: None) if as_json else _report
    if delay:
        return await_deadlines(platform.bucket, records, delay, SystemClock(), timeout, report)
    return await_stopped(platform.bucket, records, SystemClock(), timeout, report)


def _find_all(
    context: typer.Context, platform: Platform, project: str | None, bucket: str | None
) -> list[ServerRecord]:
    if project or platform.folder_project:
        found = open_project(context.obj, parse_project(project) if project else None, bucket)
        return [record for record in read_project_servers(found, say_error) if is_alive(record)]
    return [record for record in read_all_servers(platform.bucket, say_error) if is_alive(record)]


def _find_one(platform: Platform, user_id: str, project: str | None) -> ServerRecord:
    record = read_server(platform.bucket, user_id)
    if record is None:
        raise CliError(f"there is no server record of {user_id}", "`hippo servers` lists running servers.")
    wanted = parse_project(project) if project else platform.folder_project
    if wanted and record.project_id != wanted:
        raise CliError(
            f"the server of {user_id} belongs to the project {record.project_id}, not to {wanted}",
            f"To stop it, pass --project {record.project_id}.",
        )
    return record


def _require_agreement(records: list[ServerRecord], delay: float, *, yes: bool, as_json: bool) -> None:
    if not records:
        return
    if not as_json:
        for record in records:
            say(f"{record.user_id}  {record.project_id}  {record.state}")
    servers = format_count(len(records), "server")
    question = f"Stop {servers}{_format_delay(delay)}? It interrupts games in progress."
    if not confirm(question, yes=yes, quiet=as_json):
        raise typer.Abort


def _report(result: StopOutcome) -> None:
    ends = f"ends at {format_clock_time(result.ends)}" if result.ends else ""
    text = "; ".join(filter(None, (ends, result.note)))
    say(f"{result.user_id}: {text or result.state}")


def _show(results: list[StopOutcome], *, waited: bool, as_json: bool) -> None:
    late = [result for result in results if not result.done]
    if as_json:
        show_json(
            [
                {
                    "userId": result.user_id,
                    "state": result.state,
                    "stopped": result.done and result.state in (ServerState.STOPPED, "gone"),
                    "note": result.note,
                    "endsAt": to_wire(result.ends),
                }
                for result in results
            ]
        )
    elif not results:
        say("No servers are running.")
    elif not waited:
        for result in late:
            _report(result)
    if waited and late:
        for result in late:
            say_error(f"{result.user_id}: still {result.state}", "bold red")
        say_error("The platform continues to stop them. Check progress with `hippo servers`.")
        raise typer.Exit(ExitCode.PROBLEMS)
