"""JSON in the bucket: how it is written, and how it is read. Anything may be stored there, so it is input."""

import json
from collections.abc import Mapping
from typing import Any

# Errors from reading a parsed object whose values are not those that the platform writes.
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError)


def format_json(content: object, **options: Any) -> bytes:
    """Return `content` as it is stored: in UTF-8, which is up to a third of the size of ASCII escapes.

    `options` are those of `json.dumps`. A page may send a lone surrogate, such as half of an emoji, which
    UTF-8 cannot hold. It stays an escape, and is read as it was sent.
    """
    text = json.dumps(content, ensure_ascii=False, **options)
    # In JSON a surrogate occurs only within a string, where this is its escape: `\ud800`.
    return text.encode("utf-8", "backslashreplace")


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
