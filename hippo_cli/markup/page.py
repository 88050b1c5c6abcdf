"""A page as the study page parses it: its elements, with their places in the source."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from turbohtml import Element, Namespace, Node, Text, parse_fragment

CONTROLS = ("input", "select", "textarea")
LABELABLE = (*CONTROLS, "button", "meter", "output", "progress")
_SUBMITTERS = ("submit", "image")
# https://html.spec.whatwg.org/multipage/input.html#attr-input-type
INPUT_TYPES = (
    ("hidden", "text", "search", "tel", "url", "email", "password", "date", "month", "week", "time")
    + ("datetime-local", "number", "range", "color", "checkbox", "radio", "file", "button", "reset")
    + _SUBMITTERS
)
_BUTTON_TYPES = ("submit", "button", "reset")
# The text in these is not a label: it is not displayed, or it is the value of a control.
_NOT_TEXT = ("script", "style", "template", "option", "select", "textarea", "datalist")


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """An element. `source[start:end]` is its start tag, and `inner_end` is where its content ends."""

    name: str
    attributes: dict[str, str]
    line: int
    start: int
    end: int
    inner_end: int
    is_closed: bool  # by an end tag of its own
    node: Element
    parent: "Tag | None"

    @property
    def ancestors(self) -> Iterator["Tag"]:
        """The elements around it, the nearest first."""
        tag = self.parent
        while tag:
            yield tag
            tag = tag.parent

    @property
    def is_html(self) -> bool:
        """Whether it is an element of HTML, not of SVG or MathML."""
        return self.node.namespace is Namespace.HTML

    @property
    def kind(self) -> str:
        """The type of an input or button as browsers read it, otherwise the name."""
        if self.name not in ("input", "button"):
            return self.name
        known, default = (_BUTTON_TYPES, "submit") if self.name == "button" else (INPUT_TYPES, "text")
        written = self.attributes.get("type", "").lower()  # with a space at an end it is another type
        return written if written in known else default

    @property
    def is_control(self) -> bool:
        """Whether it is a field of the form, not a button."""
        buttons = (*_SUBMITTERS, "button", "reset")
        return self.is_html and self.name in CONTROLS and not (self.name == "input" and self.kind in buttons)

    @property
    def is_disabled(self) -> bool:
        """Whether it is a control that cannot be used, by itself or by a fieldset around it."""
        inside: Tag = self
        if "disabled" in self.attributes:
            return True
        for parent in self.ancestors:
            is_off = parent.name == "fieldset" and "disabled" in parent.attributes
            if is_off and inside.node is not _find_legend(parent.node):
                return True
            inside = parent
        return False

    @property
    def is_submitter(self) -> bool:
        """Whether it is a button that submits the page."""
        if not self.is_html or self.name not in ("input", "button"):
            return False
        return self.kind in _SUBMITTERS

    def list_options(self) -> list["Option"]:
        """Return the options of a list."""
        found = (node for node in self.node.descendants if isinstance(node, Element) and node.tag == "option")
        return [_read_option(node) for node in found]


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a list; without a value of its own its text is the value."""

    value: str
    label: str
    line: int
    is_selected: bool
    is_disabled: bool


@dataclass(frozen=True)
class PageMarkup:
    """A parsed page. `source` is its text with line ends as browsers read them. `tags` are in page order.

    They do not include what is in a `<template>`, which is not part of the page.
    """

    source: str
    tags: tuple[Tag, ...]

    @cached_property
    def starts(self) -> dict[int, Tag]:
        """The elements by the position of their start tag."""
        return {tag.start: tag for tag in self.tags}

    @cached_property
    def ids(self) -> dict[str, list[Tag]]:
        """The elements by their id."""
        found: dict[str, list[Tag]] = {}
        for tag in self.tags:
            if "id" in tag.attributes:
                found.setdefault(tag.attributes["id"], []).append(tag)
        return found

    @cached_property
    def labels(self) -> dict[str, Tag]:
        """The labels by the id that they name."""
        named = [tag for tag in self.tags if tag.is_html and tag.name == "label"]
        return {tag.attributes["for"]: tag for tag in named if tag.attributes.get("for")}

    @cached_property
    def wrapping_labels(self) -> frozenset[Tag]:
        """The labels around a control."""
        inside = (tag for tag in self.tags if tag.name in LABELABLE)
        return frozenset(parent for tag in inside for parent in tag.ancestors if parent.name == "label")

    def find_line(self, position: int) -> int:
        """Return the line of a position in the source."""
        return self.source.count("\n", 0, position) + 1


def parse_page(html: str) -> PageMarkup:
    """Parse a page as `web/frame.js` does, into the content of a template."""
    source = html.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    root = parse_fragment(source, "template", source_locations=True)
    return PageMarkup(source, tuple(_list_tags(root, len(source))))


def _find_legend(fieldset: Element) -> Element | None:
    """Return the first legend of a fieldset: controls in it stay usable if the fieldset is disabled."""
    children = (child for child in fieldset.children if isinstance(child, Element))
    return next((child for child in children if child.tag == "legend"), None)


def read_text(node: Node) -> str:
    """Return the displayed text of an element, without the controls in it."""
    parts: list[str] = []
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Text):
            parts.append(current.data)
        elif current is node or not (isinstance(current, Element) and current.tag in _NOT_TEXT):
            waiting += reversed(list(current.children))
    return " ".join("".join(parts).split())


def _list_tags(root: Node, length: int) -> Iterator[Tag]:
    waiting: list[tuple[Node, Tag | None]] = [(node, None) for node in reversed(list(root.children))]
    while waiting:
        node, parent = waiting.pop()
        if isinstance(node, Element):
            # Browsers repeat formatting elements such as <b>; the copies have no place in the source.
            if node.source_location is not None:
                parent = _read_tag(node, parent, length)
                yield parent
            if node.tag == "template":
                continue
        waiting += [(child, parent) for child in reversed(list(node.children))]


def _read_tag(node: Element, parent: Tag | None, length: int) -> Tag:
    location = node.source_location
    if location is None:
        raise AssertionError("only elements with a place in the source get here")
    start, end = location.start_tag, location.end_tag
    return Tag(
        node.tag,
        {name: _as_text(value) for name, value in node.attrs.items()},
        start.start_line,
        start.start_offset,
        start.end_offset,
        end.start_offset if end else length,
        end is not None,
        node,
        parent,
    )


def _as_text(value: str | list[str] | None) -> str:
    """Return an attribute's value; that of class, rel and some others is a list."""
    return " ".join(value) if isinstance(value, list) else value or ""


def _read_option(node: Element) -> Option:
    text = read_text(node)
    value = node.attrs.get("value")
    is_disabled = "disabled" in node.attrs or any("disabled" in group.attrs for group in _list_groups(node))
    own = _as_text(value) if "value" in node.attrs else text
    return Option(own, text, node.source_line or 1, "selected" in node.attrs, is_disabled)


def _list_groups(node: Element) -> Iterator[Element]:
    return (parent for parent in node.ancestors if isinstance(parent, Element) and parent.tag == "optgroup")
