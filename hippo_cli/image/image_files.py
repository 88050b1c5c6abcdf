"""The files prepared for an image: trial settings, hippo_game's wheel, variables, sometimes a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, read_code, reading
from hippo_cli.findings import Finding, warning
from hippo_cli.image.env_file import prepare_env
from hippo_cli.image.game_wheel import prepare_wheel
from hippo_cli.stack import Stack
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, PLACEHOLDER, StudyFolder

TRIAL_FILE = f"{APP_FOLDER}/.trialConfig.yml"
PEM_FILES = {"fullchain": f"{APP_FOLDER}/fullchain.pem", "privkey": f"{APP_FOLDER}/privkey.pem"}
# The buttons that existing game servers and front ends show if a config names none.
_BUTTONS = ("left", "right", "up", "down", "start", "pause")
_ABSENT = {"NoSuchKey", "NoSuchBucket", "404"}


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
    certificate, reason = _fetch_certificate(study, s3)
    files |= certificate
    if certificate or all((study.directory / name).is_file() for name in PEM_FILES.values()):
        return ImageFiles(files)
    return ImageFiles(files, [_warn_missing_certificate(study, reason)])


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


def _fetch_certificate(study: StudyFolder, s3: Any) -> tuple[dict[str, bytes], str]:
    """Return the certificate and key that `ssl` in the config names, or nothing and the reason."""
    setup = study.project.get("ssl")
    setup = setup if isinstance(setup, Mapping) else {}
    bucket = str(setup.get("sslBucket") or "")
    keys = {path: str(setup.get(name) or "") for name, path in PEM_FILES.items()}
    if bucket in ("", PLACEHOLDER) or not all(keys.values()):
        return {}, "`ssl` in the config does not name a certificate"
    found = {}
    for path, key in keys.items():
        try:
            with reading(f"s3://{bucket}/{key}"):
                found[path] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if not is_denied(error) and read_code(error) not in _ABSENT:
                raise
            return {}, f"s3://{bucket}/{key} cannot be read ({read_code(error)})"
    return found, ""


def _warn_missing_certificate(study: StudyFolder, reason: str) -> Finding:
    what = f"the image has no certificate, so browsers cannot connect to game servers: {reason}"
    fix = (
        f"Put fullchain.pem and privkey.pem into {APP_FOLDER}/, or ask the operator to set GameCertificate "
        "(docs/howto/certificates.md)."
    )
    line = study.config_file.find_line(("project", "ssl"))
    return warning("certificate", CONFIG_FILE, line, "project.ssl", what, fix)
