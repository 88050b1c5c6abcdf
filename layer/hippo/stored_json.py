"""The reading of JSON objects from the bucket, where anything may be: what is stored there is input."""

import json
from typing import Any


def parse_object(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object in `body`. Raises ValueError for anything else, also for endless nesting."""
    try:
        data = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # callers handle one error for all that is unreadable
    return data


def read_count(value: object, default: int | None = None) -> int | None:
    """Return a whole number from 0 to 999,999; `default` for anything else."""
    return value if type(value) is int and 0 <= value < 1_000_000 else default
