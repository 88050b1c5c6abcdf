"""Placeholders: values of a link's parameters that name no person, because no recruiter filled them in.

docs/reference/study-pages.md has the table of cases.
"""

import re
import unicodedata
from urllib.parse import unquote

# MTurk's value of `assignmentId` while a worker previews a task that they have not accepted.
PREVIEW_PARAMETER, PREVIEW_VALUE = "assignmentid", "ASSIGNMENT_ID_NOT_AVAILABLE"
# The words of programs for a missing value, in lower case.
_NO_VALUE = {"null", "undefined", "none", "nan", "nil", "na", "n/a", "#n/a", "#ref!", "#name?", "#value!"}
# The placeholders of recruiters, survey tools and programming languages, each around a whole value.
_TEMPLATE = re.compile(
    r"""
    [$#@]?\{ .* \}           # {{%PID%}}, ${e://Field/PID}, {PID}, #{pid}
    | \[ .* \]               # [[PID]], [record_id], [object Object]
    | \(\( .* \)\)           # ((PID))
    | \$\( .* \)             # $(PID)
    | < .* >                 # <PID>, <%= pid %>
    | % .+ %                 # %%PID%%, %PID%
    | \*\| .* \|\*           # *|PID|*
    | &lt; .* &gt;           # &lt;PID&gt;
    | @+ \w+ @+              # @PID@
    | __ \w+ __              # __PID__
    | \$ [A-Za-z_] \w*       # $PID
    | [xX]{3,} ([ _-][xX]+)*  # XXXX, xxxx-xxxx
    """,
    re.VERBOSE | re.DOTALL,
)
_UUID = re.compile(r"\{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")  # as Windows writes one


def trim_value(value: str) -> str:
    """Return a value without white space and invisible characters around it, which copying can add."""
    start, end = 0, len(value)
    while start < end and _is_invisible(value[start]):
        start += 1
    while start < end and _is_invisible(value[end - 1]):
        end -= 1
    return value[start:end]


def names_no_person(name: str, value: str) -> bool:
    """Return whether a trimmed value of the parameter `name` is a placeholder, or empty."""
    once = trim_value(unquote(value))  # a link that was encoded twice, or three times
    return any(_is_placeholder(name, text) for text in (value, once, trim_value(unquote(once))))


def _is_placeholder(name: str, text: str) -> bool:
    bare = text[1:-1] if text.startswith("(") and text.endswith(")") else text  # (null)
    if not any(character.isalnum() for character in text) or bare.lower() in _NO_VALUE:
        return True
    if text == PREVIEW_VALUE or _fold(text) == _fold(name):
        return True
    return _TEMPLATE.fullmatch(text) is not None and _UUID.fullmatch(text) is None


def _fold(name: str) -> str:
    """Return a name without case and separators: Prolific PID is PROLIFIC_PID."""
    return re.sub(r"[ _.-]", "", name).lower()


def _is_invisible(character: str) -> bool:
    """Return whether a character is a space, a control character or a formatting character."""
    return unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
