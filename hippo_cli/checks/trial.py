"""The checks of the game's settings: what keeps a game server from starting with them."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hippo_cli.errors import MachineError
from hippo_cli.findings import Finding, error, warning
from hippo_cli.resources import find_example
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, StudyFolder

_SETTINGS = f"{APP_FOLDER}/settings.py"


def check_trial(study: StudyFolder) -> Iterator[Finding]:
    """Yield findings about `trial`.

    A study with the example's settings.py is checked with that file's own rules: the one that comes with this
    tool runs, not the study's. Other games have other rules, so only their list of actions is checked.
    """
    if not study.trial:
        return
    rules = _find_rules(study)
    if rules is None:
        yield from _check_actions(study)
        return
    try:
        settings = rules.parse_trial(study.trial)
    except rules.SettingsError as refusal:
        key, _, text = str(refusal).partition(": ")
        what, _, fix = text.partition(". ")
        yield _report(study, error, key, f"the game server does not start: {what}", fix)
        return
    if "start" not in [name.lower() for name in settings.ui]:
        what = "the game begins with the button start, which participants do not see"
        yield _report(study, warning, "ui", what, "Set `start: true` under ui.")


def _find_rules(study: StudyFolder) -> ModuleType | None:
    """Return the example's settings module if the study has the same, otherwise None."""
    try:
        ours = find_example() / _SETTINGS
        is_same = _read(study.directory / _SETTINGS) == _read(ours)
    except (OSError, MachineError):
        return None
    return _load(ours) if is_same else None


def _read(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


@cache
def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location("hippo_example_settings", path)
    if spec is None or spec.loader is None:
        raise MachineError(f"{path} cannot be loaded", "Reinstall the tool.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _check_actions(study: StudyFolder) -> Iterator[Finding]:
    if "actionSpace" not in study.trial:
        return
    value: Any = study.trial["actionSpace"]
    actions = [name for name, is_shown in value.items() if is_shown] if isinstance(value, Mapping) else value
    fix = "Write one action on each line, after a dash, in the order of the environment's codes."
    if not actions:
        yield _report(study, error, "actionSpace", "it is empty, so the participant can do nothing", fix)
    elif not isinstance(actions, list):
        yield _report(study, error, "actionSpace", "it must be a list of actions", fix)
    elif not all(isinstance(action, str) for action in actions):
        yield _report(
            study, warning, "actionSpace", "some of its entries are not text", "Put them in quotes."
        )
    elif (default := study.trial.get("defaultAction")) and default not in actions:
        what = f"{default!r} is not in actionSpace"
        yield _report(study, warning, "defaultAction", what, f"Write one of {', '.join(actions)}.")


def _report(study: StudyFolder, make: Any, key: str, what: str, fix: str) -> Finding:
    line = study.config_file.find_line(("trial", key))
    finding: Finding = make("trial", CONFIG_FILE, line, f"trial.{key}", what, fix)
    return finding
