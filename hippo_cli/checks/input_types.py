"""The types of inputs that not every browser knows."""

from hippo_cli.findings import Finding, warning

# Firefox, and Safari on computers, show a text field for these:
# https://developer.mozilla.org/docs/Web/HTML/Reference/Elements/input/month#browser_compatibility
_WITHOUT_PICKER = ("month", "week")


def check_input_type(file: str, kind: str, name: str, line: int) -> list[Finding]:
    """Return a warning if some browsers show a text field for an `<input>` of this type (lower case)."""
    if kind not in _WITHOUT_PICKER:
        return []
    what = (
        f'<input type="{kind}"> is a plain text field in Firefox and Safari, so its answers can have any form'
    )
    return [warning("input-type", file, line, name, what, 'Use <select>, or <input type="date">.')]
