"""The files prepared for an image: trial settings, hippo_game's wheel, variables, sometimes a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from hippo_cli.findings import Finding
from hippo_cli.image.certificate import fetch_certificate
from hippo_cli.image.env_file import prepare_env
from hippo_cli.image.game_wheel import prepare_wheel
from hippo_cli.stack import Stack
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, StudyFolder

TRIAL_FILE = f"{APP_FOLDER}/.trialConfig.yml"
# The buttons that existing game servers and front ends show if a config names none.
_BUTTONS = ("left", "right", "up", "down", "start", "pause")


@dataclass(frozen=True)
class ImageFiles:
    """Contents by their paths in the study, and findings about them."""

    files: dict[str, bytes]
    findings: list[Finding] = field(default_factory=list)


def prepare_files(study: StudyFolder, project_id: str, stack: Stack, bucket: str, s3: Any) -> ImageFiles:
    """Return all files, in memory. Fetch the certificate only if the deployment wants images to carry it."""
    trial = dump_trial(build_trial(study, project_id, bucket))
    files = {TRIAL_FILE: trial, **prepare_wheel(study), **prepare_env(study)}
    if not carries_certificate(stack):
        return ImageFiles(files)
    certificate = fetch_certificate(study, project_id, stack, bucket, s3)
    return ImageFiles({**files, **certificate.files}, certificate.findings)


def carries_certificate(stack: Stack) -> bool:
    """Return whether the deployment expects images to carry the certificate of game servers."""
    return stack.get("GameCertificate", "image") == "image"


def build_trial(study: StudyFolder, project_id: str, bucket: str) -> dict[str, Any]:
    """Return the trial settings as game servers read them: with id, bucket, and `ui` as a list of buttons."""
    text = (study.directory / CONFIG_FILE).read_text(encoding="utf-8-sig")
    trial = dict(yaml.safe_load(text).get("trial") or {})
    buttons = trial.get("ui") or _BUTTONS
    if isinstance(buttons, Mapping):
        buttons = [name for name, shown in buttons.items() if shown]
    return {**trial, "projectId": project_id, "bucket": bucket, "ui": list(buttons)}


def dump_trial(trial: Mapping[str, Any]) -> bytes:
    """Return the content of the file that game servers read."""
    text: str = yaml.safe_dump({"trial": dict(trial)}, allow_unicode=True)
    return text.encode()
