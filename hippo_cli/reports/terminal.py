"""The text of a status on a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hippo_cli.findings import format_count
from hippo_cli.output import PlainTable, only_printable
from hippo_cli.reports.formatting import format_dollars, format_duration, format_share, format_time
from hippo_cli.reports.servers import HIDDEN_RECORDS, NO_RECORD_VISIBLE, Visibility, describe_odd
from hippo_cli.reports.summary import DROPPED_OUT_AFTER, ServerView, Summary

_SHOWN = 15
_BAR = 24


def render(summary: Summary, note: str = "") -> RenderableType:
    """Return the whole summary as text, with `note` below it."""
    parts: list[RenderableType] = [_render_head(summary), _render_steps(summary)]
    if summary.waiting:
        parts += [Text(), _render_waiting(summary)]
    if summary.servers:
        parts += [Text(), _render_servers(summary)]
    if delayed := [server for server in summary.servers if server.problem]:
        parts += [Text(), _render_delays(delayed)]
    if summary.failures:
        parts += [Text(), _render_failures(summary)]
    parts += [Text(only_printable(line), style="yellow") for line in list_remarks(summary)]
    if note:
        parts.append(Text(note, style="bold red"))
    return Group(*parts)


def list_remarks(summary: Summary) -> list[str]:
    """Return remarks that explain the figures."""
    remarks = []
    if not summary.servers_visible:
        remarks.append(
            "Servers are not shown: these credentials may not read their records. Records last written "
            "before the stack tagged them can be read after their next change."
        )
    if summary.visibility is Visibility.UNCERTAIN:
        remarks.append(NO_RECORD_VISIBLE)
    elif summary.servers_visible and summary.hidden_servers:
        hidden = format_count(summary.hidden_servers, "server record")
        remarks.append(f"{hidden} left out: {HIDDEN_RECORDS}".replace("\n", " "))
    if summary.broken:
        remarks.append(f"{summary.broken} records cannot be read. Run `hippo export` to find out why.")
    if summary.odd_servers:
        remarks.append(describe_odd(summary.odd_servers) + ".")
    if summary.versions > 1:
        remarks.append(
            f"Participants are in {summary.versions} versions of the study. Steps are those of the newest."
        )
    return remarks


def _render_head(summary: Summary) -> Text:
    head = Text()
    title = "" if summary.title == summary.project_id else f": {summary.title}"
    head.append(only_printable(f"{summary.project_id}{title}"), "bold")
    head.append(f"   {format_time(summary.now, summary.now)}\n", "dim")
    head.append(
        f"{summary.total} participants: {summary.finished} finished, {summary.active} active, "
        f"{summary.dropped_out} dropped out (inactive for {format_duration(DROPPED_OUT_AFTER)})\n"
    )
    head.append(
        f"today: {summary.today} began, {summary.finished_today} of them finished; "
        f"now: {len(summary.waiting)} waiting for a server, {summary.playing} playing\n"
    )
    if summary.days:
        head.append(
            f"server cost so far: at most {format_dollars(summary.cost)}, not counting replaced servers\n"
        )
    return head


def _render_steps(summary: Summary) -> Table:
    table = _build_table(
        "step", "page", "active", "dropped out", "reached", "", "reached today", "median time"
    )
    most = max((step.reached for step in summary.steps), default=0)
    for step in summary.steps:
        table.add_row(
            str(step.step),
            step.file,
            str(step.active or ""),
            str(step.dropped_out or ""),
            f"{step.reached} {format_share(step.reached, summary.total):>5}",
            Text("█" * round(_BAR * step.reached / most) if most else "", "cyan"),
            f"{step.reached_today or ''}",
            format_duration(step.median),
        )
    return table


def _render_waiting(summary: Summary) -> Table:
    table = _build_table("waiting for a server", "step", "last active")
    for journey in summary.waiting[:_SHOWN]:
        table.add_row(journey.user, str(journey.step), format_time(journey.last_seen, summary.now))
    _add_more(table, len(summary.waiting))
    return table


def _render_servers(summary: Summary) -> Table:
    table = _build_table("server of", "state", "attempt", "age", "deadline", "maximum cost so far")
    for server in summary.servers[:_SHOWN]:
        deadline = format_time(server.deadline, summary.now)
        table.add_row(
            server.user,
            server.state,
            str(server.attempt),
            format_duration(server.age),
            Text(f"{deadline} passed", "bold red") if server.overdue else deadline,
            format_dollars(server.cost),
        )
    _add_more(table, len(summary.servers))
    return table


def _render_delays(delayed: list[ServerView]) -> Table:
    table = _build_table("delayed start of", "waiting for", "last problem")
    for server in delayed[:_SHOWN]:
        table.add_row(
            server.user, format_duration(server.age), Text(only_printable(server.problem), "bold red")
        )
    _add_more(table, len(delayed))
    return table


def _render_failures(summary: Summary) -> Table:
    table = _build_table("failed server of", "time", "reason")
    for failure in summary.failures[:_SHOWN]:
        table.add_row(failure.user, format_time(failure.time, summary.now), failure.reason)
    _add_more(table, len(summary.failures))
    return table


def _build_table(*columns: str) -> Table:
    table = PlainTable(show_edge=False, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add_more(table: Table, number: int) -> None:
    if number > _SHOWN:
        table.add_row(f"… {number - _SHOWN} more")
