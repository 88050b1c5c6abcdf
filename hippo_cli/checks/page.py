"""What one page holds: controls whose answers would be lost, and elements that are blocked or removed.

The rules are those of the sandbox that pages are shown in, docs/reference/study-pages.md.
"""

import re
from collections import defaultdict

from hippo.studies.html import PageParser
from hippo_cli.checks.addresses import check_address, check_style
from hippo_cli.findings import Finding, warning
from hippo_cli.study_folder import STEP_FOLDER

_CONTROLS = ("input", "select", "textarea")
_BUTTONS = ("submit", "button", "reset", "image")
# Several fields of one name are stored as a list; these are meant to share it.
_SHARING = ("radio", "checkbox", "hidden")
_REMOVED = {
    "base": "removed: it would lead the page's references elsewhere",
    "object": "removed: embedded programs are not shown",
    "embed": "removed: embedded programs are not shown",
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
# Browsers read no markup in these.
_TEXT_TAGS = {"textarea", "title", "noembed", "noframes", "xmp"}
_SPACE = re.compile(r"[\x00-\x20]+")
Attributes = dict[str, str]


def read_page(name: str, text: str) -> list[Finding]:
    """Findings of one page; all are warnings, as the page can be shown all the same."""
    page = _Page(f"{STEP_FOLDER}/{name}")
    page.read(text)
    return [*page.findings, *page.compare_controls()]


class _Page(PageParser):
    def __init__(self, place: str) -> None:
        super().__init__()
        self.findings: list[Finding] = []
        self._place = place
        self._controls: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        self._text_tag: str | None = None
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by feed() for each start tag, `<br/>` included."""
        if self._text_tag:
            return
        if tag in _TEXT_TAGS:
            self._text_tag = tag
        self._in_style = tag == "style"
        attributes = {key: value or "" for key, value in reversed(attrs)}  # of two alike the first counts
        self._check_element(tag, attributes)
        self._check_handlers(tag, attributes)
        self._check_addresses(tag, attributes)
        if tag in _CONTROLS:
            self._check_control(tag, attributes)

    def handle_data(self, data: str) -> None:
        """Called by feed() for text between tags: here for style sheets."""
        if self._in_style:
            self.findings += check_style(self._place, data, self.getpos()[0])

    def handle_endtag(self, tag: str) -> None:
        """Called by feed() for each end tag."""
        self._in_style = False
        if tag == self._text_tag:
            self._text_tag = None

    def compare_controls(self) -> list[Finding]:
        """What only the page as a whole shows: names that several controls share."""
        self.findings = []
        for name, controls in self._controls.items():
            kinds = {kind for kind, _, _ in controls}
            _, _, last = controls[-1]
            if len(controls) > 1 and not kinds <= set(_SHARING):
                what = (
                    f"{len(controls)} controls are called {name!r}, so their answers are stored as one list"
                )
                self._warn("name-duplicate", last, name, what, "Give each a name of its own.")
            elif kinds == {"radio"}:
                self._compare_radios(name, [(value, line) for _, value, line in controls])
        return self.findings

    def _compare_radios(self, name: str, buttons: list[tuple[str, int]]) -> None:
        seen: set[str] = set()
        for value, line in buttons:
            if value in seen:
                what = (
                    f"two radio buttons of {name!r} have the value {value!r}, so their answers look the same"
                )
                self._warn("value-duplicate", line, name, what, "Give each a value of its own.")
            seen.add(value)

    def _check_control(self, tag: str, attributes: Attributes) -> None:
        kind = attributes.get("type", "text").strip().lower() if tag == "input" else tag
        if kind in _BUTTONS:
            return
        line, label = self.getpos()[0], f"<{tag}>" if kind == tag else f'<{tag} type="{kind}">'
        name = attributes.get("name", "")
        if kind == "file":
            fix = "Ask for a link or a text instead."
            self._warn(
                "file-input", line, name or label, "files cannot be handed in, and are not stored", fix
            )
        elif not name:
            what = f"{label} has no name, so its answer is lost"
            self._warn("name-missing", line, attributes.get("id") or label, what, 'Add name="…".')
        else:
            default = "on" if kind in ("radio", "checkbox") else ""
            self._controls[name].append((kind, attributes.get("value", default), line))

    def _check_element(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        if tag == "script":
            self._warn("script", line, "<script>", "no script runs in a page", "Remove it.")
        elif tag in _REMOVED:
            self._warn(
                "removed", line, f"<{tag}>", _REMOVED[tag], "Remove it, or use <img>, <video> or <iframe>."
            )
        elif tag == "meta" and "http-equiv" in attributes:
            self._warn("removed", line, "<meta>", "removed: a page cannot lead elsewhere", "Remove it.")
        elif tag == "form" and (attributes.keys() & {"action", "target"}):
            what = "the form's action is ignored: all answers of the page are handed in together, and stored"
            self._warn("form-action", line, "<form>", what, "Remove action and target.")
        elif self._is_submit(tag, attributes):
            what = "a submit button of the page's own stands beside the one that is added to every page"
            self._warn("submit", line, attributes.get("name") or f"<{tag}>", what, "Remove it.")

    @staticmethod
    def _is_submit(tag: str, attributes: Attributes) -> bool:
        kind = attributes.get("type", "submit" if tag == "button" else "").strip().lower()
        # One with a name tells which of several was pressed: somebody means it so.
        return tag in ("button", "input") and kind in ("submit", "image") and not attributes.get("name")

    def _check_handlers(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        for key in attributes:
            if key.startswith("on"):
                self._warn(
                    "script",
                    line,
                    key,
                    f"{key} of <{tag}> does nothing: no script runs in a page",
                    "Remove it.",
                )

    def _check_addresses(self, tag: str, attributes: Attributes) -> None:
        line = self.getpos()[0]
        for key in ("href", "src", "action", "formaction", "xlink:href"):
            if _SPACE.sub("", attributes.get(key, "")).lower().startswith("javascript:"):
                self._warn("script", line, key, "a javascript: address does nothing", "Remove it.")
        for key in _LOADED.get(tag, ()):
            for address in self._list_addresses(key, attributes.get(key, "")):
                self.findings += check_address(self._place, tag, key, address, line)
        self.findings += check_style(self._place, attributes.get("style", ""), line)

    @staticmethod
    def _list_addresses(key: str, value: str) -> list[str]:
        if key != "srcset":
            return [value.strip()] if value.strip() else []
        return [part.split()[0] for part in value.split(", ") if part.split()]

    def _warn(self, code: str, line: int, key: str, what: str, fix: str) -> None:
        self.findings.append(warning(code, self._place, line, key, what, fix))
