"""The optional parts of a config, each read and checked by one rule.

Publishing refuses what is unreadable; `next_step`, which also meets lists edited by hand, takes it as absent.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from hippo.studies.completion import Completion, check_url
from hippo.studies.links import is_parameter_name

logger = logging.getLogger(__name__)

MOST_PARTICIPANTS = 100_000
MOST_SERVERS = 300  # each has a rule, of which EventBridge allows 300
DEFAULT_LANGUAGE = "en"
HASH, BALANCED = "hash", "balanced"
DEFAULT_GROUPS_CUTOFF = 120  # minutes: twice the runtime of a long game, and the pages around it
MOST_GROUPS_CUTOFF = 100_000  # ten weeks
SCREEN_KEYS = ("mobile", "minWidth")
_NUMBER = re.compile(r"[0-9]{1,6}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # the shape of a BCP 47 tag


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """Who is let in, and how many play at once; `closes_at` in UTC. They act as the list has them now."""

    one_per: str | None = None
    signed_links: bool = False
    max_participants: int | None = None
    closes_at: datetime | None = None
    lets_mobile_in: bool = True
    min_width: int | None = None
    max_servers: int | None = None


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What participants see; it belongs to the version that they began with."""

    completion: Completion | None = None
    consent_step: int | None = None
    language: str = DEFAULT_LANGUAGE
    has_balanced_groups: bool = False
    groups_cutoff: int = DEFAULT_GROUPS_CUTOFF  # minutes


def parse_number(value: object, least: int, most: int) -> int:
    """A whole number as such or as text. Raises ValueError."""
    if _NUMBER.fullmatch(str(value)) and least <= int(str(value)) <= most:
        return int(str(value))
    raise ValueError(f"a whole number, {least} to {most}, is needed")


def parse_time(value: object) -> datetime:
    """ISO 8601 with a zone, which YAML may have given a space; as UTC. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: a year that UTC has no number for
        pass
    raise ValueError('date, time and zone are needed, such as "2026-12-01T12:00:00+00:00"')


def parse_language(value: object) -> str:
    """A language tag. Raises ValueError."""
    if isinstance(value, str) and len(value) <= 35 and _LANGUAGE.fullmatch(value):
        return value
    raise ValueError('a language tag such as "en" or "fr-CA" is needed (in quotes: YAML takes no for false)')


def parse_one_per(value: object) -> str:
    """The name of a link's parameter. Raises ValueError."""
    if is_parameter_name(value):
        return str(value)
    raise ValueError("the name of a link's parameter is needed, none that the platform uses itself")


def parse_flag(value: object) -> bool:
    """True or false, not in words. Raises ValueError."""
    if isinstance(value, bool):
        return value
    raise ValueError("true or false is needed")


def parse_groups(value: object) -> str:
    """How groups are given. Raises ValueError."""
    if value in (HASH, BALANCED):
        return str(value)
    raise ValueError(f"{HASH} or {BALANCED} is needed")


def parse_code(value: object) -> str:
    """The code that participants are given; a number will do. Raises ValueError."""
    if isinstance(value, (str, int)) and not isinstance(value, bool) and 0 < len(str(value)) <= 256:
        return str(value)
    raise ValueError("text is needed, 256 characters at most")


# The path of each option and the rule for its value.
_ACCESS: dict[str, Callable[[Any], Any]] = {
    "onePer": parse_one_per,
    "signedLinks": parse_flag,
    "maxParticipants": lambda value: parse_number(value, 1, MOST_PARTICIPANTS),
    "maxServers": lambda value: parse_number(value, 1, MOST_SERVERS),
    "closesAt": parse_time,
    "screen.mobile": parse_flag,
    "screen.minWidth": lambda value: parse_number(value, 1, 100_000),
}
_PAGES: dict[str, Callable[[Any], Any]] = {
    "completion.code": parse_code,
    "completion.url": check_url,
    "consentStep": lambda value: parse_number(value, 1, 999_999),
    "language": parse_language,
    "groups": parse_groups,
    "groupsCutoff": lambda value: parse_number(value, 1, MOST_GROUPS_CUTOFF),
}
OPTION_KEYS = tuple(dict.fromkeys(path.split(".")[0] for path in (*_ACCESS, *_PAGES)))


def read_access(config: Mapping[str, Any]) -> AccessOptions:
    """The options that decide who is let in."""
    values, problems = _read(config, _ACCESS)
    _log(config, problems)
    return AccessOptions(
        one_per=values.get("onePer"),
        # Whatever stands there somebody meant to close the door.
        signed_links=bool(config.get("signedLinks")),
        max_participants=values.get("maxParticipants"),
        closes_at=values.get("closesAt"),
        lets_mobile_in=values.get("screen.mobile", True),
        min_width=values.get("screen.minWidth"),
        max_servers=values.get("maxServers"),
    )


def read_page_options(config: Mapping[str, Any]) -> PageOptions:
    """The options for what participants see."""
    values, problems = _read(config, _PAGES)
    _log(config, problems)
    completion = Completion(values.get("completion.code"), values.get("completion.url"))
    return PageOptions(
        completion=completion if any(getattr(completion, f.name) for f in fields(completion)) else None,
        consent_step=values.get("consentStep"),
        language=values.get("language", DEFAULT_LANGUAGE),
        has_balanced_groups=values.get("groups") == BALANCED,
        groups_cutoff=values.get("groupsCutoff", DEFAULT_GROUPS_CUTOFF),
    )


def check_options(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Errors and warnings of all options, each as `path: what is wrong`."""
    values, errors = _read(config, {**_ACCESS, **_PAGES})
    warnings = _check_cutoff(config, values)
    for key, known in (("screen", SCREEN_KEYS), ("completion", ("code", "url"))):
        part = config.get(key)
        if isinstance(part, Mapping):
            warnings += [f"{key}.{name}: unknown key, kept" for name in part if name not in known]
    return errors, warnings


def _check_cutoff(config: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Whoever still plays has not dropped out."""
    if values.get("groups") != BALANCED:
        return ["groupsCutoff: has no effect without groups: balanced"] if "groupsCutoff" in values else []
    cutoff, runtime = values.get("groupsCutoff", DEFAULT_GROUPS_CUTOFF), str(config.get("maxRuntime"))
    if _NUMBER.fullmatch(runtime) and int(runtime) > cutoff:
        return [f"groupsCutoff: {cutoff} minutes end before maxRuntime, so players count as drop-outs"]
    return []


def _read(
    config: Mapping[str, Any], rules: Mapping[str, Callable[[Any], Any]]
) -> tuple[dict[str, Any], list[str]]:
    """The values of the options that are there and readable, and what is wrong with the others."""
    values, problems = {}, []
    for path, parse in rules.items():
        key, _, inner = path.partition(".")
        value = config.get(key)
        if inner and not _is_absent(value):
            if not isinstance(value, Mapping):
                problems.append(f"{key}: a mapping is needed")
                continue
            value = value.get(inner)
        if _is_absent(value):
            continue
        try:
            values[path] = parse(value)
        except ValueError as error:
            problems.append(f"{path}: {error}")
    return values, list(dict.fromkeys(problems))


def _is_absent(value: object) -> bool:
    return value is None or value == ""


def _log(config: Mapping[str, Any], problems: list[str]) -> None:
    for problem in problems:
        # The path alone: what a person wrote into a list stays out of the log.
        path = problem.partition(":")[0]
        logger.error("option is not readable", extra={"projectId": config.get("id"), "option": path})
