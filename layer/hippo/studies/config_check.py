"""The check of a project's config, which reports all problems at once, each with its path.

config_keys.py has the rules for single values. This module adds the rules between several values.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hippo.stored_json import format_json
from hippo.studies.config_keys import EVENT_KEYS, KEYS, KNOWN_KEYS, STEP_FILE, find_missing
from hippo.studies.config_meaning import check_meaning
from hippo.studies.config_rules import EMPTY, Section, read_values
from hippo.studies.options import BALANCED, DEFAULT_GROUPS_CUTOFF, OPTIONS
from hippo.studies.study import GAME, read_number
from hippo.studies.task_rules import TaskRules

_OTHER_KEYS = tuple(key for key in KEYS if key not in OPTIONS)
_SECTIONS = tuple(key.path for key in OPTIONS if isinstance(key.rule, Section))
# Every page and every start reads the configs of all studies. This is enough for 2,000 steps.
LARGEST_CONFIG = 64 * 1024
# All functions parse the list of studies, each from a stack of its own depth, and Python limits recursion.
MOST_LEVELS = 20
_LENIENT: dict[str, Any] = {"default": str, "skipkeys": True}
_UNKNOWN = "unknown key; it is stored but has no effect. Check its spelling."


def check_config(
    config: object, buckets: tuple[str, ...], now: datetime | None = None, rules: TaskRules | None = None
) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings of a project config, each as `path: what is wrong`.

    `buckets` are those that the operator's stack may use; another one in `bucket` is an error. Without `now`,
    a closing time in the past is not reported. `rules` are the operator's, which only the deployment knows.
    """
    if not isinstance(config, Mapping):
        return ["The project's config must be a JSON object."], []
    if excess := _find_excess(config):
        return [excess], []
    errors = [f"{path}: missing" for path in find_missing(config)]
    errors += read_values(config, _OTHER_KEYS)[1]
    if config.get("bucket") and config["bucket"] not in buckets:
        allowed = ", ".join(buckets)
        errors.append(
            f"bucket: {config['bucket']!r} is not a bucket of this deployment ({allowed}). "
            "Remove it, or ask the operator to add it to ExtraBuckets."
        )
    warnings = [f"{key}: {_UNKNOWN}" for key in config if key not in KNOWN_KEYS]
    if not config.get("live"):
        warnings.append("live: not true, so the study is closed")
    event_errors, event_warnings = _check_events(config)
    option_errors, option_warnings = check_options(config, now)
    errors += [*_check_steps(config), *event_errors, *option_errors, *_check_consent(config)]
    errors += rules.check(config) if rules else []
    return errors, warnings + event_warnings + option_warnings


def _find_excess(config: Mapping[str, Any]) -> str:
    """Return why a config is too large, whose unknown keys may hold anything; empty if it is not."""
    if _is_deeper(config, MOST_LEVELS):
        return f"config: is nested too deeply; at most {MOST_LEVELS} levels are allowed"
    # YAML has dates and other keys than text, which only the researcher's own check sees.
    size = len(format_json({key: value for key, value in config.items() if key != "files"}, **_LENIENT))
    if size <= LARGEST_CONFIG:
        return ""
    return (
        f"config: has {size:,} bytes as JSON, but at most {LARGEST_CONFIG:,} are allowed. "
        "Remove keys that the study does not need, or move long texts into its pages."
    )


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether maps and lists are nested more than so many levels deep, without recursion."""
    level = [value]
    for _ in range(levels + 1):
        # By identity: YAML may name one list many times, which would count as many.
        containers = {id(one): one for one in level if isinstance(one, Mapping | list)}.values()
        level = [part for one in containers for part in (one.values() if isinstance(one, Mapping) else one)]
        if not containers:
            return False
    return True


def check_options(config: Mapping[str, Any], now: datetime | None = None) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings of all options, each as `path: what is wrong`."""
    values, errors = read_values(config, OPTIONS)
    wrong, warnings = check_meaning(config, values, now)
    errors += wrong
    warnings += _check_cutoff(config, values)
    if values.get("newcomersPerNetwork") and config.get("signedLinks"):
        warnings.append("newcomersPerNetwork: has no effect with signedLinks")
    known = {key.path for key in OPTIONS}
    for section in _SECTIONS:
        paths = [f"{section}.{name}" for name in values.get(section, ())]
        warnings += [f"{path}: {_UNKNOWN}" for path in paths if path not in known]
    return errors, warnings


