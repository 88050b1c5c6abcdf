"""The check for typographic or missing quotes around the attributes of a page."""

import re
from collections.abc import Iterator

from hippo_cli.findings import Finding, warning
from hippo_cli.markup.page import PageMarkup, Tag

# Word processors, chats and slides make these of straight quotes.
TYPOGRAPHIC = "“”„‟«»‘’‚‛‹›″′＂＇"
_TYPOGRAPHIC_VALUE = re.compile(rf"[^=]*=\s*[{TYPOGRAPHIC}]")
_IN_NAME = frozenset(TYPOGRAPHIC + "\"'<")


def has_odd_quotes(page: PageMarkup, tag: Tag) -> bool:
    """Return whether a start tag has typographic quotes around a value, or one quote too few or too many."""
    location = tag.node.source_location
    if any(_IN_NAME & set(name) for name in tag.attributes):
        return True
    spans = location.attrs.values() if location else ()
    return any(_TYPOGRAPHIC_VALUE.match(page.source, span.start_offset, span.end_offset) for span in spans)


def check_quotes(file: str, page: PageMarkup) -> Iterator[Finding]:
    """Yield a finding for each start tag with odd quotes."""
    for tag in page.tags:
        if not has_odd_quotes(page, tag):
            continue
        start = page.source[tag.start : tag.end]
        if any(quote in start for quote in TYPOGRAPHIC):
            what = f"<{tag.name}> has typographic quotes around its attributes, which browsers read as text"
            fix = 'Write straight quotes: type="radio".'
        else:
            what, fix = (
                f"<{tag.name}> lacks a quote or a >, or has one too many",
                'Write each value as name="value".',
            )
        yield warning("quotes", file, tag.line, f"<{tag.name}>", what, fix)
