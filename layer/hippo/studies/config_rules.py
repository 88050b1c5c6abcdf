"""The rules for values of a config: each parses a value, and describes it to editors as JSON Schema.

A schema is wider than its rule where JSON Schema cannot express the rule.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hippo.studies.completion import check_origin, check_url
from hippo.studies.links import PARAMETER_NAME, is_parameter_name

Schema = Mapping[str, Any]

EMPTY: tuple[Any, ...] = (None, "", {}, [])
_LONGEST_CODE = 256
_LONGEST_LANGUAGE = 35
_MOST_ORIGINS = 20
_DIGITS = "[0-9]{1,6}"
_NUMBER = re.compile(_DIGITS)
_LANGUAGE_TAG = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"  # the shape of a BCP 47 tag
_LANGUAGE = re.compile(_LANGUAGE_TAG)


class Rule:
    """The values that a key accepts. Values in `absent` count as if the key were missing."""

    absent: tuple[Any, ...] = (None, "")

    def parse(self, value: Any) -> Any:
        """Return the value as the code uses it. Raises ValueError that says what it must be."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Return the JSON Schema of values that are not absent."""
        raise NotImplementedError


class Key:
    """One key of a config: the rule for its value, and what the documentation says about it.

    `path` has a dot before an inner key. `example` is a value in YAML. It is not a dataclass, because
    `next_step` imports it in each cold start.
    """

    __slots__ = ("doc", "example", "path", "required", "rule")

    def __init__(self, path: str, rule: Rule, doc: str, example: str = "", required: bool = False) -> None:
        self.path, self.rule, self.doc, self.example, self.required = path, rule, doc, example, required

    @property
    def name(self) -> str:
        """The outermost key of its path."""
        return self.path.partition(".")[0]

    def find(self, config: Mapping[str, Any]) -> Any:
        """Return the value in a config, None if it has none."""
        value: Any = config
        for part in self.path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def is_absent(self, value: object) -> bool:
        """Return whether a value counts as if the key were missing."""
        return value in (EMPTY if self.required else self.rule.absent)


def read_values(config: Mapping[str, Any], keys: tuple[Key, ...]) -> tuple[dict[str, Any], list[str]]:
    """Return the parsed values by path, and what is wrong with the others as `path: what it must be`."""
    values, problems = {}, []
    for key in keys:
        value = key.find(config)
        if key.is_absent(value):
            continue
        try:
            values[key.path] = key.rule.parse(value)
        except ValueError as error:
            problems.append(f"{key.path}: {error}")
    return values, problems


