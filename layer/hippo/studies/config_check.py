"""What a project's config must hold: all problems at once, each with its path."""

from collections.abc import Mapping
from typing import Any

from hippo.ids import is_file_name, is_project_id
from hippo.studies.config_keys import EVENT_KEYS, KNOWN_KEYS, REQUIRED_KEYS
from hippo.studies.options import check_options
from hippo.studies.study import GAME, read_number

# Its key lies there, and a project's researchers may read all of their project's folder.
CERTIFICATE_FOLDER = "SSL"


def check_config(config: object, buckets: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The errors and the warnings of a project config, each as `path: what is wrong`.

    `buckets` are those that the operator's stack may use; another one in `bucket` is an error.
    """
    if not isinstance(config, Mapping):
        return ["the project's config has to be a JSON object"], []
    errors = [f"{key}: missing" for key in REQUIRED_KEYS if config.get(key) in (None, "", {}, [])]
    warnings = [f"{key}: unknown key, kept" for key in config if key not in KNOWN_KEYS]
    if "id: missing" not in errors and not is_project_id(config["id"]):
        errors.append("id: 1 to 64 letters, digits, - or _ are needed, not beginning with _")
    if config.get("id") == CERTIFICATE_FOLDER:
        errors.append(f"id: {CERTIFICATE_FOLDER} is the folder of the game servers' certificate")
    if config.get("bucket") and config["bucket"] not in buckets:
        errors.append(f"bucket: {config['bucket']!r} is not one of this deployment ({', '.join(buckets)})")
    if config.get("css") and not is_file_name(config["css"], ".css"):
        errors.append("css: the plain name of a .css file is needed")
    if config.get("live") not in (True, False, None):
        errors.append("live: true or false is needed")
    errors += [f"{key}: text is needed" for key in ("name", "ecsTask") if not _is_text(config.get(key))]
    if not config.get("live"):
        warnings.append("live: not true, so participants get 'Project ID Not Found'")
    for key, check in (("maxRuntime", _check_runtime), ("steps", _check_steps), ("events", _check_events)):
        if f"{key}: missing" not in errors:
            found_errors, found_warnings = check(config)
            errors += found_errors
            warnings += found_warnings
    option_errors, option_warnings = check_options(config)
    return errors + option_errors + _check_consent(config), warnings + option_warnings


def _check_runtime(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    if not read_number(config["maxRuntime"]):
        return ["maxRuntime: a whole number of minutes, 1 to 999999, is needed"], []
    return [], []


def _is_text(value: object) -> bool:
    """Absent is fine here: what is required and missing is said elsewhere."""
    return value in (None, "", {}, []) or isinstance(value, str)


def _check_steps(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    steps = config["steps"]
    if not isinstance(steps, Mapping):
        return ["steps: a mapping of 1, 2, 3 … and finalStep to step files is needed"], []
    errors = []
    if not steps.get("finalStep"):
        errors.append("steps.finalStep: missing")
    elif steps["finalStep"] == GAME:
        errors.append("steps.finalStep: a page is needed, not the game")
    numbers = {str(key) for key in steps} - {"finalStep"}
    wanted = {str(number) for number in range(1, max(len(numbers), 1) + 1)}
    errors += [f"steps.{number}: missing" for number in sorted(wanted - numbers, key=int)]
    errors += [f"steps.{key}: not one of 1, 2, 3 … without gaps" for key in sorted(numbers - wanted)]
    errors += [
        f"steps.{key}: {value!r} is not the plain name of an .html file, or 'game'"
        for key, value in steps.items()
        if value and value != GAME and not is_file_name(value, ".html")
    ]
    errors += [f"steps.{key}: empty" for key, value in steps.items() if not value and key != "finalStep"]
    return errors, []


def _check_consent(config: Mapping[str, Any]) -> list[str]:
    """What is no number at all is told elsewhere."""
    step, steps = read_number(config.get("consentStep")), config.get("steps")
    if not step or not isinstance(steps, Mapping):
        return []
    files = {str(key): file for key, file in steps.items()}
    if files.get(str(step)) in (None, "", GAME):
        return [f"consentStep: step {step} is not a page of this study"]
    return []


def _check_events(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    events, steps = config["events"], config.get("steps") or {}
    if not isinstance(events, Mapping):
        return ["events: a mapping with startServerStep and stopServerStep is needed"], []
    errors, warnings = [], []
    last = len(steps) - 1 if isinstance(steps, Mapping) else 0
    for key in EVENT_KEYS:
        if key not in events:
            errors.append(f"events.{key}: missing (leave it empty if there is none)")
        elif events[key] in (None, ""):
            warnings.append(
                f"events.{key}: empty, so no server is {'started' if 'start' in key else 'stopped'}"
            )
        elif not (number := read_number(events[key])):
            errors.append(f"events.{key}: the number of a step is needed")
        elif number > last:
            warnings.append(f"events.{key}: {events[key]} lies beyond the last step ({last})")
    return errors, warnings if errors else warnings + _check_order(events, steps)


def _check_order(events: Mapping[str, Any], steps: object) -> list[str]:
    """A server that is started too late or stopped too early: the likeliest slip when a page is added."""
    start, stop = (read_number(events.get(key)) for key in EVENT_KEYS)
    items = steps.items() if isinstance(steps, Mapping) else ()
    games = sorted(read_number(key) or 0 for key, file in items if file == GAME)
    warnings = []
    if start and stop and start >= stop:
        warnings.append(f"events: the server is stopped at step {stop}, before step {start} starts it")
    if games and (start is None or start > games[0]):
        warnings.append(f"events: no server is started by step {games[0]}, which is a game")
    if games and stop and stop <= games[-1]:
        warnings.append(f"events: the server is stopped at step {stop}, but step {games[-1]} is a game")
    return warnings
