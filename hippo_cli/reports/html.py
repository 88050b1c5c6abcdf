"""A status as one HTML file: no script, nothing loaded from anywhere, each chart with its figures below."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from hippo_cli.output import only_printable
from hippo_cli.prices import SOURCE
from hippo_cli.reports.figures import Chart, Listing, Row, list_charts, list_servers
from hippo_cli.reports.style import STYLE
from hippo_cli.reports.summary import GONE_AFTER, Summary
from hippo_cli.reports.terminal import list_remarks
from hippo_cli.reports.words import form_dollars, form_duration, form_share

# Of the report's own policy: should a value ever get past the escaping, it could load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PART = ".part"


def write_report(summary: Summary, path: Path) -> None:
    """Write the report; an earlier one is replaced once the new one is whole."""
    part = path.with_name(path.name + _PART)
    try:
        part.write_text(form_report(summary), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def form_report(summary: Summary) -> str:
    """The report's HTML, without what a page cannot hold."""
    title = escape(f"{summary.project_id}: {summary.title}")
    remarks = "".join(f"<p class=remark>{escape(remark)}</p>" for remark in list_remarks(summary))
    when = f"{summary.now.astimezone():%Y-%m-%d %H:%M %Z}"
    return only_printable(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{title}</h1><p>As of {escape(when)}</p></header>
<main>
{_form_numbers(summary)}
{remarks}
<div class=charts>
{"".join(map(_form_chart, list_charts(summary)))}
</div>
{"".join(map(_form_listing, list_servers(summary)))}
</main>
<footer><p>{_form_notes(summary)}</p></footer>
</body>
</html>
""")


def _form_notes(summary: Summary) -> str:
    size = f"{summary.size.cpu:g} vCPU and {summary.size.memory:g} GB"
    if not summary.size.known:
        size += " (assumed: the task definition could not be read)"
    return escape(
        f"Costs are at most: on demand, {SOURCE}, {size} for each server. Of each participant's server the "
        "last attempt counts, those that were replaced come on top. Somebody who has not finished and was "
        f"not heard of for {form_duration(GONE_AFTER)} counts as gone."
    )


def _form_numbers(summary: Summary) -> str:
    numbers: list[tuple[str, object]] = [
        ("participants", summary.total),
        ("finished", f"{summary.finished} ({form_share(summary.finished, summary.total) or '0 %'})"),
        ("at it", summary.active),
        ("gone", summary.gone),
        ("today", summary.today),
        ("servers now", len(summary.servers) if summary.servers_visible else "?"),
        (
            "servers so far, at most, replaced ones not counted",
            form_dollars(summary.cost) if summary.servers_visible else "?",
        ),
    ]
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in numbers
    )
    return f"<dl class=numbers>{cells}</dl>"


def _form_chart(chart: Chart) -> str:
    label = escape(f"{chart.title}: {chart.caption}")
    drawing = chart.svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return (
        f"<figure><h2>{escape(chart.title)}</h2><figcaption>{escape(chart.caption)}</figcaption>{drawing}"
        f"<details><summary>Figures</summary>{_form_table(chart.names, chart.rows)}</details></figure>"
    )


def _form_listing(listing: Listing) -> str:
    return f"<section><h2>{escape(listing.title)}</h2>{_form_table(listing.names, listing.rows)}</section>"


def _form_table(names: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<div class=table><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