class Number(Rule):
    """A whole number, as a number or as text. `noun` names it in errors."""

    def __init__(self, least: int, most: int, noun: str = "a whole number") -> None:
        self._least, self._most, self._noun = least, most, noun

    def parse(self, value: Any) -> int:
        """Return the number."""
        if _NUMBER.fullmatch(str(value)) and self._least <= int(str(value)) <= self._most:
            return int(str(value))
        raise ValueError(f"must be {self._noun} from {self._least} to {self._most}")

    def schema(self) -> Schema:
        """Return a schema with both forms; the range of a text is not expressed."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": self._least, "maximum": self._most},
                {"type": "string", "pattern": f"^{_DIGITS}$"},
            ]
        }


class NumberOrZero(Number):
    """A whole number, or 0, which switches something off."""

    def parse(self, value: Any) -> int:
        """Return the number."""
        if str(value) == "0":
            return 0
        try:
            return super().parse(value)
        except ValueError as error:
            raise ValueError(f"{error}, or 0") from None

    def schema(self) -> Schema:
        """Return a schema with both forms, and 0."""
        return {"anyOf": [*super().schema()["anyOf"], {"const": 0}]}


class Flag(Rule):
    """True or false, not as text."""

    def parse(self, value: Any) -> bool:
        """Return the flag."""
        if isinstance(value, bool):
            return value
        raise ValueError("must be true or false")

    def schema(self) -> Schema:
        """Return a schema of the two values."""
        return {"enum": [True, False]}


class Choice(Rule):
    """One of several words."""

    def __init__(self, *words: str) -> None:
        self._words = words

    def parse(self, value: Any) -> str:
        """Return the word."""
        if value in self._words:
            return str(value)
        raise ValueError(f"must be {' or '.join(self._words)}")

    def schema(self) -> Schema:
        """Return a schema of the words."""
        return {"enum": list(self._words)}


class Section(Rule):
    """A mapping that holds inner keys, each with its own rule."""

    def parse(self, value: Any) -> Mapping[str, Any]:
        """Return the mapping."""
        if isinstance(value, Mapping):
            return value
        raise ValueError("must be a mapping")

    def schema(self) -> Schema:
        """Return a schema of any mapping; the inner keys are added to it."""
        return {"type": "object"}


class Time(Rule):
    """A date and time in ISO 8601 with a zone."""

    def parse(self, value: Any) -> datetime:
        """Return the time in UTC. YAML may have replaced the T by a space."""
        try:
            moment = datetime.fromisoformat(str(value).strip())
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):  # the latter: the year is out of range in UTC
            pass
        raise ValueError('must be date, time and zone, such as "2026-12-01T12:00:00+00:00"')

    def schema(self) -> Schema:
        """Return a schema of any text."""
        return {"type": "string"}


class Language(Rule):
    """A BCP 47 language tag."""

    def parse(self, value: Any) -> str:
        """Return the tag."""
        if isinstance(value, str) and len(value) <= _LONGEST_LANGUAGE and _LANGUAGE.fullmatch(value):
            return value
        raise ValueError(
            'must be a language tag such as "en" or "fr-CA", in quotes (YAML reads an unquoted no as false)'
        )

    def schema(self) -> Schema:
        """Return a schema of the tag's shape."""
        return {"type": "string", "maxLength": _LONGEST_LANGUAGE, "pattern": f"^{_LANGUAGE_TAG}$"}


class ParameterName(Rule):
    """The name of a link's parameter that belongs to the recruiter."""

    def parse(self, value: Any) -> str:
        """Return the name."""
        if is_parameter_name(value):
            return str(value)
        raise ValueError("must be the name of a link's parameter that the platform does not use itself")

    def schema(self) -> Schema:
        """Return a schema of the name's shape; the platform's own names are not excluded."""
        return {"type": "string", "pattern": f"^{PARAMETER_NAME}$"}


class Code(Rule):
    """The code that participants receive at the end, as text or number."""

    def parse(self, value: Any) -> str:
        """Return the code as text."""
        is_code = isinstance(value, (str, int)) and not isinstance(value, bool)
        if is_code and 0 < len(str(value)) <= _LONGEST_CODE:
            return str(value)
        raise ValueError(f"must be text of at most {_LONGEST_CODE} characters")

    def schema(self) -> Schema:
        """Return a schema of both forms."""
        return {"type": ["string", "integer"], "maxLength": _LONGEST_CODE}


class CompletionUrl(Rule):
    """The link back to the recruiter, with placeholders."""

    def parse(self, value: Any) -> str:
        """Return the URL."""
        return check_url(value)

    def schema(self) -> Schema:
        """Return a schema of the URL's beginning."""
        return {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^ ]+$"}


class Origins(Rule):
    """A list of origins: of pages, and of game servers."""

    absent = (None, "", [])

    def parse(self, value: Any) -> tuple[str, ...]:
        """Return the origins."""
        if not isinstance(value, list) or len(value) > _MOST_ORIGINS:
            raise ValueError(f"must be a list of at most {_MOST_ORIGINS} origins")
        return tuple(check_origin(origin) for origin in value)

    def schema(self) -> Schema:
        """Return a schema of a list of their beginnings."""
        pattern = "^([hH][tT][tT][pP]|[wW][sS])[sS]?://[^ ]+$"
        return {
            "type": "array",
            "maxItems": _MOST_ORIGINS,
            "items": {"type": "string", "pattern": pattern},
        }
