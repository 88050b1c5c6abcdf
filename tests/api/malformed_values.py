"""Values that do not fit docs/reference/openapi.yaml, and some that do, drawn by Hypothesis from a seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.api.description import list_operations, list_parameters

T = TypeVar("T")
_EACH = 150
# Values that have broken other programs: folders, own keys, patterns, terminators, formats, overlong text.
_NASTY = [
    *(
        "",
        " ",
        ".",
        "..",
        "-",
        "_",
        "*",
        "?",
        "#",
        "%",
        "\0",
        "a\0b",
        "\r\n",
        "a\nb",
        "\u202e",
        "\u212a",
        "é",
        "🂡",
    ),
    *("../../project_master_list.json", "..%2f..%2fx", "/etc/passwd", "a/b", "a//b", "./a", "a/..", "C:\\x"),
    *(
        "_servers",
        "_servers/x.json",
        "_slots/1",
        "_sweep.json",
        "Users",
        "Users/x",
        "plain/Users/x",
        "Trials",
    ),
    *(
        "www",
        "api",
        "mail",
        "ns1",
        "WWW",
        "localhost",
        "127.0.0.1",
        "a.b",
        "a_b",
        "-a",
        "a-",
        "a" * 49,
        "a" * 5000,
    ),
    *(
        "null",
        "None",
        "undefined",
        "true",
        "NaN",
        "Infinity",
        "-0",
        "1e309",
        "0x10",
        "१",
        "²",
        "1" * 400,
        "-1",
        "1.5",
    ),
    *(
        "{}",
        "[]",
        '{"$ne": 1}',
        '"',
        "'",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "{0.__class__}",
        "%s%n",
        "${x}",
    ),
    *("arn:aws:iam::000000000000:role/x", "{host}", "\ud800", "\ufeff", "a" * 256 + "\0", "😀" * 300),
]


@dataclass(frozen=True)
class Pools:
    """Valid values, and invalid (or barely valid) ones, by name of a parameter; and bodies."""

    fitting: Mapping[str, list[str]]
    malformed: list[str]
    bodies: list[bytes]
    methods: list[str]


def draw(strategy: st.SearchStrategy[T], number: int, count: int = _EACH) -> list[T]:
    """Return that many values of a strategy, the same for the same number."""
    drawn: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        drawn.append(value)

    collect()
    return drawn


def make_pools(number: int, marker: str) -> Pools:
    """Return the pools of one seed; every body and half of the malformed values contain `marker`."""
    schemas: dict[str, dict[str, Any]] = {}
    for path, method in list_operations():
        schemas |= list_parameters(path, method)
    fitting = {name: draw(_fitting(schema), number, 40) for name, schema in sorted(schemas.items())}
    wild = draw(st.one_of(st.text(max_size=80), st.sampled_from(_NASTY)), number) + _NASTY
    malformed = [value + marker if position % 2 else value for position, value in enumerate(wild)]
    return Pools(fitting, malformed, _make_bodies(number, marker), draw(_METHODS, number, 60))


def _fitting(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return a strategy for texts that a parameter's schema allows."""
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"]).map(str)
    return st.floats(schema["minimum"], schema["maximum"], allow_nan=False).map(str)


_METHODS = st.one_of(
    st.sampled_from(
        ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "get", "Post", "PROPFIND", "OPTIONS", "QUERY"]
    ),
    st.from_regex(r"\A[A-Z!#$&'*+.^_`|~0-9-]{1,20}\Z"),
)


def _make_bodies(number: int, marker: str) -> list[bytes]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    trees = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    )
    # Including NaN and Infinity, which are not JSON, and lone surrogates, which are.
    answers = st.dictionaries(st.text(max_size=20), trees, max_size=5).map(
        lambda fields: {**fields, "m": marker}
    )
    drawn = [
        json.dumps(tree).encode()
        for tree in draw(answers, number) + draw(trees.map(lambda t: [t, marker]), number)
    ]
    bytes_ = [marker.encode() + raw for raw in draw(st.binary(max_size=60), number)]
    text = json.dumps({"m": marker, "a": [1, {"b": None}], "c": "d"})
    return [
        *drawn,
        *bytes_,
        *(json.dumps({"m": marker, "a": value}).encode() for value in _NASTY),
        *_make_hostile_bodies(marker),
        *(text[:end].encode() for end in range(len(marker) + 8, len(text))),  # cut off
    ]


def _make_hostile_bodies(marker: str) -> list[bytes]:
    quoted = json.dumps(marker)
    return [
        f"m={marker}&a=1".encode(),
        f"<m>{marker}</m>".encode(),
        f"--x\r\nContent-Disposition: form-data; name=m\r\n\r\n{marker}\r\n--x--".encode(),
        ("[" * 50_000 + quoted).encode(),
        ('{"a":' * 50_000 + quoted).encode(),
        ('{"a":' * 900 + quoted + "}" * 900).encode(),
        ('{"a":' + "1" * 10_000 + ',"m":' + quoted + "}").encode(),
        ('{"a":1e999999,"m":' + quoted + "}").encode(),
        (f'{{"m":{quoted},"m":{quoted}}}').encode(),
        (f'{{"__proto__":{{"m":{quoted}}},"constructor":1}}').encode(),
        json.dumps({"m": marker, "a": "x" * 262_000}).encode(),
        json.dumps({"m": marker, "a": "x" * 400_000}).encode(),
        json.dumps({marker + str(index): index for index in range(3000)}).encode(),
        b'{"a":"\xff\xfe\xc0\xaf","m":' + quoted.encode() + b"}",
        b'{"a":"\xed\xa0\x80","m":' + quoted.encode() + b"}",
        b"\xef\xbb\xbf" + json.dumps({"m": marker}).encode(),
        json.dumps({"m": marker}).encode("utf-16"),
        json.dumps({"m": marker}).encode("utf-32"),
        b"\x1f\x8b\x08\x00" + marker.encode(),
        b'{"m":' + quoted.encode() + b"}\x00",
        b'{"a\x00b":' + quoted.encode() + b"}",
    ]
