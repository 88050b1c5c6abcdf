"""Contents of objects that the platform did not write, for tests of everything that reads the bucket."""

import json
from typing import Any

from hypothesis import strategies as st

FAR = "2099-01-01T00:00:00.000+00:00"
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([FAR, "../x", "a/b", "\x1b[2J", 10**300, -1, "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BODIES = [
    b"",
    b"{broken",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"\xff\xfe",
    b"1e999",
    b"NaN",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"nextStep": 1e999, "attempt": 1e999, "finished": [1e999], "running": {"a": [1e999, 1]}}',
    b'{"nextStep": NaN, "requests": NaN, "projects": NaN, "config": NaN, "files": {}, "variants": {}}',
    b'{"nextStep": ' + b"9" * 10_000 + b"}",
    b'{"nextStep": ' + b"9" * 400 + b"}",
    b'{"projects": {"a": 1}, "admitted": "text", "refused": [], "running": [], "requests": "text"}',
    b'{"userId": "../x", "userId": "ada", "attempt": 1}',
    b'{"requests": [1, "a", null], "repeats": [[]], "otherParameters": [5], "parameters": []}',
    json.dumps({"pad": "x" * 5_000_000}).encode(),
    b'{"admitted": ' + b"[" * 900 + b"]" * 900 + b', "requests": ' + b"[" * 900 + b"]" * 900 + b"}",
]


def build_bodies(names: list[str]) -> st.SearchStrategy[bytes]:
    """Return bodies of JSON objects with any values under these names and others."""
    keys = st.sampled_from(names) | st.text(max_size=8)
    return st.dictionaries(keys, JSON, max_size=6).map(lambda value: json.dumps(value).encode())
