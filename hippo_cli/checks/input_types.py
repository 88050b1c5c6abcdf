"""The types of inputs that browsers do not know, or not all of them."""

from difflib import get_close_matches

from hippo_cli.findings import Finding, warning
from hippo_cli.markup.page import INPUT_TYPES, Tag

# Firefox, and Safari on computers, show a text field for these:
# https://developer.mozilla.org/docs/Web/HTML/Reference/Elements/input/month#browser_compatibility
_WITHOUT_PICKER = ("month", "week")


def check_input_type(file: str, tag: Tag) -> list[Finding]:
    """Return a warning if an `<input>` is a text field in some or all browsers, whatever its type says."""
    if tag.name != "input":
        return []
    name, written = tag.attributes.get("name", ""), tag.attributes.get("type", "").lower()
    if tag.kind in _WITHOUT_PICKER:
        what = (
            f'<input type="{tag.kind}"> is a plain text field in Firefox and Safari, '
            "so its answers can have any form"
        )
        return [warning("input-type", file, tag.line, name, what, 'Use <select>, or <input type="date">.')]
    if not written or written in INPUT_TYPES:
        return []
    meant = [*get_close_matches(written.strip(), INPUT_TYPES, 1), "text"][0]
    what = f"<input> has the type {written!r}, which browsers do not know: they show a text field"
    return [warning("input-type", file, tag.line, name, what, f'Write type="{meant}".')]
