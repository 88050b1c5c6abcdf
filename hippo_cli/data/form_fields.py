"""The form fields of a page: its controls by name, with their labels and options."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from turbohtml import Element

from hippo_cli.markup.hidden import find_hidden_controls
from hippo_cli.markup.page import PageMarkup, Tag, parse_page, read_text
from hippo_cli.markup.untouched import is_answered_untouched

_CHOICES = ("radio", "checkbox")
_SHARING = "several options have the value {}, so their answers are the same"
_UNTOUCHED = "has a value before it is touched"


@dataclass(slots=True)
class FormField:
    """A named field of a form, or a button that stores its value (`kind` is button).

    `options` holds values and labels of radio buttons, checkboxes, lists and buttons. `note` says what makes
    its answers less than they seem.
    """

    name: str
    kind: str
    required: bool = False
    label: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""

    def format_options(self) -> str:
        """Return the options as a JSON list of objects with value and label, or "" for a text field."""
        if not self.options:
            return ""
        entries = [{"value": value, "label": label} for value, label in self.options]
        return json.dumps(entries, ensure_ascii=False)


def read_form_fields(html: str) -> list[FormField]:
    """Return the form fields of a page, in page order. All controls of one name are one field.

    Controls that browsers do not show follow at the end, with the reason in their note.
    """
    page = parse_page(html)
    fields: dict[str, FormField] = {}
    untouched: set[str] = set()
    for tag in page.tags:
        if tag.attributes.get("name") and (tag.is_control or tag.is_submitter):
            _add(fields, page, tag)
            if is_answered_untouched(tag):
                untouched.add(tag.attributes["name"])
    for form_field in fields.values():
        if form_field.kind in _CHOICES and not form_field.label and len(form_field.options) == 1:
            form_field.label = form_field.options[0][1]
        form_field.note = "; ".join(_list_notes(form_field, form_field.name in untouched))
    return [*fields.values(), *_list_hidden(page, fields)]


def _add(fields: dict[str, FormField], page: PageMarkup, tag: Tag) -> None:
    """Add a control to the field of its name."""
    name, kind = tag.attributes["name"], _name_kind(tag)
    form_field = fields.setdefault(name, FormField(name, kind))
    form_field.required |= "required" in tag.attributes
    label, legend = _find_label(page, tag), _find_legend(tag)
    if tag.is_submitter:
        form_field.options.append((tag.attributes.get("value", ""), _read_button(tag)))
    elif kind in _CHOICES:
        form_field.options.append((tag.attributes.get("value", "on"), label))
        form_field.label = form_field.label or legend
    else:
        form_field.options += [(option.value, option.label) for option in tag.list_options()]
        form_field.label = form_field.label or label or legend


def _name_kind(tag: Tag) -> str:
    if tag.is_submitter:
        return "button"
    return "select multiple" if tag.kind == "select" and "multiple" in tag.attributes else tag.kind


def _read_button(tag: Tag) -> str:
    if tag.name == "input":
        return tag.attributes.get("alt" if tag.kind == "image" else "value", "")
    return read_text(tag.node)


def _find_label(page: PageMarkup, tag: Tag) -> str:
    """Return the text of a control's label, or else its own hint."""
    own = tag.attributes.get("id")
    label = next((parent for parent in tag.ancestors if parent.name == "label"), None)
    if own and page.ids[own][0] is tag:  # only the first element with an id is meant
        label = page.labels.get(own, label)
    text = read_text(label.node) if label else ""
    return text or tag.attributes.get("aria-label") or tag.attributes.get("placeholder", "")


def _find_legend(tag: Tag) -> str:
    """Return the legend of the nearest fieldset that has one."""
    for parent in tag.ancestors:
        if parent.name == "fieldset":
            legends = (c for c in parent.node.children if isinstance(c, Element) and c.tag == "legend")
            if text := next((read_text(legend) for legend in legends), ""):
                return text
    return ""


def _list_notes(form_field: FormField, is_untouched: bool) -> Iterable[str]:
    counts = Counter(value for value, _ in form_field.options)
    shared = [json.dumps(value, ensure_ascii=False) for value, count in counts.items() if count > 1]
    return [*map(_SHARING.format, shared), *([_UNTOUCHED] if is_untouched else [])]


def _list_hidden(page: PageMarkup, fields: dict[str, FormField]) -> Iterable[FormField]:
    hidden: dict[str, FormField] = {}
    for control in find_hidden_controls(page):
        note = f"participants do not see it: {control.why}"
        if control.name in fields:
            found = fields[control.name]
            found.note = found.note if note in found.note else "; ".join(filter(None, (found.note, note)))
        else:
            hidden.setdefault(control.name, FormField(control.name, control.tag, note=note))
    return hidden.values()
