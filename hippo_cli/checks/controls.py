"""The checks of a page's controls and labels: answers that are lost, alike or not chosen."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from hippo_cli.checks.input_types import check_input_type
from hippo_cli.findings import Finding, warning
from hippo_cli.markup.page import LABELABLE, PageMarkup, Tag
from hippo_cli.markup.untouched import is_answered_untouched

# Controls of the same name are stored as a list; these types are designed to share a name.
_SHARING = ("radio", "checkbox", "hidden")
_NAMES = {"radio": "radio buttons", "checkbox": "checkboxes", "select": "options", "button": "buttons"}
_REFERENCES = ("aria-labelledby", "aria-describedby", "list")


def check_controls(
    file: str, page: PageMarkup, tags: Iterable[Tag], *, accepts_untouched: bool
) -> Iterator[Finding]:
    """Yield the findings about the controls and labels among these elements of a page."""
    names: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        if tag.is_control:
            yield from _check_control(file, tag)
        if tag.attributes.get("name") and tag.kind != "file" and (tag.is_control or tag.is_submitter):
            names[tag.attributes["name"]].append(tag)
        if tag.is_html and tag.name == "label":
            yield from _check_label(file, page, tag)
        yield from _check_references(file, page, tag)
    for name, sharing in names.items():
        yield from _check_name(file, name, sharing)
        if not accepts_untouched and any(is_answered_untouched(tag) for tag in sharing):
            yield _warn_untouched(file, name, next(filter(is_answered_untouched, sharing)))


def _check_control(file: str, tag: Tag) -> Iterator[Finding]:
    label = f"<{tag.name}>" if tag.kind == tag.name else f'<{tag.name} type="{tag.kind}">'
    name = tag.attributes.get("name", "")
    if tag.kind == "file":
        fix = "Ask for a link or text instead."
        yield warning("file-input", file, tag.line, name or label, "participants cannot upload files", fix)
    elif not name:
        what, key = f"{label} has no name, so its answer is lost", tag.attributes.get("id") or label
        yield warning("name-missing", file, tag.line, key, what, 'Add name="…".')
    else:
        yield from check_input_type(file, tag)


def _check_name(file: str, name: str, tags: list[Tag]) -> Iterator[Finding]:
    """Yield the findings about the controls of one name."""
    controls = [tag for tag in tags if tag.is_control]
    if len(controls) > 1 and not {tag.kind for tag in controls} <= set(_SHARING):
        what = f"{len(controls)} controls have the name {name!r}, so their answers become one list"
        fix = "Use a different name for each."
        yield warning("name-duplicate", file, controls[-1].line, name, what, fix)
        return
    for kind, values in _list_values(tags):
        seen: set[str] = set()
        for value, line, is_written in values:
            if value in seen:
                what = f"two {kind} of {name!r} have the value {value!r}, so their answers are the same"
                fix = "Use a different value for each." if is_written else 'Add value="…" to each.'
                yield warning("value-duplicate", file, line, name, what, fix)
            seen.add(value)


def _list_values(tags: list[Tag]) -> Iterator[tuple[str, list[tuple[str, int, bool]]]]:
    """Yield the choices of a name: what they are, and each one's value, line and whether it is written."""
    for tag in tags:
        if tag.name == "select":
            # A choice without a value asks for another one.
            options = [option for option in tag.list_options() if option.value and not option.is_disabled]
            yield _NAMES["select"], [(option.value, option.line, True) for option in options]
    hidden = [tag for tag in tags if tag.kind == "hidden"]
    for kind in ("radio", "checkbox"):
        found = [tag for tag in tags if tag.kind == kind]
        # A hidden field supplies the value of a checkbox that is not checked.
        yield _NAMES[kind], [_read_value(tag, "on") for tag in (*found, *(hidden if found else []))]
    yield _NAMES["button"], [_read_value(tag, "") for tag in tags if tag.is_submitter]


def _read_value(tag: Tag, default: str) -> tuple[str, int, bool]:
    return tag.attributes.get("value", default), tag.line, "value" in tag.attributes


def _warn_untouched(file: str, name: str, tag: Tag) -> Finding:
    what = f"{name!r} has a value before a participant touches it, which is stored like an answer"
    if tag.kind == "select":
        fix = 'Begin its options with <option value="">Please choose</option>, or '
    elif tag.kind in ("range", "color"):
        fix = "Ask with radio buttons, or "
    else:
        fix = "Leave out the value, or "
    fix += "set `untouched` in config.yml: it says what is stored."
    return warning("untouched", file, tag.line, name, what, fix)


def _check_label(file: str, page: PageMarkup, tag: Tag) -> Iterator[Finding]:
    """Yield a finding if a label does not belong to a control."""
    target = tag.attributes.get("for", "")
    found = page.ids.get(target, [])
    fix = 'Write the id of the control: <label for="age"> and <input id="age" …>.'
    if not target:
        if tag not in page.wrapping_labels:
            yield warning("label", file, tag.line, "<label>", "the label does not belong to a control", fix)
    elif not found:
        what = f"the label is for {target!r}, but no element of the page has this id"
        yield warning("label", file, tag.line, target, what, fix)
    elif found[0].name not in LABELABLE:
        what = f"the label is for {target!r}, which is <{found[0].name}> and not a control"
        yield warning("label", file, tag.line, target, what, fix)
    elif len(found) > 1:
        what = f"{len(found)} elements have the id {target!r}, so the label belongs to the first of them"
        yield warning("label", file, tag.line, target, what, "Use a different id for each.")


def _check_references(file: str, page: PageMarkup, tag: Tag) -> Iterator[Finding]:
    for key in _REFERENCES:
        for target in tag.attributes.get(key, "").split():
            if target not in page.ids:
                what = f"{key} of <{tag.name}> names {target!r}, but no element of the page has this id"
                yield warning(
                    "label", file, tag.line, target, what, "Write the id of an element, or remove it."
                )
