"""JSON in the bucket is UTF-8, and everything that a participant may send can be stored."""

import json
import re
from pathlib import Path

import pytest

from hippo.stored_json import format_json, parse_object

LAYER = Path(__file__).parents[3] / "layer/hippo"
# Messages, responses and metrics; publishing hashes the ASCII text of a version and stores another one.
NOT_STORED = {
    "aws/custom_resource.py",
    "aws/events.py",
    "aws/sns.py",
    "http.py",
    "metrics.py",
    "records/tickets.py",
    "stored_json.py",
    "studies/ownership.py",
    "studies/publishing.py",
}


@pytest.mark.parametrize("text", ["é", "語", "🎮", "\u2028", 'a "quote" \\ and \\u00e9', "\x7f"])
def test_text_is_stored_as_it_is(text: str) -> None:
    """Given text of any script, it is stored in UTF-8, and read as it was."""
    stored = format_json({"a": text})

    assert stored == json.dumps({"a": text}, ensure_ascii=False).encode()
    assert parse_object(stored) == {"a": text}


@pytest.mark.parametrize("text", ["\ud800", "\\\ud800", "é\udc00é", "\udc00\ud800", "\\\\\udbff\\"])
def test_lone_surrogates_are_read_as_they_were(text: str) -> None:
    """Given halves of characters, which UTF-8 cannot hold, they are stored as escapes, in names too."""
    stored = format_json({text: [text]})

    assert stored.decode("utf-8")
    assert parse_object(stored) == {text: [text]}


def test_everything_that_is_stored_is_written_so() -> None:
    """Given the layer's modules, only those whose JSON is not stored use `json.dumps` themselves."""
    using = {
        path.relative_to(LAYER).as_posix()
        for path in LAYER.rglob("*.py")
        if re.search(r"\bjson\.dumps?\(", path.read_text(encoding="utf-8"))
    }
    assert using == NOT_STORED
