"""Random answers to a page's form, which a browser would accept; the same seed gives the same answers."""

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from hippo_cli.markup.page import Tag, parse_page

Answers = dict[str, str | list[str]]
_WORDS = ("maybe", "blue", "seven", "often", "never", "a", "hill", "left", "right", "slow")
_ALWAYS = ("range", "color")  # controls that always have a value
_FILLED = 0.8  # share of optional controls that are filled in
_SPAN = 100  # range of a number without bounds
_MOST_STEPS = 10**15
_LONG_TEXT = 200
_LONGEST_TEXT = 10_000


@dataclass(slots=True)
class Control:
    """A form control; `options` are the values of a list."""

    tag: str
    kind: str
    name: str
    attributes: Mapping[str, str]
    options: list[str] = field(default_factory=list)

    @property
    def is_required(self) -> bool:
        """Whether the browser requires a value."""
        return "required" in self.attributes

    @property
    def value(self) -> str:
        """The value in the page; for checkboxes and radio buttons the one submitted when they are chosen."""
        return self.attributes.get("value", "on" if self.kind in ("radio", "checkbox") else "")


def fill_in(html: str, chance: random.Random) -> Answers:
    """Return answers as the study page submits them: by name, as a list where several can be chosen."""
    groups: dict[str, list[Control]] = {}
    for control in read_controls(html):
        groups.setdefault(control.name, []).append(control)
    answers: Answers = {}
    for name, controls in groups.items():
        values = _fill_group(controls, chance)
        kinds = {control.kind for control in controls}
        if len(controls) > 1 and kinds != {"radio"} or "select-multiple" in kinds:
            answers |= {name: values} if values else {}
        elif values:
            answers[name] = values[0]
    return answers


def read_controls(html: str) -> list[Control]:
    """Return the controls whose answers are stored: named, enabled, and not buttons."""
    found = (tag for tag in parse_page(html).tags if tag.is_control and tag.kind != "file")
    return [_read_control(tag) for tag in found if tag.attributes.get("name") and not tag.is_disabled]


def _read_control(tag: Tag) -> Control:
    kind = "select-multiple" if tag.name == "select" and "multiple" in tag.attributes else tag.kind
    options = [option.value for option in tag.list_options() if not option.is_disabled]
    return Control(tag.name, kind, tag.attributes["name"], tag.attributes, options)


def _fill_group(controls: list[Control], chance: random.Random) -> list[str]:
    if controls[0].kind == "radio":
        wanted = any(control.is_required for control in controls) or chance.random() < _FILLED
        return [chance.choice(controls).value] if wanted else []
    values = []
    for control in controls:
        values += _fill(control, chance)
    return values


def _fill(control: Control, chance: random.Random) -> list[str]:
    if control.kind == "hidden" or "readonly" in control.attributes:
        return [control.value]
    if control.kind == "checkbox":
        return [control.value] if control.is_required or chance.random() < 0.5 else []
    if control.tag == "select":
        return _choose(control, chance)
    always = control.is_required or control.kind in _ALWAYS
    if not always and chance.random() >= _FILLED:
        return [""]
    return [_write(control, chance)]


def _choose(control: Control, chance: random.Random) -> list[str]:
    options = [value for value in control.options if value] or control.options
    if control.kind == "select-multiple":
        number = chance.randint(1 if control.is_required else 0, max(len(options), 1))
        chosen = set(chance.sample(options, min(number, len(options))))
        return [value for value in options if value in chosen]
    return [chance.choice(options)] if options else []


def _write(control: Control, chance: random.Random) -> str:
    attributes = control.attributes
    if control.kind in ("number", "range"):
        return _write_number(attributes, chance, bounded=control.kind == "range")
    day = date(2000, 1, 1) + timedelta(days=chance.randrange(9000))
    fixed = {
        "email": "bot@example.org",
        "url": "https://example.org/",
        "tel": "+1 555 0100",
        "color": f"#{chance.randrange(1 << 24):06x}",
        "date": _clamp(f"{day}", attributes),
        "month": _clamp(f"{day:%Y-%m}", attributes),
        "week": _clamp("{}-W{:02}".format(*day.isocalendar()[:2]), attributes),
        "time": _clamp(f"{chance.randrange(24):02}:{chance.randrange(60):02}", attributes),
        "datetime-local": _clamp(f"{day}T{chance.randrange(24):02}:00", attributes),
    }
    return fixed.get(control.kind) or _write_text(attributes, chance)


def _clamp(text: str, attributes: Mapping[str, str]) -> str:
    """Limit a date or time to the control's min and max; these texts sort by time."""
    text = max(text, attributes.get("min", text))
    return min(text, attributes.get("max") or text)


def _write_number(attributes: Mapping[str, str], chance: random.Random, *, bounded: bool) -> str:
    least, most = _read(attributes, "min"), _read(attributes, "max")
    if bounded:  # a slider goes from 0 to 100 by default
        least, most = (0.0 if least is None else least), (100.0 if most is None else most)
    start = least if least is not None else 0.0 if most is None or most >= 0 else most - _SPAN
    end = most if most is not None else start + _SPAN
    step = _read(attributes, "step") or (1.0 if attributes.get("step") != "any" else end / 7 - start / 7)
    steps = int(min((end - start) / step + 1e-9, _MOST_STEPS)) if step > 0 else 0
    number = min(start + step * chance.randint(0, max(steps, 0)), max(start, end))
    return f"{round(number, 9):.15g}"


def _read(attributes: Mapping[str, str], name: str) -> float | None:
    """Return a numeric attribute, or None for a value that a browser does not read as a number either."""
    try:
        number = float(attributes.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _write_text(attributes: Mapping[str, str], chance: random.Random) -> str:
    least = min(int(_read(attributes, "minlength") or 0), _LONGEST_TEXT)
    most = int(_read(attributes, "maxlength") or max(_LONG_TEXT, least))
    text = " ".join(chance.choices(_WORDS, k=chance.randint(1, 5)))
    while len(text) < least:
        text += f" {chance.choice(_WORDS)}"
    text = re.sub(" $", "s", text[: max(most, 1)])
    pattern = attributes.get("pattern")
    return _match(pattern, text, least, most, chance) if pattern else text


def _match(pattern: str, text: str, least: int, most: int, chance: random.Random) -> str:
    """Return a text that matches the pattern, found by trial; `text` if none is found.

    The platform accepts a text that does not match as well.
    """
    try:
        known = re.compile(pattern)
    except re.error:
        return text
    alphabets = ("0123456789", "abcdefghij", "ABCDEFGHIJ", "0123456789ABCDEF", "ab1")
    for length in range(max(least, 1), min(most, 40) + 1):
        for alphabet in alphabets:
            tried = "".join(chance.choices(alphabet, k=length))
            if known.fullmatch(tried):
                return tried
    return text
