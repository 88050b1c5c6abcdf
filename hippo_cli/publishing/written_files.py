"""The files that the existing deployment script writes into a study's folder, for scripts that read them."""

import os
from pathlib import Path
from typing import Any

import yaml

from hippo_cli.image.build_context import PROJECT_FILE
from hippo_cli.image.image_files import TRIAL_FILE, dump_trial
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, StudyFolder


def write_trial(study: StudyFolder, trial: dict[str, Any]) -> None:
    """Write App/.trialConfig.yml, which a manually started game server reads, if the study has an App/."""
    if (study.directory / APP_FOLDER).is_dir():
        _replace(study.directory / TRIAL_FILE, dump_trial(trial))


def write_project(study: StudyFolder, project: dict[str, Any], trial: dict[str, Any]) -> None:
    """Write .projectConfig.yml, the config as it was published."""
    text: str = yaml.safe_dump({"project": project, "trial": trial}, allow_unicode=True)
    _replace(study.directory / PROJECT_FILE, text.encode())


def read_project(study: StudyFolder) -> dict[str, Any]:
    """Return the `project` part of config.yml, as YAML reads it."""
    content = yaml.safe_load((study.directory / CONFIG_FILE).read_text(encoding="utf-8-sig"))
    return dict(content["project"])


def _replace(path: Path, content: bytes) -> None:
    """Replace a file completely or not at all, even if the disk is full."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)  # it may be a link to another file
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