def _check_steps(config: Mapping[str, Any]) -> list[str]:
    steps = config.get("steps")
    if not isinstance(steps, Mapping) or steps in EMPTY:
        return []
    errors = []
    if not steps.get("finalStep"):
        errors.append("steps.finalStep: missing")
    elif steps["finalStep"] == GAME:
        errors.append("steps.finalStep: must be a page, not the game")
    numbers = {str(key) for key in steps} - {"finalStep"}
    wanted = {str(number) for number in range(1, max(len(numbers), 1) + 1)}
    errors += [f"steps.{number}: missing" for number in sorted(wanted - numbers, key=int)]
    errors += [f"steps.{key}: must be one of 1, 2, 3 … without gaps" for key in sorted(numbers - wanted)]
    for key, value in steps.items():
        try:
            STEP_FILE.parse(value)
        except ValueError as error:
            errors.append(f"steps.{key}: {error}")
    errors += [f"steps.{key}: empty" for key, value in steps.items() if not value and key != "finalStep"]
    return errors


def _check_consent(config: Mapping[str, Any]) -> list[str]:
    """Return an error for a consent step that is not a page. The key's own rule rejects other values."""
    step, steps = read_number(config.get("consentStep")), config.get("steps")
    if not step or not isinstance(steps, Mapping):
        return []
    files = {str(key): file for key, file in steps.items()}
    if files.get(str(step)) in (None, "", GAME):
        return [f"consentStep: step {step} is not a page of this study. Name the step of the consent page."]
    return []


def _check_events(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    events, steps = config.get("events"), config.get("steps") or {}
    if not isinstance(events, Mapping) or events in EMPTY:
        return [], []
    errors, warnings, are_readable = [], [], True
    last = len(steps) - 1 if isinstance(steps, Mapping) else 0
    for key in EVENT_KEYS:
        if key not in events:
            errors.append(f"events.{key}: missing; leave it empty if there is no such step")
        elif events[key] in (None, ""):
            effect = "no server is started" if "start" in key else "servers run until maxRuntime"
            warnings.append(f"events.{key}: empty, so {effect}")
        elif not (number := read_number(events[key])):
            are_readable = False  # which the key's own rule reports
        elif number > last:
            warnings.append(f"events.{key}: {events[key]} is beyond the last step ({last})")
    if errors or not are_readable:
        return errors, warnings
    return errors, warnings + _check_order(events, steps)


def _check_order(events: Mapping[str, Any], steps: object) -> list[str]:
    """Warn of a server that starts too late or stops too early: a likely mistake when a page is added."""
    start, stop = (read_number(events.get(key)) for key in EVENT_KEYS)
    items = steps.items() if isinstance(steps, Mapping) else ()
    games = sorted(read_number(key) or 0 for key, file in items if file == GAME)
    warnings = []
    if start and stop and start >= stop:
        warnings.append(
            f"events: the server is started at step {start} but stopped at step {stop}; "
            "the stop must come later"
        )
    if games and (start is None or start > games[0]):
        warnings.append(f"events: no server is started by step {games[0]}, which is a game")
    if games and stop and stop <= games[-1]:
        warnings.append(f"events: the server is stopped at step {stop}, but step {games[-1]} is a game")
    return warnings


def _check_cutoff(config: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Warn of a cut-off that counts participants as drop-outs while they may still play."""
    if values.get("groups") != BALANCED:
        return ["groupsCutoff: has no effect without groups: balanced"] if "groupsCutoff" in values else []
    cutoff, runtime = values.get("groupsCutoff", DEFAULT_GROUPS_CUTOFF), read_number(config.get("maxRuntime"))
    if runtime and runtime > cutoff:
        return [
            f"groupsCutoff: {cutoff} is less than maxRuntime ({runtime}), "
            "so participants who are still playing count as drop-outs"
        ]
    return []
