"""A script that exports a project and prints seconds, peak memory (MB) and rows as JSON.

`export_project.py ROOT DIRECTORY PARTICIPANTS ANSWER_BYTES`; the bucket generates records as they are read.
"""

import io
import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

root, directory, participants, answer_bytes = (
    sys.argv[1],
    Path(sys.argv[2]),
    int(sys.argv[3]),
    int(sys.argv[4]),
)
sys.path[:0] = [root, f"{root}/layer"]

from hippo_cli.data.bucket import Bucket  # noqa: E402
from hippo_cli.data.studies import Studies  # noqa: E402
from hippo_cli.exports.fetch import Source  # noqa: E402
from hippo_cli.exports.run import Options, export  # noqa: E402

PREFIX = "study/Users/"
CONFIG = {"steps": {str(step): f"page{step}.html" for step in range(1, 11)} | {"finalStep": "end.html"}}
MOMENT = datetime(2030, 1, 1, 12, tzinfo=UTC)


class FakeS3:
    """The part of an S3 client that an export needs; each record has ten pages of answers."""

    def get_paginator(self, _: str) -> "FakeS3":
        """Return this object."""
        return self

    def paginate(self, Prefix: str, **_: object) -> Iterator[dict[str, Any]]:  # noqa: N803 - S3's own name
        """Yield listings of 1,000 keys."""
        for start in range(0, participants if Prefix == PREFIX else 0, 1000):
            numbers = range(start, min(start + 1000, participants))
            yield {"Contents": [self._list(number) for number in numbers]}

    def get_object(self, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803 - S3's own name
        """Return a newly generated record."""
        number = int(Key.rpartition("-")[2])
        body = json.dumps({"text": f"{number} " + "x" * answer_bytes, "choice": ["a", "b"], "age": "31"})
        entries = [
            {"requestId": f"{page}", "httpMethod": "POST", "headers": {"User-Agent": "M" * 200}, "body": body}
            | {"time": f"2030-01-01T12:{page:02d}:00.000+00:00"}
            for page in range(11)
        ]
        record = {"created": "2030-01-01T12:00:00.000+00:00", "nextStep": 12, "requests": entries}
        return {"Body": io.BytesIO(json.dumps(record).encode()), "ETag": f'"{number}"'}

    def _list(self, number: int) -> dict[str, Any]:
        return {"Key": f"{PREFIX}user-{number:06d}", "ETag": f'"{number}"', "Size": 1, "LastModified": MOMENT}


def measure() -> dict[str, float]:
    """Measure one export into a new directory."""
    bucket = Bucket(FakeS3(), "bucket")
    began = time.perf_counter()
    outcome = export(
        Source(bucket, "study", Studies(bucket, "study", CONFIG)), directory, Options(), lambda *_: None
    )
    seconds = time.perf_counter() - began
    assert outcome.rows["participants"] == participants
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    return {"seconds": seconds, "megabytes": most, "rows": outcome.rows["answers"]}


sys.stdout.write(json.dumps(measure()) + "\n")
