"""CloudWatch metrics in the embedded metric format: a line of JSON in the function's log, no call.

CloudWatch Logs makes metrics of log events that are such an object and nothing else (CloudWatch user guide,
"Specification: Embedded metric format"), so the line goes straight to standard output: what passes through
`logging` comes out inside an object of Lambda's own. It is silent while no stack is named, and where
`logging` is disabled.

One dimension, the stack: each further value of a dimension would be paid for as a metric of its own. What
else says something of the event (ids, reasons) is a property beside the metrics, to search the log by.
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
]

# docs/reference/metrics.md says what each of them counts.
_OTHER_UNITS: Mapping[Metric, str] = {"TimeToReady": SECONDS, "ServerMinutes": UNITLESS}
UNITS: Mapping[Metric, str] = {name: _OTHER_UNITS.get(name, COUNT) for name in get_args(Metric)}

_switch = logging.getLogger(__name__)
_switch.setLevel(logging.INFO)
_stack = ""


def name_stack(prefix: str) -> None:
    """Whose metrics this process writes, from now on; empty for nobody's."""
    global _stack  # as with logging, every module writes for the one process
    _stack = prefix


def record(values: Mapping[Metric, float], /, **properties: str) -> None:
    """Write metrics of one event, in one line, with what describes it besides: ids and reasons, no bodies.

    Never fails: a handler's work does not depend on what is counted of it.
    """
    if not values or not _stack or not _switch.isEnabledFor(logging.INFO):
        return
    with suppress(OSError, ValueError):
        sys.stdout.write(format_line(_stack, values, properties, time.time_ns() // 1_000_000) + "\n")
        sys.stdout.flush()


def format_line(
    stack: str, values: Mapping[Metric, float], properties: Mapping[str, str], milliseconds: int
) -> str:
    """The object of an event at a time (since 1970)."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
    }
    head = {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}}
    return json.dumps({**properties, **head, DIMENSION: stack, **values}, separators=(",", ":"))
