"""Characters that look like YAML's syntax, or like nothing: copied from a word processor or a web page."""

import pytest

from hippo_cli.findings import Severity
from hippo_cli.yaml_file import parse_yaml

NO_BREAK, ZERO_WIDTH, MARK, IDEOGRAPHIC = "\u00a0", "\u200b", "\ufeff", "\u3000"


def list_findings(text: str) -> list[tuple[str, int, str]]:
    """Return severity, line and text of each finding."""
    return [(found.severity.value, found.line, found.what) for found in parse_yaml(text, "c.yml").findings]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"  {NO_BREAK}code", "no-break space (U+00A0)"),
        (f"{NO_BREAK * 4}code", "no-break space"),
        (f"  code{NO_BREAK}", "no-break space"),
        (f"  co{ZERO_WIDTH}de", "zero width space"),
        (f"{MARK}code", "U+FEFF"),
        (f"{IDEOGRAPHIC}code", "ideographic space"),
        ("  \u202acode", "U+202A"),
        ("  code\u200d", "zero width joiner"),
        ("  co\u00adde", "soft hyphen"),
    ],
)
def test_a_key_with_a_character_that_cannot_be_seen(key: str, name: str) -> None:
    """Given such a key, an error has its line, the character and the key that was meant."""
    ((severity, line, what),) = list_findings(f"project:\n{key}: x\n")

    assert (severity, line) == (Severity.ERROR, 2)
    assert name in what
    assert what.endswith("read as code")


@pytest.mark.parametrize("colon", [f":{NO_BREAK}", "：", f":{ZERO_WIDTH}", f"：{NO_BREAK}"])
@pytest.mark.parametrize("before", ["", "  name: x\n"])
@pytest.mark.parametrize("after", ["", "  live: true\n"])
def test_a_colon_that_is_not_one(colon: str, before: str, after: str) -> None:
    """Given a colon that YAML does not read as one, the finding has its line and the character's name."""
    findings = list_findings(f"project:\n{before}  code{colon}x\n{after}")

    _, line, what = findings[0]
    assert line == 3 - (not before)
    assert "no-break space" in what or "colon" in what or "zero width" in what


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("project:\n\tname: x\n", 2, "a tab cannot begin a line"),
        ("project:\n  name:\tx\n", 2, "a tab cannot separate key and value"),
        ("project:\n  name\t: x\n", 2, "a tab cannot separate key and value"),
        ("project:\n  name: x\x07\n", 2, "U+0007"),
        ("project：\n  name: x\n", 1, "fullwidth colon"),
    ],
)
def test_text_that_is_not_yaml(text: str, line: int, said: str) -> None:
    """Given a text that YAML refuses, the error has the line and what is wrong with it."""
    ((severity, found_line, what),) = list_findings(text)

    assert (severity, found_line) == (Severity.ERROR, line)
    assert said in what


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"C1{ZERO_WIDTH}AB2", "zero width space"),
        (f'"C1AB2{NO_BREAK}"', "no-break space"),
        (f"{MARK}Ada Lovelace", "U+FEFF"),
        ("\u202aC1AB2", "U+202A"),
        ("“C1AB2”", "typographic"),
        ("«C1AB2»", "typographic"),
        ("‘C1AB2’", "typographic"),
        ("#A1B2", "comment"),
        ("#ff0000", "comment"),
        ("Study #2", "comment"),
    ],
)
def test_values_that_are_not_what_they_seem(value: str, said: str) -> None:
    """Given a value that YAML reads differently than a person, a warning has its line and the reason."""
    ((severity, line, what),) = list_findings(f"project:\n  x: {value}\n")

    assert (severity, line) == (Severity.WARNING, 2)
    assert said in what


@pytest.mark.parametrize(
    "value",
    [
        "می\u200cخواهم",  # Persian
        "क्\u200dष",  # Hindi
        "👩\u200d🔬 and 👨\u200d👩\u200d👧",
        f"Quelle étude{NO_BREAK}?",
        "He said “yes” and “no”",
        "“Yes” or “no”",
        "x # a comment",
        "# a comment",
        "x #change this",
        '"Study #2"',
        "https://example.org/a#b",
    ],
)
def test_text_of_any_language_is_text(value: str) -> None:
    """Given joiners within words, French spaces, quotations and comments, there is no finding."""
    assert list_findings(f"project:\n  x: {value}\n") == []
