"""The addresses that a page or style sheet loads, and whether browsers allow them."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from hippo_cli.findings import Finding, warning
from hippo_cli.study_folder import STEP_FOLDER

_OWN_MACHINE = ("localhost", "127.0.0.1")
# Placeholders of recruiters and survey tools, such as %SURVEY_CODE%, {id} and XXXX.
_PLACEHOLDER = re.compile(r"%(?![0-9A-Fa-f]{2})\w+%|\$?\{[\w:/.]+\}|(?<=[/=])[Xx]{3,}(?=[/&?#]|$)")
# Comments come first, so that addresses in them are skipped.
_IN_CSS = re.compile(
    r"""/\*.*?(?:\*/|\Z)"""
    r"""|(?:(?<![\w-])url\(\s*|@import\s+)(?:"([^"\n]*)"|'([^'\n]*)')"""
    r"""|(?<![\w-])url\(\s*([^\s"'()]*)""",
    re.IGNORECASE | re.DOTALL,
)


def check_address(file: str, tag: str, key: str, address: str, line: int) -> Iterator[Finding]:
    """Yield the findings about one address, in the attribute `key` of a `tag`."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        yield warning(
            "address",
            file,
            line,
            key,
            f"{address!r} is not a valid address",
            "Write an https:// address or a relative path.",
        )
        return
    if parts.scheme in ("", "http", "https") and (found := _PLACEHOLDER.search(address)):
        what = f"{found[0]} is a placeholder, which nothing fills in here"
        yield warning("address", file, line, key, what, "Write the address itself.")
    if parts.scheme == "http" and parts.hostname not in _OWN_MACHINE:
        what = f"browsers block {address}, because the study is served over https and this address is not"
        fix = f"Use https://, or put the file into {STEP_FOLDER}/."
        yield warning("insecure", file, line, key, what, fix)
    elif tag == "iframe" and parts.scheme in ("data", "blob", "file"):
        what = f"browsers block frames with {parts.scheme}: addresses"
        yield warning("blocked", file, line, key, what, "Use an https address.")
    elif parts.scheme == "file" or re.match(r"[a-zA-Z]:[\\/]", address):
        fix = f"Put the file into {STEP_FOLDER}/, and write its relative path."
        yield warning("blocked", file, line, key, f"{address} is a file on your own computer", fix)
    elif not parts.scheme and not parts.netloc and address.startswith("/"):
        what = f"{address} begins with /, so browsers look for it on the platform's own site"
        fix = f"Write the path relative to {STEP_FOLDER}/, without the leading /."
        yield warning("blocked", file, line, key, what, fix)


def check_style(file: str, css: str, line: int = 1) -> Iterator[Finding]:
    """Yield the findings about a style sheet, or a style in a page, that begins on this line."""
    for match in _IN_CSS.finditer(css):
        address = next((group for group in match.groups() if group), "")
        if address:
            key = "@import" if match[0].startswith("@") else "url()"
            yield from check_address(file, "style", key, address, line + css.count("\n", 0, match.start()))
