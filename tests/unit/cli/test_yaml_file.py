"""Tests of reading YAML with its lines, and of findings where YAML reads something unexpected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo_cli.findings import Severity
from hippo_cli.yaml_file import parse_yaml, read_yaml


def describe(text: str) -> list[tuple[str, int, str]]:
    """Return code, line and key of each finding of a text."""
    return [(found.code, found.line, found.key) for found in parse_yaml(text, "config.yml").findings]


def test_lines_and_content() -> None:
    """Given nested keys, each has its line, and the content is as JSON has it."""
    file = parse_yaml("a:\n  1: x\n  2: [y, z]\nb: true\n", "config.yml")

    assert file.content == {"a": {"1": "x", "2": ["y", "z"]}, "b": True}
    assert [file.find_line(path) for path in (("a",), ("a", "2"), ("b",), ("a", "9"), ("c",))] == [
        1,
        3,
        4,
        1,
        0,
    ]
    assert file.findings == []


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("code: 0123", "the number 83"),
        ("code: 1_000", "the number 1000"),
        ("time: 12:30", "the number 750"),
        ("language: no", "false"),
        ("mobile: On", "true"),
        ("closesAt: 2030-12-01", "a date"),
        ("version: 1.10", "the number 1.1"),
        ("no: x", "the key `no` as false"),
        ("0123: x", "the key `0123` as 83"),
    ],
)
def test_traps(text: str, meaning: str) -> None:
    """Given an unquoted scalar that YAML does not read as text, a warning names what YAML reads."""
    (found,) = parse_yaml(text, "config.yml").findings

    assert (found.severity, found.code, found.line) == (Severity.WARNING, "yaml-trap", 1)
    assert meaning in found.what
    assert '"' in found.fix


@pytest.mark.parametrize(
    "text", ['a: "0123"', "a: 12", "a: -3", "a: +3", "a: 0.5", "a: true", "a: 2030", "a: ''"]
)
def test_plain_values_have_no_findings(text: str) -> None:
    """Given values that YAML reads as they look, the file has no findings."""
    assert describe(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ("duplicate-key", 3, "a")),
        ('s:\n  1: x\n  "1": y\n', ("duplicate-key", 3, "s.1")),
        ("a:\n\tb: 1\n", ("yaml", 2, "")),
        ("a: 1\n b: 2\n", ("yaml", 2, "")),
        ("a: .inf\n", ("yaml", 1, "a")),
        ("a: &x\n  b: *x\n", ("yaml", 1, "a.b")),
        ("a: !!python/object:os.system x\n", ("yaml", 1, "")),
        ("a: 2026-13-45\n", ("yaml", 0, "")),
        ("a: 1\n---\nb: 2\n", ("yaml", 2, "")),
        ("a: " + "[" * 1200 + "]" * 1200, ("yaml", 1, "")),
    ],
)
def test_errors(text: str, expected: tuple[str, int, str]) -> None:
    """Given invalid YAML, or a duplicate key, the file has an error with its line."""
    findings = [
        found for found in parse_yaml(text, "config.yml").findings if found.severity is Severity.ERROR
    ]

    assert [(found.code, found.line, found.key) for found in findings] == [expected]


def test_a_tab_is_named() -> None:
    """Given a tab at the beginning of a line, the error names it instead of `cannot start any token`."""
    (found,) = parse_yaml("a:\n\tb: 1\n", "config.yml").findings

    assert "tab" in found.what
    assert "spaces" in found.fix


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [(None, "file-missing", 0), (b"a: 1\nb: \xe9\n", "not-utf-8", 2), (b"a: \0", "yaml", 1)],
)
def test_unreadable_files(tmp_path: Path, body: bytes | None, code: str, line: int) -> None:
    """Given a file that is missing or not text, that is the only finding."""
    if body is not None:
        (tmp_path / "config.yml").write_bytes(body)

    file = read_yaml(tmp_path / "config.yml", "config.yml")

    assert file.content is None
    assert [(found.code, found.line) for found in file.findings] == [(code, line)]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Given any text, the result is content or an error, and never an exception."""
    file = parse_yaml(text, "config.yml")

    assert all(found.what and found.fix for found in file.findings)


def test_references_to_references() -> None:
    """Given aliases that expand to millions of values, the error comes at once."""
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    file = parse_yaml("\n".join(lines), "config.yml")

    assert file.content is None
    assert "too large" in file.findings[0].what
