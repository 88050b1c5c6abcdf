"""Polling and times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hippo.clock import from_wire, parse_stamp, poll, to_wire, write_stamp
from hippo.errors import TransientError
from tests.support.fakes import FakeClock


def test_poll_gives_the_first_answer_without_waiting(clock: FakeClock) -> None:
    """Given a result at once, there is no sleep."""
    assert poll(lambda: 0, clock=clock, until=clock.now(), what="it") == 0
    assert clock.slept == []


def test_poll_backs_off_with_jitter(clock: FakeClock) -> None:
    """Given ten tries without a result, the pauses grow from 1 s by half up to 5 s, within a fifth."""
    answers = iter([None] * 10 + ["there"])

    assert (
        poll(lambda: next(answers), clock=clock, until=clock.now() + timedelta(hours=1), what="it") == "there"
    )

    for slept, planned in zip(clock.slept, [1, 1.5, 2.25, 3.375, 5, 5, 5, 5, 5, 5], strict=True):
        assert 0.8 * planned <= slept <= 1.2 * planned
    assert len(set(clock.slept)) == 10


def test_poll_ends_in_time_and_says_what_it_waited_for(clock: FakeClock) -> None:
    """Given no result, the error names what was awaited, exactly when the time has passed."""
    until = clock.now() + timedelta(seconds=30)

    with pytest.raises(TransientError, match="still waiting for the task"):
        poll(lambda: None, clock=clock, until=until, what="the task")

    assert until <= clock.now() <= until + timedelta(seconds=0.1)


def test_poll_asks_once_even_if_it_is_late(clock: FakeClock) -> None:
    """Given a time that has passed, there is one try all the same."""
    late = clock.now() - timedelta(seconds=1)

    assert poll(lambda: "there", clock=clock, until=late, what="it") == "there"
    with pytest.raises(TransientError):
        poll(lambda: None, clock=clock, until=late, what="it")
    assert clock.slept == []


def test_times_are_stored_in_utc() -> None:
    """Given a time of another zone, it is stored in UTC with milliseconds, and read as the same."""
    moment = datetime(2030, 1, 1, 5, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=-7)))

    assert to_wire(moment) == "2030-01-01T12:00:00.123+00:00"
    assert from_wire(to_wire(moment)) == moment
    assert to_wire(None) is None


@pytest.mark.parametrize("text", [None, "", "yesterday", 5, []])
def test_what_is_no_time_is_none(text: object) -> None:
    """Given any other value in a foreign record, the time is None."""
    assert from_wire(text) is None


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "0001-12-31", "9999-12-31T23:59:59-14:00", "9999-01-01T00:00:00Z"]
)
def test_times_at_the_ends_of_the_calendar_are_none(text: str) -> None:
    """Given a time that other zones cannot have, it is None, so that nothing fails when it converts it."""
    assert from_wire(text) is None


@pytest.mark.parametrize("text", ["2030-01-01 12:00:00", "2030-01-01T12:00:00Z", "2030-01-01T12:00:00.000Z"])
def test_times_of_others_are_read(text: str) -> None:
    """Given the formats of existing deployments and of SNS, they are read as UTC."""
    assert from_wire(text) == datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_stamp_is_read_as_it_was_written() -> None:
    """Given a time in whole milliseconds, its stamp is the same time, and stamps sort by time."""
    moments = [datetime(2030, 1, 1, 12, 0, 0, ms * 1000, tzinfo=UTC) for ms in (0, 7, 70, 700)]
    stamps = [write_stamp(moment) for moment in moments]

    assert [parse_stamp(stamp) for stamp in stamps] == moments
    assert stamps == sorted(stamps)
    assert stamps[1] == "20300101T120000007Z"


@pytest.mark.parametrize("text", ["", "2030", "20300101T120000Z.", "20301301T120000000Z"])
def test_what_is_no_stamp_is_none(text: str) -> None:
    """Given another text, the stamp is None."""
    assert parse_stamp(text) is None
