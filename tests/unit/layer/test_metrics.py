"""Metrics are lines of CloudWatch's embedded metric format, and never disturb a handler."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hippo import metrics
from hippo.errors import BadRequestError, TransientError
from hippo.http import respond_to
from tests.support.metric_lines import read_metric_lines


@pytest.fixture(autouse=True)
def _stack() -> Iterator[None]:
    metrics.name_stack("hippo")
    yield
    metrics.name_stack("")


def test_a_line_is_what_cloudwatch_makes_metrics_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Given two metrics of an event, they are one object on one line, as the specification requires."""
    metrics.record({"ServersReady": 1, "TimeToReady": 61.5}, projectId="p", userId="ada")

    text = capsys.readouterr().out
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    line = json.loads(text)
    assert isinstance(line["_aws"].pop("Timestamp"), int)
    assert line == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "HIPPO",
                    "Dimensions": [["Stack"]],
                    "Metrics": [
                        {"Name": "ServersReady", "Unit": "Count"},
                        {"Name": "TimeToReady", "Unit": "Seconds"},
                    ],
                }
            ]
        },
        "Stack": "hippo",
        "projectId": "p",
        "userId": "ada",
        "ServersReady": 1,
        "TimeToReady": 61.5,
    }


def test_time_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a moment, it is written as milliseconds since 1970: CloudWatch drops events of wrong times."""
    monkeypatch.setattr(metrics.time, "time_ns", lambda: 1_893_499_200_123_456_789)

    metrics.record({"Steps": 1})

    assert json.loads(capsys.readouterr().out)["_aws"]["Timestamp"] == 1_893_499_200_123


def test_a_property_cannot_begin_another_line_or_hide_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    """Given line breaks, or a property named like a metric, the line is one and the metrics are right."""
    metrics.record({"Steps": 1}, reason='x"}\n{"_aws":1', Stack="other", Steps="many")

    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["Stack"], json.loads(line)["Steps"]) == ("hippo", 1)


@pytest.mark.parametrize(
    "hush",
    [lambda: metrics.name_stack(""), lambda: logging.disable(logging.CRITICAL)],
    ids=["no stack", "logging disabled"],
)
def test_silent(hush: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    """Given no stack, or logging disabled as in the simulation, nothing is written."""
    hush()
    try:
        metrics.record({"Steps": 1})
    finally:
        logging.disable(logging.NOTSET)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fault", [OSError("no space"), ValueError("I/O operation on closed file")])
def test_failing_output_does_not_fail_the_caller(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a standard output that fails, the caller continues."""

    class Broken(io.StringIO):
        def write(self, _text: str) -> int:
            raise fault

    monkeypatch.setattr(sys, "stdout", Broken())

    metrics.record({"Steps": 1})


@pytest.mark.parametrize(
    ("error", "metric"),
    [(BadRequestError("step: a number"), "BadRequests"), (TransientError("SlowDown"), "Unavailable")],
)
def test_answers_that_refuse_are_counted(
    error: Exception, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a request that ends in 400 or 503, it is counted without its text."""

    def work(_request: Any) -> dict[str, Any]:
        raise error

    respond_to({"body": "secret", "headers": {"x": "secret"}}, work)

    (line,) = read_metric_lines(text := capsys.readouterr().out)
    assert line[metric] == 1
    assert "secret" not in text
