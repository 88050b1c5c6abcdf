"""`hippo logs`: the logs of functions and game server for one participant, in one timeline."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated

import typer

from hippo.clock import SystemClock
from hippo.records.server import ServerRecord
from hippo_cli.errors import AwsError, UsageError
from hippo_cli.operations.log_lines import LogLine, find_tasks, parse_since
from hippo_cli.operations.platform import ASK_FOR_STEWARD_POLICY, open_platform, parse_project, parse_user
from hippo_cli.operations.servers import read_server
from hippo_cli.operations.timeline import Timeline
from hippo_cli.output import JsonOption, say, say_error, show_json_line

_BEFORE = timedelta(
    minutes=10
)  # a participant is in the study for some time before their server is requested
_DAY = timedelta(days=1)
_STYLES = {"ERROR": "bold red", "CRITICAL": "bold red", "WARNING": "bold yellow"}


def logs(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The participant's id.")],
    project: Annotated[
        str | None,
        typer.Option(
            "--project", help="Project of the game server. Default: from its record, or this folder's study."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="30m, 2h, 1d, or a time. Default: 10 minutes before their server was requested.",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show new lines as they arrive, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the logs of functions and game server for a participant: ids and events, never answers.

    With --json, each line is a separate JSON object. Lines arrive several seconds late.
    """
    user_id = parse_user(user)
    platform, clock = open_platform(context.obj), SystemClock()
    start = parse_since(since, clock.now()) if since else None
    record = _find_record(lambda: read_server(platform.bucket, user_id))
    project_id = parse_project(project) if project else _choose_project(record, platform.folder_project)
    timeline = Timeline(
        platform.connection.make_client("logs"),
        platform.stack,
        user_id,
        project_id,
        find_tasks(record.task_arn) if record else set(),
    )
    start = start or _find_start(record, clock.now())
    if follow:
        for lines in timeline.follow(start, clock):
            _show(lines, timeline, as_json=as_json)
    lines = timeline.read(start)
    _show(lines, timeline, as_json=as_json)
    if not lines:
        say_error(
            f"No lines about {user_id} since {start.astimezone():%Y-%m-%d %H:%M}. "
            "Pass an earlier time with --since."
        )


def _find_record(read: Callable[[], ServerRecord | None]) -> ServerRecord | None:
    """Return the server record, or None if access is denied, because logs can be read without it."""
    try:
        return read()
    except AwsError:
        return None


def _choose_project(record: ServerRecord | None, folder_project: str | None) -> str:
    project_id = (record.project_id if record else "") or folder_project
    if not project_id:
        raise UsageError("the participant's project is not known", "Pass it with --project.")
    return project_id


def _find_start(record: ServerRecord | None, now: datetime) -> datetime:
    requested = record.requested_at if record else None
    return requested - _BEFORE if requested else now - _DAY


def _show(lines: Iterable[LogLine], timeline: Timeline, *, as_json: bool) -> None:
    for line in lines:
        if as_json:
            show_json_line(line.as_json())
        else:
            say(line.format(), _STYLES.get(line.level))
    _show_notes(timeline)


def _show_notes(timeline: Timeline) -> None:
    for source, note in timeline.notes.items():
        say_error(f"{source}: {note}", "yellow")
    timeline.notes.clear()
    if timeline.is_refused:
        raise AwsError("access denied: these credentials may not read the logs", ASK_FOR_STEWARD_POLICY)
