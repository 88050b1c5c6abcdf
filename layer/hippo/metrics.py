"""CloudWatch metrics in the embedded metric format: a line of JSON in the function's log, without a call.

CloudWatch Logs extracts metrics from log events that consist of such an object only (CloudWatch user guide,
"Specification: Embedded metric format"). So the line goes straight to standard output: Lambda wraps whatever
passes through `logging` in an object of its own. Nothing is written while no stack is named, or if `logging`
is disabled.

The stack is the only dimension: each other value of a dimension would be billed as a metric of its own. Ids
and reasons are properties next to the metrics, by which the log can be searched.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, get_args

NAMESPACE = "HIPPO"
DIMENSION = "Stack"
COUNT, SECONDS, UNITLESS = "Count", "Seconds", "None"

Metric = Literal[
    "Participants",
    "Steps",
    "Answers",
    "LargeRecords",
    "Refusals",
    "BadRequests",
    "Unavailable",
    "ServersStarted",
    "ServersReady",
    "TimeToReady",
    "ServersFailed",
    "StartsHeldBack",
    "ServersStopped",
    "ServerMinutes",
    "ServersReplaced",
    "StartingServers",
    "ReadyServers",
    "StoppingServers",
    "SlotsInUse",
    "Queue",
    "ServersPastDeadline",
    "Orphans",
    "UnreadableRecords",
]

# docs/reference/metrics.md says what each metric counts.
_OTHER_UNITS: Mapping[Metric, str] = {"TimeToReady": SECONDS, "ServerMinutes": UNITLESS}
UNITS: Mapping[Metric, str] = {name: _OTHER_UNITS.get(name, COUNT) for name in get_args(Metric)}

_switch = logging.getLogger(__name__)
_switch.setLevel(logging.INFO)
_stack = ""


def name_stack(prefix: str) -> None:
    """Set the stack whose metrics this process writes from now on; empty to write none."""
    global _stack  # as with logging, all modules write for one process
    _stack = prefix


def record(values: Mapping[Metric, float], /, **properties: str) -> None:
    """Write the metrics of one event in one line, with its ids and reasons as properties, never bodies.

    It never fails: a handler's work does not depend on its metrics.
    """
    if not values or not _stack or not _switch.isEnabledFor(logging.INFO):
        return
    with suppress(OSError, ValueError):
        sys.stdout.write(format_line(_stack, values, properties, time.time_ns() // 1_000_000) + "\n")
        sys.stdout.flush()


def format_line(
    stack: str, values: Mapping[Metric, float], properties: Mapping[str, str], milliseconds: int
) -> str:
    """Return the JSON line of an event; `milliseconds` counts from 1970."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
    }
    head = {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}}
    return json.dumps({**properties, **head, DIMENSION: stack, **values}, separators=(",", ":"))
