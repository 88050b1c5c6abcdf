"""`hippo servers`: the running game servers and, with `--all`, those that have ended."""

from datetime import datetime
from typing import Annotated

import typer

from hippo.clock import SystemClock
from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.operations.platform import open_platform, read_project
from hippo_cli.operations.servers import (
    ServerLine,
    make_lines,
    make_sizes,
    read_all_servers,
    read_project_servers,
)
from hippo_cli.output import JsonOption, say, say_error, show_json, show_table
from hippo_cli.reports.servers import find_size, is_alive

COLUMNS = ("user", "project", "state", "age", "ends", "minutes", "USD", "why")


def servers(
    context: typer.Context,
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id (default: the study in this folder).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also show servers that have stopped or failed.")
    ] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show game servers with their participant, age, deadline and maximum cost so far.

    Outside a study's folder, and without PROJECT, shows the servers of the whole stack.
    """
    lines = _read_lines(context, project, bucket)
    shown = [line for line in lines if everything or is_alive(line.record)]
    if as_json:
        show_json([line.as_json() for line in shown])
        return
    if shown:
        show_table("Game servers", COLUMNS, map(format_row, shown))
    ended = len(lines) - len(shown)
    alive = sum(is_alive(line.record) for line in lines)
    total = sum(line.dollars for line in shown)
    say(
        f"{alive} running or waiting; at most {total:.2f} USD so far, without replaced servers"
        + (f"; {ended} more have ended (--all shows them)" if ended else "")
    )


def _read_lines(context: typer.Context, project: str | None, bucket: str | None) -> list[ServerLine]:
    now = SystemClock().now()
    platform = open_platform(context.obj)
    if project is not None or platform.folder_project:
        found = open_project(context.obj, read_project(project) if project else None, bucket)
        size = find_size(found.connection.make_client, found.studies.current)
        return make_lines(read_project_servers(found, say_error), lambda _: size, now)
    return make_lines(read_all_servers(platform.bucket, say_error), make_sizes(platform), now)


def format_row(line: ServerLine) -> tuple[str, ...]:
    """Return the cells of a server's row in the table."""
    record = line.record
    return (
        record.user_id,
        record.project_id,
        record.state,
        "" if line.age is None else format_minutes(line.age),
        format_time(record.deadline) if is_alive(record) else "",
        f"{line.minutes:.0f}",
        f"{line.dollars:.3f}",
        line.reason,
    )


def format_minutes(minutes: float) -> str:
    """Return a duration such as `3 min`, `2 h 05 min` or `4 d`."""
    if minutes < 60:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes // 60:.0f} h {minutes % 60:02.0f} min"
    return f"{minutes // (24 * 60):.0f} d"


def format_time(moment: datetime | None) -> str:
    """Return a time such as `23:51` in the user's own time zone; empty for None."""
    return f"{moment.astimezone():%H:%M}" if moment else ""
