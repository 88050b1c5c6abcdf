"""The report of `hippo status --html`: one file that cannot run or load anything."""

import errno
import os
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hippo.journey.progress import Phase
from hippo.records.server import ServerRecord
from hippo.studies.study import Study
from hippo_cli.commands import status as command
from hippo_cli.errors import ExitCode
from hippo_cli.reports.figures import list_charts
from hippo_cli.reports.formatting import format_dollars, format_duration
from hippo_cli.reports.html import render_report, write_report
from hippo_cli.reports.journeys import Journey
from hippo_cli.reports.servers import ServerSize, find_span, find_time_to_ready, split_by_day
from hippo_cli.reports.summary import Summary, summarise
from tests.support.study_world import PROJECT, StudyWorld

Run = Callable[..., Any]
NOW = datetime(2030, 1, 2, 1, 0, tzinfo=UTC)
EVIL = '"><script>alert(1)</script><img src=http://evil.example/x>&amp;$x_1$'


def build_server(**more: Any) -> ServerRecord:
    """Return a server that stopped after half an hour, 20 minutes of it yesterday."""
    begun = NOW - timedelta(minutes=80)
    times = {"requested_at": begun, "started_at": begun, "ready_at": begun + timedelta(seconds=50)}
    ended = {"stopped_at": begun + timedelta(minutes=30), "task_arn": "t"}
    return ServerRecord(**{"user_id": "u", "project_id": "p", "state": "stopped"} | times | ended | more)


def build_summary(servers: int = 3, steps: dict[str, str] | None = None) -> Summary:
    """Return a summary of some participants and servers whose names try to be markup."""
    steps = steps or {"1": f"{EVIL}.html", "2": "game", "finalStep": "thanks.html"}
    study = Study("p", {"name": EVIL, "steps": steps}, lambda _: None, lambda _: [])
    journeys = [
        Journey(
            f"u{index}",
            NOW,
            NOW - timedelta(hours=index),
            1 + index % 3,
            Phase.PAGE,
            "v",
            ((1, 30.0 + index),),
        )
        for index in range(6)
    ]
    records = [build_server(user_id=EVIL, error=EVIL, attempt=index + 1) for index in range(servers)]
    records.append(
        build_server(user_id=EVIL, state="ready", stopped_at=None, deadline=NOW - timedelta(minutes=1))
    )
    return summarise("p", study, journeys, records, ServerSize(1, 2), NOW, UTC)


