"""The checks of one page: controls whose answers would be lost, and elements that are blocked or removed.

The rules come from the sandbox in which pages are shown, see docs/reference/study-pages.md.
"""

import re
from collections import defaultdict

from hippo.studies.html import PageParser
from hippo_cli.checks.addresses import check_address, check_style
from hippo_cli.checks.input_types import check_input_type
from hippo_cli.findings import Finding, warning
from hippo_cli.study_folder import STEP_FOLDER

_CONTROLS = ("input", "select", "textarea")
_BUTTONS = ("submit", "button", "reset", "image")
# Controls of the same name are stored as a list; these types are designed to share a name.
_SHARING = ("radio", "checkbox", "hidden")
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
# Browsers do not read markup inside these.
_TEXT_TAGS = {"textarea", "title", "noembed", "noframes", "xmp"}
_SPACE = re.compile(r"[\x00-\x20]+")
Attributes = dict[str, str]


def read_page(name: str, text: str) -> list[Finding]:
    """Return the findings about one page. All are warnings, because the page can still be shown."""
    page = _Page(f"{STEP_FOLDER}/{name}")
    page.read(text)
    return [*page.findings, *page.compare_controls()]


class _Page(PageParser):
    def __init__(self, file: str) -> None:
        super().__init__()
        self.findings: list[Finding] = []
        self._file = file
        self._controls: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        self._text_tag: str | None = None
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a start tag; feed() calls this, for `<br/>` too."""
        if self._text_tag:
            return
        if tag in _TEXT_TAGS:
            self._text_tag = tag
        self._in_style = tag == "style"
        attributes = {
            key: value or "" for key, value in reversed(attrs)
        }  # the first of two equal keys counts
        self._check_element(tag, attributes)
        self._check_handlers(tag, attributes)
        self._check_addresses(tag, attributes)
        if tag in _CONTROLS:
            self._check_control(tag, attributes)

    def handle_data(self, data: str) -> None:
        """Check the text of a style sheet; feed() calls this for text between tags."""
        if self._in_style:
            self.findings += check_style(self._file, data, self.getpos()[0])

    def handle_endtag(self, tag: str) -> None:
        """Leave the text or style that the tag ends; feed() calls this."""
        self._in_style = False
        if tag == self._text_tag:
            self._text_tag = None

    def compare_controls(self) -> list[Finding]:
        """Return the findings about names that several controls share."""
        self.findings = []
        for name, controls in self._controls.items():
            kinds = {kind for kind, _, _ in controls}
            _, _, last = controls[-1]
            if len(controls) > 1 and not kinds <= set(_SHARING):
                what = f"{len(controls)} controls have the name {name!r}, so their answers become one list"
                self._warn("name-duplicate", last, name, what, "Use a different name for each.")
            elif kinds == {"radio"}:
                self._compare_radios(name, [(value, line) for _, value, line in controls])
        return self.findings

    def _compare_radios(self, name: str, buttons: list[tuple[str, int]]) -> None:
        seen: set[str] = set()
        for value, line in buttons:
            if value in seen:
                what = (
                    f"two radio buttons of {name!r} have the value {value!r}, so their answers are the same"
                )
                self._warn("value-duplicate", line, name, what, "Use a different value for each.")
            seen.add(value)

    def _check_control(self, tag: str, attributes: Attributes) -> None:
        kind = attributes.get("type", "text").strip().lower() if tag == "input" else tag
        if kind in _BUTTONS:
            return
        line, label = self.getpos()[0], f"<{tag}>" if kind == tag else f'<{tag} type="{kind}">'
        name = attributes.get("name", "")
        if kind == "file":
            fix = "Ask for a link or text instead."
            self._warn("file-input", line, name or label, "participants cannot upload files", fix)
        elif not name:
            what = f"{label} has no name, so its answer is lost"
            self._warn("name-missing", line, attributes.get("id") or label, what, 'Add name="…".')
        else:
            self.findings += check_input_type(self._file, kind, name, line)
            default = "on" if kind in ("radio", "checkbox") else ""
            self._controls[name].append((kind, attributes.get("value", default), line))

    def _check_element(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        if tag == "script":
            self._warn("script", line, "<script>", "scripts do not run in a page", "Remove it.")
        elif tag in _REMOVED:
            self._warn(
                "removed", line, f"<{tag}>", _REMOVED[tag], "Remove it, or use <img>, <video> or <iframe>."
            )
        elif tag == "meta" and "http-equiv" in attributes:
            self._warn(
                "removed",
                line,
                "<meta>",
                "<meta http-equiv> is removed, because a page cannot redirect",
                "Remove it.",
            )
        elif tag == "form" and (attributes.keys() & {"action", "target"}):
            what = "the form's action is ignored: all answers of the page are submitted and stored together"
            self._warn("form-action", line, "<form>", what, "Remove action and target.")
        elif self._is_submit(tag, attributes):
            what = "the page has its own submit button in addition to the one that every page gets"
            self._warn("submit", line, attributes.get("name") or f"<{tag}>", what, "Remove it.")

    @staticmethod
    def _is_submit(tag: str, attributes: Attributes) -> bool:
        kind = attributes.get("type", "submit" if tag == "button" else "").strip().lower()
        # A button with a name is intended: it stores which of several buttons was pressed.
        return tag in ("button", "input") and kind in ("submit", "image") and not attributes.get("name")

    def _check_handlers(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        for key in attributes:
            if key.startswith("on"):
                self._warn(
                    "script",
                    line,
                    key,
                    f"{key} of <{tag}> does nothing, because scripts do not run in a page",
                    "Remove it.",
                )

    def _check_addresses(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        for key in ("href", "src", "action", "formaction", "xlink:href"):
            if _SPACE.sub("", attributes.get(key, "")).lower().startswith("javascript:"):
                self._warn("script", line, key, "a javascript: address does nothing", "Remove it.")
        for key in _LOADED.get(tag, ()):
            for address in self._list_addresses(key, attributes.get(key, "")):
                self.findings += check_address(self._file, tag, key, address, line)
        self.findings += check_style(self._file, attributes.get("style", ""), line)

    @staticmethod
    def _list_addresses(key: str, value: str) -> list[str]:
        if key != "srcset":
            return [value.strip()] if value.strip() else []
        return [part.split()[0] for part in value.split(", ") if part.split()]

    def _warn(self, code: str, line: int, key: str, what: str, fix: str) -> None:
        self.findings.append(warning(code, self._file, line, key, what, fix))
