"""The days of a report, in every time zone."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest

from hippo.journey.progress import Phase
from hippo.studies.study import Study
from hippo_cli.reports.journeys import Journey
from hippo_cli.reports.servers import ServerSize, split_by_day
from hippo_cli.reports.summary import summarise

_FIRST, _LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MOST_SHARES = 8  # of a span of three days, even where clocks are set back over midnight
# Clocks set forward at midnight, back at midnight, back a minute after midnight, and a whole day skipped.
_ODD = {
    "America/Santiago": datetime(2026, 9, 6, 4, tzinfo=UTC),
    "Africa/Cairo": datetime(2026, 4, 23, 22, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 1, 5, tzinfo=UTC),
    "America/Asuncion": datetime(2024, 3, 24, 3, tzinfo=UTC),
    "Asia/Beirut": datetime(2026, 10, 24, 21, tzinfo=UTC),
    "America/St_Johns": datetime(2010, 11, 7, 2, 31, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
}


@pytest.fixture
def machine_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Restore this machine's time zone after the test has changed it."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def find_changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the days between _FIRST and _LAST, as their first moment in UTC, on which the clocks change."""
    moment, offset = _FIRST, _FIRST.astimezone(zone).utcoffset()
    while moment < _LAST:
        following = (moment + _DAY).astimezone(zone).utcoffset()
        if following != offset:
            yield moment
        moment, offset = moment + _DAY, following


def check_span(begun: datetime, zone: tzinfo | None) -> dict[date, timedelta]:
    """Check that each share of the three days from `begun` is on the day on which it begins and ends."""
    days: dict[date, timedelta] = {}
    moment = begun
    for count, (day, share) in enumerate(split_by_day(begun, begun + 3 * _DAY, zone), 1):
        assert count <= _MOST_SHARES
        assert share > timedelta(0)
        assert moment.astimezone(zone).date() == day
        moment += share
        assert (moment - timedelta.resolution).astimezone(zone).date() == day
        days[day] = days.get(day, timedelta(0)) + share
    assert moment == begun + 3 * _DAY
    return days


def test_days_of_every_zone() -> None:
    """Given any time zone and any of its clock changes, a span is split into its days and the split ends."""
    changes = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for change in find_changes(zone):
            changes += 1
            check_span(change - _DAY - timedelta(minutes=7), zone)

    assert changes > 1000


@pytest.mark.parametrize(("name", "change"), _ODD.items())
def test_days_around_a_change_at_midnight(
    name: str, change: datetime, machine_zone: pytest.MonkeyPatch
) -> None:
    """Given clocks that change at midnight, each moment around it begins a span whose split ends."""
    machine_zone.setenv("TZ", name)
    time.tzset()

    for minutes in range(-150, 150, 10):
        begun = change + timedelta(minutes=minutes)
        assert check_span(begun, ZoneInfo(name)) == check_span(begun, None)


def test_hours_of_a_day_that_begins_at_one() -> None:
    """Given a zone whose clocks skip the first hour of a day, that day has 23 hours."""
    days = check_span(datetime(2026, 9, 5, 4, tzinfo=UTC), ZoneInfo("America/Santiago"))

    hours = {f"{day:%d}": share.total_seconds() / 3600 for day, share in days.items()}
    assert hours == {"05": 24, "06": 23, "07": 24, "08": 1}


def test_today_begins_at_one(machine_zone: pytest.MonkeyPatch) -> None:
    """Given a machine whose clocks skipped midnight, today's participants are those since then."""
    machine_zone.setenv("TZ", "America/Santiago")
    time.tzset()
    times = [datetime(2026, 9, 6, 3, 59, tzinfo=UTC), datetime(2026, 9, 6, 4, 0, tzinfo=UTC)]
    journeys = [Journey("u", moment, moment, 1, Phase.PAGE, "v", ()) for moment in times]
    study = Study("p", {}, lambda _: None, lambda _: [])

    summary = summarise("p", study, journeys, [], ServerSize(), datetime(2026, 9, 6, 20, tzinfo=UTC))

    assert summary.today == 1
