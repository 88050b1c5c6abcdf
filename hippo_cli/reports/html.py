"""A status report as one HTML file without scripts or external resources. Each chart includes its figures."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from hippo_cli.output import only_printable
from hippo_cli.prices import SOURCE
from hippo_cli.reports.figures import Chart, Row, TitledTable, list_charts, list_servers
from hippo_cli.reports.formatting import format_dollars, format_duration, format_share
from hippo_cli.reports.summary import DROPPED_OUT_AFTER, Summary
from hippo_cli.reports.terminal import list_remarks

# Content Security Policy of the report. Even a value that was not escaped could not load or run anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PART = ".part"
_NO_CHARTS = "<p>There are no charts yet, because no participant has opened the study.</p>"


def write_report(summary: Summary, path: Path) -> None:
    """Write the report. Replace an earlier one only once the new one is complete."""
    part = path.with_name(path.name + _PART)
    try:
        part.write_text(render_report(summary), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def render_report(summary: Summary) -> str:
    """Return the report's HTML, without characters that a page cannot contain."""
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
<style>{_CSS}</style>
</head>
<body>
<header><h1>{title}</h1><p>As of {escape(when)}</p></header>
<main>
{_render_numbers(summary)}
{remarks}
<div class=charts>
{"".join(map(_render_chart, list_charts(summary))) or _NO_CHARTS}
</div>
{"".join(map(_render_titled_table, list_servers(summary)))}
</main>
<footer><p>{_render_notes(summary)}</p></footer>
</body>
</html>
""")


def _render_notes(summary: Summary) -> str:
    size = f"{summary.size.cpu:g} vCPU and {summary.size.memory:g} GB"
    if not summary.size.known:
        size += " (assumed, because the task definition could not be read)"
    return escape(
        f"Costs are maximum values: on demand, {SOURCE}, {size} for each server. They include only the last "
        "attempt of each participant's server; replaced servers cost extra. Participants who have not "
        f"finished and were inactive for {format_duration(DROPPED_OUT_AFTER)} count as dropped out."
    )


def _render_numbers(summary: Summary) -> str:
    numbers: list[tuple[str, object]] = [
        ("participants", summary.total),
        ("finished", f"{summary.finished} ({format_share(summary.finished, summary.total) or '0 %'})"),
        ("active", summary.active),
        ("dropped out", summary.dropped_out),
        ("began today", summary.today),
        ("current servers", len(summary.servers) if summary.servers_visible else "?"),
        (
            "maximum server cost so far, not counting replaced servers",
            format_dollars(summary.cost) if summary.servers_visible else "?",
        ),
    ]
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in numbers
    )
    return f"<dl class=numbers>{cells}</dl>"


def _render_chart(chart: Chart) -> str:
    label = escape(f"{chart.title}: {chart.caption}")
    drawing = chart.svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return (
        f"<figure><h2>{escape(chart.title)}</h2><figcaption>{escape(chart.caption)}</figcaption>{drawing}"
        f"<details><summary>Figures</summary>{_render_table(chart.names, chart.rows)}</details></figure>"
    )


def _render_titled_table(table: TitledTable) -> str:
    return f"<section><h2>{escape(table.title)}</h2>{_render_table(table.names, table.rows)}</section>"


def _render_table(names: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<div class=table><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


_CSS = """
:root { color-scheme: light; font: 16px/1.45 system-ui, sans-serif; color: #1c2127; background: #fff; }
body { margin: 0 auto; max-width: 1180px; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; }
header p, figcaption, footer { color: #59636e; margin: 0; }
footer { font-size: .85rem; margin-top: 2rem; }
.numbers { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; }
.numbers div { background: #eef3f8; border-radius: 8px; padding: .5rem .9rem; }
.numbers dt { color: #59636e; font-size: .85rem; }
.numbers dd { font-size: 1.3rem; font-weight: 600; margin: 0; }
.remark { background: #fff4d6; border-radius: 8px; padding: .5rem .9rem; }
.charts { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 350px), 1fr)); }
figure, section { border: 1px solid #d5dce3; border-radius: 8px; margin: 0; padding: .9rem; }
section { margin-top: 1.2rem; }
svg { display: block; height: auto; margin: .5rem auto 0; max-width: 100%; width: 460px; }
svg text { font-family: system-ui, sans-serif; }
details { font-size: .9rem; margin-top: .5rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin-top: .4rem; }
th, td { border-bottom: 1px solid #e3e8ed; padding: .25rem .8rem .25rem 0;
  text-align: left; vertical-align: top; }
td { overflow-wrap: break-word; }
section td:last-child { min-width: 13rem; }
@media print {
  :root { font-size: 11px; }
  body { max-width: none; padding: 0; }
  .charts { display: block; }
  figure { break-inside: avoid; display: inline-block; margin: 0 1% 1rem 0; vertical-align: top; width: 45%; }
  section { break-inside: avoid; }
  summary { display: none; }
  .numbers div, .remark { border: 1px solid #d5dce3; print-color-adjust: exact; }
}
"""
