"""What a page or style sheet loads from elsewhere, and whether browsers will let it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from hippo_cli.findings import Finding, warning

_OWN_MACHINE = ("localhost", "127.0.0.1")
# Comments come first, so that what stands in them is passed over.
_IN_CSS = re.compile(
    r"""/\*.*?(?:\*/|\Z)"""
    r"""|(?:(?<![\w-])url\(\s*|@import\s+)(?:"([^"\n]*)"|'([^'\n]*)')"""
    r"""|(?<![\w-])url\(\s*([^\s"'()]*)""",
    re.IGNORECASE | re.DOTALL,
)


def check_address(place: str, tag: str, key: str, address: str, line: int) -> Iterator[Finding]:
    """Findings of one address; `tag` and `key` are what it stands in, `place` and `line` where."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        yield warning("address", place, line, key, f"{address!r} is no address", "Correct it.")
        return
    if parts.scheme == "http" and parts.hostname not in _OWN_MACHINE:
        what = f"{address} is blocked: the study is on https, and so has to be what it loads"
        fix = "Write https://, or put the file beside the pages."
        yield warning("insecure", place, line, key, what, fix)
    elif tag == "iframe" and parts.scheme in ("data", "blob", "file"):
        what = f"a frame of {parts.scheme}: is blocked"
        yield warning("blocked", place, line, key, what, "Use an https address.")
    elif parts.scheme == "file" or re.match(r"[a-zA-Z]:[\\/]", address):
        fix = "Put it beside the pages, and write its relative path."
        yield warning("blocked", place, line, key, f"{address} is a file of your own computer", fix)
    elif not parts.scheme and not parts.netloc and address.startswith("/"):
        what = f"{address} begins with /, so it is looked for at the platform's own site"
        fix = "Write the path from StepFiles/ on, without the first /."
        yield warning("blocked", place, line, key, what, fix)


def check_style(place: str, css: str, line: int = 1) -> Iterator[Finding]:
    """Findings of a style sheet, or of a part of a page, that begins on this line."""
    for match in _IN_CSS.finditer(css):
        address = next((group for group in match.groups() if group), "")
        if address:
            key = "@import" if match[0].startswith("@") else "url()"
            yield from check_address(place, "style", key, address, line + css.count("\n", 0, match.start()))
