"""Controls that have a value before a participant has touched them; `web/frame.js` has the same rule."""

from hippo_cli.markup.page import Tag

# Text that is already in a field is not among them: participants see it, and keep or edit it.
_ALWAYS = ("range", "color")
_WITH_VALUE = ("number", "date", "time", "month", "week", "datetime-local")


def is_answered_untouched(tag: Tag) -> bool:
    """Return whether a control stores an answer that no participant has chosen."""
    attributes, kind = tag.attributes, tag.kind
    if tag.is_disabled or "readonly" in attributes:
        return False
    if kind in ("radio", "checkbox"):
        return "checked" in attributes
    if kind == "select":
        return _is_list_answered(tag)
    return kind in _ALWAYS or (kind in _WITH_VALUE and bool(attributes.get("value")))


def _is_list_answered(tag: Tag) -> bool:
    options, is_single = tag.list_options(), "multiple" not in tag.attributes
    chosen = [option for option in options if option.is_selected]
    if is_single:
        chosen = chosen[-1:]
    is_menu = is_single and tag.attributes.get("size", "1").strip() in ("", "0", "1")
    if not chosen and is_menu:  # a menu shows its first option
        chosen = [option for option in options if not option.is_disabled][:1]
    # A disabled option that is selected, such as "Please choose", is not stored.
    return any(option.value and not option.is_disabled for option in chosen)
