"""The reading of JSON objects from the bucket, where anything may be: what is stored there is input."""

import json
from collections.abc import Mapping
from typing import Any

# Errors from reading a parsed object whose values are not those that the platform writes.
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError)


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


def read_list(data: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    """Return the list under a key, empty if it is missing or null.

    Raises ValueError unless all its items are of this kind.
    """
    items = data.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, kind) for item in items):
        raise ValueError(f"{name} is not a list of {kind.__name__}")
    return items
