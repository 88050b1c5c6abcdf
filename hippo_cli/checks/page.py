"""The checks of one page: its controls, and elements that are blocked, removed or never shown.

The rules come from the sandbox in which pages are shown, see docs/reference/study-pages.md.
"""

import re
from collections.abc import Iterator

from hippo_cli.checks.addresses import check_address, check_style
from hippo_cli.checks.controls import check_controls
from hippo_cli.checks.quotes import check_quotes, has_odd_quotes
from hippo_cli.findings import Finding, warning
from hippo_cli.markup.hidden import find_hidden_controls, find_open_elements
from hippo_cli.markup.page import PageMarkup, Tag, parse_page
from hippo_cli.study_folder import STEP_FOLDER

_REMOVED = {
    "base": "<base> is removed, because it would change the page's references",
    "object": "<object> is removed, because embedded programs are not shown",
    "embed": "<embed> is removed, because embedded programs are not shown",
}
_LOADED = {
    "audio": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "video": ("src", "poster"),
    **dict.fromkeys(("body", "table", "td", "th", "tr"), ("background",)),
}
_SPACE = re.compile(r"[\x00-\x20]+")


def read_page(name: str, text: str, *, accepts_untouched: bool = False) -> list[Finding]:
    """Return the findings about one page. All are warnings, because the page can still be shown.

    With `accepts_untouched` the config says what is stored for a control that was not touched.
    """
    file, page = f"{STEP_FOLDER}/{name}", parse_page(text)
    # The meaning of a tag with odd quotes is anyone's guess, so nothing else is said about it.
    tags = [tag for tag in page.tags if not has_odd_quotes(page, tag)]
    findings = [found for tag in tags for found in _PageCheck(file, page, tag).check()]
    findings += check_quotes(file, page)
    findings += check_controls(file, page, tags, accepts_untouched=accepts_untouched)
    return [*findings, *_check_hidden(file, page)]


def _check_hidden(file: str, page: PageMarkup) -> Iterator[Finding]:
    """Yield the findings about what browsers do not show."""
    for found in find_open_elements(page):
        yield warning("not-closed", file, found.line, f"<{found.tag}>", found.why, found.fix)
    for found in find_hidden_controls(page):
        what = f"participants do not see this <{found.tag}>: {found.why}"
        yield warning("control-hidden", file, found.line, found.name, what, found.fix)


class _PageCheck:
    """The checks of one element."""

    def __init__(self, file: str, page: PageMarkup, tag: Tag) -> None:
        self._file, self._page, self._tag = file, page, tag

    def check(self) -> Iterator[Finding]:
        """Yield the findings about the element."""
        yield from self._check_element()
        yield from self._check_scripts()
        yield from self._check_addresses()

    def _check_element(self) -> Iterator[Finding]:
        name, attributes = self._tag.name, self._tag.attributes
        if name == "script":
            yield self._warn("script", "<script>", "scripts do not run in a page", "Remove it.")
        elif name in _REMOVED:
            fix = "Remove it, or use <img>, <video> or <iframe>."
            yield self._warn("removed", f"<{name}>", _REMOVED[name], fix)
        elif name == "meta" and "http-equiv" in attributes:
            what = "<meta http-equiv> is removed, because a page cannot redirect"
            yield self._warn("removed", "<meta>", what, "Remove it.")
        elif name == "form" and (attributes.keys() & {"action", "target"}):
            what = "the form's action is ignored: all answers of the page are submitted and stored together"
            yield self._warn("form-action", "<form>", what, "Remove action and target.")
        elif self._tag.is_submitter and not attributes.get("name"):
            # A button with a name is intended: it stores which of several buttons was pressed.
            what = "the page has its own submit button in addition to the one that every page gets"
            yield self._warn("submit", f"<{name}>", what, "Remove it.")

    def _check_scripts(self) -> Iterator[Finding]:
        attributes = self._tag.attributes
        for key in attributes:
            if key.startswith("on"):
                what = f"{key} of <{self._tag.name}> does nothing, because scripts do not run in a page"
                yield self._warn("script", key, what, "Remove it.")
        for key in ("href", "src", "action", "formaction", "xlink:href"):
            if _SPACE.sub("", attributes.get(key, "")).lower().startswith("javascript:"):
                yield self._warn("script", key, "a javascript: address does nothing", "Remove it.")

    def _check_addresses(self) -> Iterator[Finding]:
        tag, source = self._tag, self._page.source
        for key in _LOADED.get(tag.name, ()):
            for address in self._list_addresses(key, tag.attributes.get(key, "")):
                yield from check_address(self._file, tag.name, key, address, tag.line)
        yield from check_style(self._file, tag.attributes.get("style", ""), tag.line)
        if tag.name == "style":
            css = source[tag.end : tag.inner_end]
            yield from check_style(self._file, css, self._page.find_line(tag.end))

    @staticmethod
    def _list_addresses(key: str, value: str) -> list[str]:
        if key != "srcset":
            return [value.strip()] if value.strip() else []
        return [part.split()[0] for part in value.split(", ") if part.split()]

    def _warn(self, code: str, key: str, what: str, fix: str) -> Finding:
        return warning(code, self._file, self._tag.line, key, what, fix)
