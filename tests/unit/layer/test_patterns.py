"""Regular expressions that strangers' text reaches: none takes exponential time."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]  # the parser of `re` has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import hippo
from hippo.studies.placeholders import names_no_person


def list_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield every compiled pattern of the layer with its name."""
    for module in pkgutil.walk_packages(hippo.__path__, "hippo."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


def find_ambiguous(pattern: str, flags: int = 0) -> list[str]:
    """Return the repetitions that can divide the same text in many ways.

    Such a repetition holds another one, and nothing marks where each of its rounds begins.
    """
    return [
        str(body) for body in _walk(parser.parse(pattern, flags)) if _holds_repeat(body) and _is_open(body)
    ]


def _walk(tree: Any) -> Iterator[Any]:
    for operation, argument in tree:
        if operation in (codes.MAX_REPEAT, codes.MIN_REPEAT) and argument[1] is codes.MAXREPEAT:
            yield argument[2]
        for part in _list_parts(argument):
            yield from _walk(part)


def _list_parts(argument: Any) -> list[Any]:
    if isinstance(argument, parser.SubPattern):
        return [argument]
    return (
        [part for one in argument for part in _list_parts(one)] if isinstance(argument, list | tuple) else []
    )


def _holds_repeat(body: Any) -> bool:
    return any(True for _ in _walk(body))


def _is_open(body: Any) -> bool:
    """Return whether a round may begin with something other than one certain character."""
    operation, argument = body[0]
    if operation is codes.SUBPATTERN:
        return _is_open(argument[-1])
    return operation not in (codes.LITERAL, codes.IN)


def test_no_repetition_is_ambiguous() -> None:
    """Given all patterns of the layer, none repeats a repetition without a mark between the rounds."""
    patterns = list(list_patterns())

    assert len(patterns) > 25
    assert {name: found for name, one in patterns if (found := find_ambiguous(one.pattern, one.flags))} == {}


@pytest.mark.parametrize("pattern", ["x{3,}([ _-]?[xX]+)*", "(a+)+", "((?:ab?)*c?)*", "(?:(a*)b?)+$"])
def test_ambiguous_repetitions_are_found(pattern: str) -> None:
    """Given patterns that take exponential time, they are found."""
    assert find_ambiguous(pattern)


def test_a_long_value_that_is_almost_a_placeholder() -> None:
    """Given 511 times x and a digit, the value names a person, although another x once doubled the time."""
    assert not names_no_person("PID", "x" * 511 + "1")
    assert names_no_person("PID", "x" * 512)
    assert names_no_person("PID", "xxxx-xxxx xx")