class Page(HTMLParser):
    """The tags and text that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the start tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data


def test_nothing_runs_and_nothing_is_loaded() -> None:
    """Given names and reasons that contain markup, they are shown as text and nothing runs or loads."""
    html = render_report(build_summary())
    page = Page(html)

    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "image", "a", "foreignobject"}
    for tag, attributes in page.tags:
        assert not any(key.startswith("on") or key == "src" for key in attributes), tag
        for key in ("href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#")
    styles = " ".join(str(attributes.get("style")) for _, attributes in page.tags)
    assert "@import" not in html
    assert set(re.findall(r"url\(([^)]*)\)", styles + html)) <= set(re.findall(r"url\((#[^)]*)\)", html))
    assert page.text.count(EVIL) >= 5
    assert page.tags[4][1]["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_charts_are_whole_and_say_what_they_are() -> None:
    """Given a report, it has six charts that are well-formed, named and include their figures."""
    html = render_report(build_summary())

    drawings = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    titles = [ET.fromstring(drawing).attrib["aria-label"].partition(":")[0] for drawing in drawings]
    assert titles == ["Funnel", "Drop-outs", "Time per step", "Time to ready", "Server minutes", "Cost"]
    assert html.count("<details>") == 6
    assert len(html) < 250_000
    assert render_report(build_summary()) == html


def test_a_study_without_servers_or_participants() -> None:
    """Given nothing to draw, the report is still written, with fewer charts."""
    study = Study("p", {}, lambda _: None, lambda _: [])

    html = render_report(summarise("p", study, [], [], ServerSize(), NOW, UTC))

    assert "<svg" not in html
    assert "no participant has opened the study" in html
    assert "assumed, because the task definition could not be read" in html


@pytest.mark.parametrize("number", [1, 60])
def test_few_and_many_steps(number: int) -> None:
    """Given one step or very many, all of them are drawn."""
    steps = {str(step): f"page{step}.html" for step in range(1, number + 1)} | {"finalStep": "end.html"}

    html = render_report(build_summary(steps=steps))

    assert f"{number} page{number}" in html


@pytest.mark.parametrize("number", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("hours", [0, 9])
@pytest.mark.parametrize("seconds", [0.0, 0.4, 30.0])
def test_axes_of_small_counts(number: int, hours: int, seconds: float) -> None:
    """Given few participants or none, no axis has negative numbers or fractions of people."""
    steps = {"1": "a.html", "2": "game", "finalStep": "end.html"}
    study = Study("p", {"steps": steps}, lambda _: None, lambda _: [])
    seen = NOW - timedelta(hours=hours)
    journeys = [
        Journey(f"u{index}", seen, seen, 1, Phase.PAGE, "v", ((1, seconds),)) for index in range(number)
    ]
    begun = NOW - timedelta(minutes=80)
    ready = begun + timedelta(seconds=seconds)
    servers = [build_server(user_id=f"u{index}", ready_at=ready) for index in range(number)]

    charts = {
        chart.title: ET.fromstring(chart.svg)
        for chart in list_charts(summarise("p", study, journeys, servers, ServerSize(0, 0), NOW, UTC))
    }

    assert ("Funnel" in charts) == bool(number)
    assert ("Drop-outs" in charts) == bool(number and hours)
    for title, svg in charts.items():
        texts = [element.text or "" for element in svg.iter("{http://www.w3.org/2000/svg}text")]
        assert not [text for text in texts if text.startswith(("-", "\u2212"))], title
        if title in ("Funnel", "Drop-outs", "Time to ready"):
            assert not [text for text in texts if re.fullmatch(r"[0-9]*\.[0-9]+", text)], title


def test_a_full_disk_leaves_the_report_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no room for a new report, the earlier one stays and no partial file remains."""
    path = tmp_path / "report.html"
    path.write_text("before")

    def fill_disk(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", fill_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(build_summary(), path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert path.read_bytes() == b"before"


def test_the_command_writes_it(stack_world: StudyWorld, run: Run, tmp_path: Path) -> None:
    """Given --html, the file is written and the command says so."""
    stack_world.reach_final()

    result = run("status", PROJECT, "--html", tmp_path / "report.html")

    assert result.exit_code == 0, result.output
    assert "Report on 1 participants" in result.stdout
    assert "Mountain Car" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_without_the_extra(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a machine without the plotting library, this is reported before anything is read."""
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda _: None)

    result = run("status", PROJECT, "--html", tmp_path / "report.html")

    assert result.exit_code == ExitCode.MACHINE
    assert ".[report]" in result.stderr


def test_server_minutes_by_day() -> None:
    """Given a server that ran over midnight, each day has its share in the requested time zone."""
    servers = [build_server()]
    study = Study("p", {}, lambda _: None, lambda _: [])
    size = ServerSize(1, 2)

    def list_minutes(zone: timezone) -> dict[str, float]:
        summary = summarise("p", study, [], servers, size, NOW, zone)
        return {day.isoformat(): figures.minutes for day, figures in summary.days.items()}

    assert list_minutes(UTC) == {"2030-01-01": 20, "2030-01-02": 10}
    assert list_minutes(timezone(timedelta(hours=2))) == {"2030-01-02": 30}
    assert (
        sum(share.total_seconds() for _, share in split_by_day(NOW, NOW + timedelta(days=400), UTC))
        == 400 * 86400
    )


def test_spans_of_odd_records() -> None:
    """Given records with missing or impossible values, nothing is made up."""
    assert find_span(build_server(task_arn=""), NOW) is None
    assert find_span(build_server(started_at=None, requested_at=None), NOW) is None
    begun, ended = find_span(build_server(stopped_at=NOW - timedelta(days=9)), NOW) or (NOW, NOW)
    assert ended == begun
    assert find_time_to_ready(build_server()) == 50
    assert find_time_to_ready(build_server(ready_at=None)) is None
    assert find_time_to_ready(build_server(ready_at=NOW - timedelta(days=1))) is None
    # For a later attempt, its own start counts, not the first one's.
    again = build_server(attempt=2, requested_at=NOW - timedelta(hours=9))
    assert find_time_to_ready(again) == 50


def test_words() -> None:
    """Given durations and costs, they are formatted for people."""
    durations = [format_duration(seconds) for seconds in (0, 59.6, 60, 99, 3600, 7200, 11100)]
    assert durations == ["0 s", "60 s", "1 min", "99 s", "60 min", "2 h 00", "3 h 05"]
    assert [format_dollars(amount) for amount in (0, 0.012345, 3.1)] == ["0.00 USD", "0.0123 USD", "3.10 USD"]


def test_characters_that_pages_cannot_contain(recwarn: pytest.WarningsRecorder) -> None:
    """Given names with control characters, or in a script that the font lacks, no warning is raised."""
    steps = {"1": "研究.html", "2": "\x1b[31m\ud800.html", "finalStep": "thanks.html"}

    html = render_report(build_summary(steps=steps))

    assert "研究" in html
    assert "\x1b" not in html
    assert html.encode()
    assert [*recwarn] == []


def test_days_on_which_the_clock_changes() -> None:
    """Given a zone whose clocks go forward or back, that day has 23 or 25 hours."""
    zone = ZoneInfo("Europe/Berlin")

    def list_hours(begun: datetime) -> list[float]:
        spans = split_by_day(begun, begun + timedelta(days=3), zone)
        return [share.total_seconds() / 3600 for _, share in spans]

    assert list_hours(datetime(2026, 3, 28, 11, tzinfo=UTC)) == [12, 23, 24, 13]
    assert list_hours(datetime(2026, 10, 24, 10, tzinfo=UTC)) == [12, 25, 24, 11]


def test_today_where_the_clock_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a machine whose clocks went back this night, today still begins at midnight."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    study = Study("p", {}, lambda _: None, lambda _: [])
    created = [datetime(2026, 10, 24, 21, 59, tzinfo=UTC), datetime(2026, 10, 24, 22, 1, tzinfo=UTC)]
    journeys = [Journey("u", moment, moment, 1, Phase.PAGE, "v", ()) for moment in created]
    try:
        summary = summarise("p", study, journeys, [], ServerSize(), datetime(2026, 10, 25, 20, tzinfo=UTC))
        shares = [*split_by_day(created[0], created[0] + timedelta(days=2), None)]
    finally:
        monkeypatch.undo()
        time.tzset()

    assert summary.today == 1
    assert [share.total_seconds() / 60 for _, share in shares] == [1, 25 * 60, 23 * 60 - 1]
