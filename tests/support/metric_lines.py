"""The embedded metric format on a function's standard output, checked as it is read."""

import json
from typing import Any

from hippo.metrics import UNITS


def read_metric_lines(text: str) -> list[dict[str, Any]]:
    """Each line's metrics and properties, without what CloudWatch needs; the directive has to fit them.

    CloudWatch user guide, "Specification: Embedded metric format": metrics and dimensions are members of the
    root, metrics are numbers, dimensions texts.
    """
    lines = []
    for line in map(json.loads, text.splitlines()):
        head = line.pop("_aws")
        (directive,) = head["CloudWatchMetrics"]
        assert set(head) == {"Timestamp", "CloudWatchMetrics"}
        assert directive["Metrics"]
        for metric in directive["Metrics"]:
            assert metric["Unit"] == UNITS[metric["Name"]]
            assert isinstance(line[metric["Name"]], int | float)
        assert all(isinstance(line[name], str) for names in directive["Dimensions"] for name in names)
        del line["Stack"]
        lines.append(line)
    return lines
