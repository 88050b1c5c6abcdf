"""`hippo servers`: running game servers and, with `--all`, those that have ended."""

from datetime import datetime
from typing import Annotated

import typer

from hippo.clock import SystemClock
from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.operations.platform import open_platform, parse_project
from hippo_cli.operations.servers import (
    ServerRow,
    build_server_rows,
    build_size_lookup,
    read_all_servers,
    read_project_servers,
)
from hippo_cli.output import JsonOption, say, say_error, show_json, show_table
from hippo_cli.reports.formatting import format_age, format_clock_time
from hippo_cli.reports.servers import find_size, is_alive

COLUMNS = ("user", "project", "state", "age", "deadline", "minutes", "USD", "reason")


def servers(
    context: typer.Context,
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id. Default: the study in this folder.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include servers that have stopped or failed.")
    ] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show game servers with their participant, age, deadline and maximum cost so far.

    Without PROJECT, and outside a study's folder, shows the servers of the whole stack.
    """
    rows = _read_servers(context, project, bucket)
    shown = [row for row in rows if everything or is_alive(row.record)]
    if as_json:
        show_json([row.as_json() for row in shown])
        return
    if shown:
        now = SystemClock().now()
        show_table("Game servers", COLUMNS, [format_row(row, now) for row in shown])
    hidden = len(rows) - len(shown)
    alive = sum(is_alive(row.record) for row in rows)
    total = sum(row.dollars for row in shown)
    say(
        f"{alive} running or starting, at most {total:.2f} USD so far, not counting replaced servers"
        + (f"; pass --all to include {hidden} that have ended" if hidden else "")
    )


def _read_servers(context: typer.Context, project: str | None, bucket: str | None) -> list[ServerRow]:
    now = SystemClock().now()
    platform = open_platform(context.obj)
    if project is not None or platform.folder_project:
        found = open_project(context.obj, parse_project(project) if project else None, bucket)
        size = find_size(found.connection.make_client, found.studies.current)
        return build_server_rows(read_project_servers(found, say_error), lambda _: size, now)
    return build_server_rows(read_all_servers(platform.bucket, say_error), build_size_lookup(platform), now)


def format_row(row: ServerRow, now: datetime) -> tuple[str, ...]:
    """Return the cells of a table row."""
    record = row.record
    return (
        record.user_id,
        record.project_id,
        record.state,
        "" if row.age is None else format_age(row.age),
        format_clock_time(record.deadline, now) if is_alive(record) else "",
        f"{row.minutes:.0f}",
        f"{row.dollars:.3f}",
        row.reason,
    )
