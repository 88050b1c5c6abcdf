"""Tests of the measurement of AWS calls."""

import pytest

from bench.calls import Cost, format_calls_table, measure_calls
from bench.kinds import START, STOP, UPDATE
from bench.meter import Traffic

READ, WRITE, PUBLISH = {"GetObject": 1}, {"PutObject": 1}, {"Publish": 1}
DELAY = 0.001


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    """Measure each kind of request once."""
    return {cost.kind: cost for cost in measure_calls(runs=1, delay=DELAY)}


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        ("first page", READ | WRITE),
        ("first page that starts the server", READ | WRITE | PUBLISH),
        ("page step", READ | WRITE),
        ("reload of a page", READ),
        ("POST that reaches a game, server not ready", WRITE | {"GetObject": 2}),
        ("waiting poll", {"GetObject": 2}),
        ("waiting poll that renews the list", {"GetObject": 3}),
        ("ready poll", WRITE | {"GetObject": 2}),
        ("page step that stops the server", READ | WRITE | PUBLISH),
        ("GET /start", PUBLISH),
        ("GET /stop", PUBLISH),
        (UPDATE, {"ListObjectsV2": 3, "GetObject": 7, "PutObject": 2}),
    ],
)
def test_each_kind_of_request_has_its_calls(costs: dict[str, Cost], kind: str, calls: dict[str, int]) -> None:
    """Given each kind of request, its participant reaches that situation, so that its AWS calls are exactly
    the expected ones.
    """
    assert costs[kind].calls == calls


@pytest.mark.parametrize(("kind", "call"), [(START, "RunTask"), (STOP, "StopTask")])
def test_a_server_is_really_started_and_stopped(costs: dict[str, Cost], kind: str, call: str) -> None:
    """Given the kinds for servers, a whole start and a whole stop are measured."""
    assert costs[kind].calls[call] == 1


def test_bytes_are_those_of_the_record(costs: dict[str, Cost]) -> None:
    """Given a page step, it sends the record that it read with one more entry."""
    (run,) = costs["page step"].runs

    assert run.sent > run.received > 0


def test_delay_is_counted_once_a_call_and_not_as_the_handlers_time(costs: dict[str, Cost]) -> None:
    """Given three calls with a delay, three delays are counted, and none as the handler's own time."""
    (run,) = costs["ready poll"].runs

    assert run.delay_seconds >= 3 * DELAY
    assert run.own_seconds == pytest.approx(run.seconds - run.aws_seconds - run.delay_seconds)


def test_the_table_has_a_row_for_each_kind(costs: dict[str, Cost]) -> None:
    """Given measured costs, the table shows calls by name, bytes and times in one row for each kind."""
    table = format_calls_table(costs.values(), DELAY).splitlines()

    assert len(table) == 2 + len(costs)
    assert "| page step | 2 | 1 GetObject, 1 PutObject |" in "\n".join(table)


def test_runs_that_differ_are_rejected() -> None:
    """Given a kind whose calls differ between runs, an error is raised instead of a figure."""
    with pytest.raises(ValueError, match="page step"):
        _ = Cost("page step", [Traffic({"GetObject": 1}), Traffic({"GetObject": 2})]).calls
