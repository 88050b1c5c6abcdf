"""Parts of a page that browsers do not show although they are written in it, and the reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hippo_cli.markup.page import PageMarkup, Tag

# Browsers read no markup in these, up to the end tag.
TEXT_ONLY = ("textarea", "title", "style", "script", "iframe", "noembed", "noframes", "xmp", "plaintext")
# Browsers do not display what is in these: it is for browsers without them, or belongs to a list.
_NOT_DISPLAYED = (
    "template",
    "noscript",
    "audio",
    "video",
    "canvas",
    "object",
    "meter",
    "progress",
    "datalist",
)
_CONTROL = re.compile(r"<(input|select|textarea|button)(?=[\s/>])", re.IGNORECASE)
_NAME = re.compile(r"""\sname\s*=\s*(?:"([^"<>]+)"|'([^'<>]+)'|([^\s"'<>]+))""", re.IGNORECASE)
_TAG_END = re.compile(r"[<>]|\Z")
_NO_DISPLAY = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")
NO_SELF_CLOSING = "HTML ignores the / of <{0} … />: write <{0} …></{0}>."


@dataclass(frozen=True, slots=True)
class Hidden:
    """A part of a page that is not shown: a control with its `name`, or without one what follows a tag."""

    line: int
    tag: str
    name: str
    why: str
    fix: str


def find_hidden_controls(page: PageMarkup) -> Iterator[Hidden]:
    """Yield the named controls that a browser does not show, except those in complete comments."""
    for match in _CONTROL.finditer(page.source):
        end = _TAG_END.search(page.source, match.end())
        found = _NAME.search(page.source, match.end(), end.start() if end else match.end())
        reason = _explain(page, match.start()) if found else None
        if found and reason:
            name = next(group for group in found.groups() if group)
            yield Hidden(page.find_line(match.start()), match[1].lower(), name, *reason)


def find_open_elements(page: PageMarkup) -> Iterator[Hidden]:
    """Yield elements and comments that hide all that follows, because they do not end where they seem to."""
    for tag in page.tags:
        if tag.is_html and tag.name in (*TEXT_ONLY, *_NOT_DISPLAYED) and _seems_closed(page, tag):
            why = f"<{tag.name}> does not end here, so browsers do not show what follows it"
            yield Hidden(tag.line, tag.name, "", why, _advise(page, tag))
    start = _find_open_comment(page)
    if start is not None:
        why = "the comment never ends, so browsers do not show what follows it"
        yield Hidden(page.find_line(start), "!--", "", why, "Write --> where the comment ends.")


def _seems_closed(page: PageMarkup, tag: Tag) -> bool:
    """Return whether something is in an element that ends with `/>`, or has no end tag."""
    open_tag = _is_self_closed(page, tag) or not tag.is_closed
    return open_tag and bool(page.source[tag.end : tag.inner_end].strip())


def _is_self_closed(page: PageMarkup, tag: Tag) -> bool:
    return page.source[tag.start : tag.end].endswith("/>")


def _advise(page: PageMarkup, tag: Tag) -> str:
    if _is_self_closed(page, tag):
        return NO_SELF_CLOSING.format(tag.name)
    return f"Write </{tag.name}> where it ends."


def _explain(page: PageMarkup, position: int) -> tuple[str, str] | None:
    """Return why the control at a position is not shown, and what to do; None if all is well."""
    tag = page.starts.get(position)
    return _explain_place(page, tag) if tag else _explain_loss(page, position)


def _explain_place(page: PageMarkup, tag: Tag) -> tuple[str, str] | None:
    """Return why a control of the page is not displayed."""
    if not tag.is_html:
        return "it is a part of <svg> or <math>, where it is not a control", "Write </svg> before it."
    if tag.kind == "hidden":
        return None
    if found := _find_attribute_that_hides(tag):
        return found
    for parent in tag.ancestors:
        is_closed_dialog = parent.name == "dialog" and "open" not in parent.attributes
        if parent.is_html and (parent.name in (*_NOT_DISPLAYED, "option") or is_closed_dialog):
            is_meant = parent.is_closed and not _is_self_closed(page, parent)
            fix = f"Move it out of <{parent.name}>." if is_meant else _advise(page, parent)
            return f"it is inside <{parent.name}> of line {parent.line}", fix
    return None


def _find_attribute_that_hides(tag: Tag) -> tuple[str, str] | None:
    """Return why an attribute of a control, or of an element around it, hides it: no script shows it."""
    for element in (tag, *tag.ancestors):
        if element.is_html and "hidden" in element.attributes:
            what = f"<{element.name}> of line {element.line} has the attribute hidden"
            return what, "Remove hidden, or the control."
        if _NO_DISPLAY.search(element.attributes.get("style", "")):
            what = f"the style of <{element.name}> of line {element.line} has display: none"
            return what, "Remove display: none, or the control."
    return None


def _explain_loss(page: PageMarkup, position: int) -> tuple[str, str] | None:
    """Return why what looks like a control is not an element of the page."""
    before = [tag for tag in page.tags if tag.start < position]
    for tag in reversed(before):
        if position < tag.end:
            fix = "Write the missing quote, and use straight ones."
            return (
                f"it is inside an attribute of <{tag.name}> on line {tag.line}, where a quote is missing",
                fix,
            )
        if tag.is_html and tag.name in TEXT_ONLY and position < tag.inner_end:
            # A script may contain markup; nothing runs or shows it.
            is_script = tag.name == "script" and tag.is_closed and not _is_self_closed(page, tag)
            why = f"it is text inside <{tag.name}> of line {tag.line}"
            return None if is_script else (why, _advise(page, tag))
        if tag.name == "template" and position < tag.inner_end:
            return f"it is inside <template> of line {tag.line}", "Move it out of <template>."
    return _explain_comment(page, position)


def _explain_comment(page: PageMarkup, position: int) -> tuple[str, str] | None:
    start = page.source.rfind("<!--", 0, position)
    if start < 0 or _COMMENT_END.search(page.source, start + 4, position):
        return "browsers do not accept a control at this place", "Check the elements around it."
    end = _COMMENT_END.search(page.source, position)
    earlier = page.source.rfind("<!--", 0, start)
    if end is not None and (earlier < 0 or _COMMENT_END.search(page.source, earlier + 4, start)):
        # A comment within a comment shows that the first should have ended before.
        inner = page.source.find("<!--", position, end.start())
        if inner < 0:
            return None
    return f"it is inside the comment of line {page.find_line(start)}", "Write --> where the comment ends."


def _find_open_comment(page: PageMarkup) -> int | None:
    """Return where a comment begins that never ends."""
    start = page.source.find("<!--")
    while start >= 0:
        end = _COMMENT_END.search(page.source, start + 2)  # `<!-->` is a whole comment
        if end is None:
            inside = any(tag.name in TEXT_ONLY and tag.end <= start < tag.inner_end for tag in page.tags)
            return None if inside else start
        start = page.source.find("<!--", end.end())
    return None
