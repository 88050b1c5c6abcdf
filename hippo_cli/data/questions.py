"""The questions of a page: its form controls by name, with what they are called and what can be chosen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from hippo.studies.html import PageParser

_BUTTONS = ("submit", "button", "reset", "image")
_CHOICES = ("radio", "checkbox")


@dataclass(slots=True)
class Question:
    """A form's field. `options` are values and their labels, of radio buttons, boxes and lists."""

    name: str
    kind: str
    required: bool = False
    label: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)

    def format_options(self) -> str:
        """As JSON text: a list of objects with value and label; empty for a field to write into."""
        if not self.options:
            return ""
        entries = [{"value": value, "label": label} for value, label in self.options]
        return json.dumps(entries, ensure_ascii=False)


def read_questions(html: str) -> list[Question]:
    """The questions of a page, in its order."""
    page = _Page()
    page.read(html)
    return page.finish()


@dataclass(slots=True)
class _Control:
    name: str
    kind: str
    value: str
    required: bool
    id: str
    hint: str
    label: "_Text | None"
    legend: "_Text | None"
    options: list[tuple[str, "_Text"]] = field(default_factory=list)


class _Text:
    """Text that is still being read."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __str__(self) -> str:
        return " ".join("".join(self.parts).split())


class _Page(PageParser):
    def __init__(self) -> None:
        super().__init__()
        self._controls: list[_Control] = []
        self._labels: dict[str, _Text] = {}
        self._label: _Text | None = None  # the one that encloses what is read now
        self._legends: list[_Text | None] = []  # of the fieldsets around it
        self._taking: list[tuple[str, _Text]] = []  # elements whose text is wanted
        self._silent = 0  # inside of what nobody reads
        self._select: _Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by feed() for each start tag."""
        attributes = {key: value or "" for key, value in reversed(attrs)}
        if tag in ("script", "style", "template"):
            self._silent += 1
        elif tag == "label":
            self._label = self._take(tag)
            if attributes.get("for"):
                self._labels[attributes["for"]] = self._label
        elif tag == "fieldset":
            self._legends.append(None)
        elif tag == "legend" and self._legends:
            self._legends[-1] = self._take(tag)
        elif tag == "option" and self._select:
            text = self._take(tag)
            self._select.options.append((attributes.get("value", "\0"), text))
        elif tag in ("input", "select", "textarea"):
            self._add(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        """Called by feed() for each end tag."""
        if tag in ("script", "style", "template"):
            self._silent = max(self._silent - 1, 0)
        elif tag == "label":
            self._label = None
        elif tag == "fieldset" and self._legends:
            self._legends.pop()
        elif tag == "select":
            self._select = None
        self._taking = [(open_tag, text) for open_tag, text in self._taking if open_tag != tag]

    def handle_data(self, data: str) -> None:
        """Called by feed() for text."""
        if not self._silent:
            # What can be chosen is no part of the question around it.
            inside = self._taking[-1:] if self._select else self._taking
            for _, text in inside:
                text.parts.append(data)

    def finish(self) -> list[Question]:
        """All controls of one name are one question."""
        questions: dict[str, Question] = {}
        for control in self._controls:
            label = self._labels.get(control.id) if control.id else None
            own = str(label or control.label or "") or control.hint
            legend = str(control.legend or "")
            question = questions.setdefault(control.name, Question(control.name, control.kind))
            question.required |= control.required
            if control.kind in _CHOICES:
                question.options.append((control.value, own))
                question.label = question.label or legend
            else:
                question.options += [_read_option(value, text) for value, text in control.options]
                question.label = question.label or own or legend
        for question in questions.values():
            if question.kind in _CHOICES and not question.label and len(question.options) == 1:
                question.label = question.options[0][1]
        return list(questions.values())

    def _take(self, tag: str) -> _Text:
        # An option or a label that was not closed ends where the next one begins.
        self._taking = [(open_tag, text) for open_tag, text in self._taking if open_tag != tag]
        text = _Text()
        self._taking.append((tag, text))
        return text

    def _add(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind = attributes.get("type", "text").strip().lower() or "text" if tag == "input" else tag
        control = _Control(
            attributes.get("name", ""),
            "select multiple" if tag == "select" and "multiple" in attributes else kind,
            attributes.get("value", "on"),
            "required" in attributes,
            attributes.get("id", ""),
            attributes.get("aria-label") or attributes.get("placeholder", ""),
            self._label,
            next((legend for legend in reversed(self._legends) if legend), None),
        )
        if tag == "select":
            self._select = control
        if control.name and kind not in _BUTTONS:
            self._controls.append(control)


def _read_option(value: str, text: _Text) -> tuple[str, str]:
    return (str(text) if value == "\0" else value, str(text))
