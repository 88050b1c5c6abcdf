"""The form fields of a page: its controls by name, with their labels and options."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from hippo.studies.html import PageParser

_BUTTONS = ("submit", "button", "reset", "image")
_CHOICES = ("radio", "checkbox")


@dataclass(slots=True)
class FormField:
    """A named field of a form. `options` holds values and labels of radio buttons, checkboxes and lists."""

    name: str
    kind: str
    required: bool = False
    label: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)

    def format_options(self) -> str:
        """Return the options as a JSON list of objects with value and label, or "" for a text field."""
        if not self.options:
            return ""
        entries = [{"value": value, "label": label} for value, label in self.options]
        return json.dumps(entries, ensure_ascii=False)


def read_form_fields(html: str) -> list[FormField]:
    """Return the form fields of a page, in page order."""
    parser = _FormParser()
    parser.read(html)
    return parser.finish()


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
    """The text of an element that is still open."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __str__(self) -> str:
        return " ".join("".join(self.parts).split())


class _FormParser(PageParser):
    def __init__(self) -> None:
        super().__init__()
        self._controls: list[_Control] = []
        self._labels: dict[str, _Text] = {}
        self._label: _Text | None = None  # the enclosing label
        self._legends: list[_Text | None] = []  # of the enclosing fieldsets
        self._open_texts: list[tuple[str, _Text]] = []  # open elements whose text is collected
        self._hidden_depth = 0  # of elements whose text is not displayed
        self._select: _Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect labels, legends, options and controls."""
        attributes = {key: value or "" for key, value in reversed(attrs)}
        if tag in ("script", "style", "template"):
            self._hidden_depth += 1
        elif tag == "label":
            self._label = self._open_text(tag)
            if attributes.get("for"):
                self._labels[attributes["for"]] = self._label
        elif tag == "fieldset":
            self._legends.append(None)
        elif tag == "legend" and self._legends:
            self._legends[-1] = self._open_text(tag)
        elif tag == "option" and self._select:
            text = self._open_text(tag)
            self._select.options.append((attributes.get("value", "\0"), text))
        elif tag in ("input", "select", "textarea"):
            self._add(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        """Close the element's text."""
        if tag in ("script", "style", "template"):
            self._hidden_depth = max(self._hidden_depth - 1, 0)
        elif tag == "label":
            self._label = None
        elif tag == "fieldset" and self._legends:
            self._legends.pop()
        elif tag == "select":
            self._select = None
        self._open_texts = [(open_tag, text) for open_tag, text in self._open_texts if open_tag != tag]

    def handle_data(self, data: str) -> None:
        """Add displayed text to the open elements."""
        if not self._hidden_depth:
            # Options are not part of the label around them.
            inside = self._open_texts[-1:] if self._select else self._open_texts
            for _, text in inside:
                text.parts.append(data)

    def finish(self) -> list[FormField]:
        """Return the fields. All controls with the same name are one field."""
        fields: dict[str, FormField] = {}
        for control in self._controls:
            label = self._labels.get(control.id) if control.id else None
            own = str(label or control.label or "") or control.hint
            legend = str(control.legend or "")
            form_field = fields.setdefault(control.name, FormField(control.name, control.kind))
            form_field.required |= control.required
            if control.kind in _CHOICES:
                form_field.options.append((control.value, own))
                form_field.label = form_field.label or legend
            else:
                form_field.options += [_read_option(value, text) for value, text in control.options]
                form_field.label = form_field.label or own or legend
        for form_field in fields.values():
            if form_field.kind in _CHOICES and not form_field.label and len(form_field.options) == 1:
                form_field.label = form_field.options[0][1]
        return list(fields.values())

    def _open_text(self, tag: str) -> _Text:
        # An unclosed option or label ends where the next one begins.
        self._open_texts = [(open_tag, text) for open_tag, text in self._open_texts if open_tag != tag]
        text = _Text()
        self._open_texts.append((tag, text))
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
