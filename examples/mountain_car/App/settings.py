"""The game server's settings: environment variables and the trial settings, checked once at the start."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hippo_game.idle import read_idle_minutes
from hippo_game.messages import PROJECT_ID, USER_ID
from hippo_game.tickets import TicketRules, read_rules

APP = Path(__file__).resolve().parent
# Sources of certificates: one in ACM, or a folder of a bucket.
ACM_CERTIFICATE = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+")
S3_FOLDER = re.compile(r"s3://([a-z0-9.-]{3,63})/([^/].*?)/?")


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what to do."""


@dataclass(frozen=True)
class TrialSettings:
    """The `trial:` part of config.yml. Frame rates in frames per second, episode_pause in seconds."""

    game: str
    action_space: tuple[str, ...]
    default_action: str
    ui: tuple[str, ...]
    instructions: tuple[str, ...]
    max_episodes: int
    max_steps: int | None
    episode_pause: int
    frame_rate: int
    min_frame_rate: int
    max_frame_rate: int
    frame_rate_step: int
    allow_frame_rate_change: bool
    data_file: str
    s3_upload: bool


@dataclass(frozen=True)
class Settings:
    """All settings of the server; `bucket` is None if data goes to `data_folder` instead.

    `idle_minutes` is after how long without a player the server ends itself; None for never.

    A certificate, if there is one, is in AWS (`certificate`: an ARN or s3:// address) or in two files.
    """

    host: str
    port: int
    bucket: str | None
    project_id: str | None
    user_id: str | None
    data_folder: Path
    tls_cert_file: Path | None
    tls_key_file: Path | None
    certificate: str | None
    certificate_check_seconds: int
    root_domain: str | None
    group: int | None
    tickets: TicketRules
    idle_minutes: float | None
    trial: TrialSettings


def read_settings(environ: Mapping[str, str] = os.environ, app: Path = APP) -> Settings:
    """Read and check all settings. Raises SettingsError, which names the first wrong one."""
    config = read_trial_config(environ, app)
    trial = parse_trial(config)
    bucket = environ.get("BUCKET") or config.get("bucket")
    certificate = _parse_certificate(environ.get("TLS_CERTIFICATE") or config.get("certificate"))
    cert, key = find_certificate_files(environ, app, certificate)
    tickets, idle_minutes = _read_platform(environ)
    return Settings(
        host=environ.get("HOST") or "0.0.0.0",
        port=_parse_port(environ.get("PORT") or "5000"),
        bucket=str(bucket) if bucket and trial.s3_upload else None,
        project_id=tickets.project_id
        or _read_id("PROJECT_ID", environ.get("PROJECT_ID") or config.get("projectId"), PROJECT_ID),
        user_id=tickets.user_id or _lower(_read_id("USER_ID", environ.get("USER_ID"), USER_ID)),
        data_folder=Path(environ.get("DATA_FOLDER") or "data"),
        tls_cert_file=cert,
        tls_key_file=key,
        certificate=certificate if certificate not in ("image", "none") else None,
        certificate_check_seconds=_parse_seconds(environ.get("TLS_CHECK_SECONDS") or "3600"),
        root_domain=environ.get("ROOT_DOMAIN") or None,
        group=_parse_group(environ.get("HIPPO_GROUP")),
        tickets=tickets,
        idle_minutes=idle_minutes,
        trial=trial,
    )


def read_trial_config(environ: Mapping[str, str], app: Path) -> dict[str, Any]:
    """Return the unchecked trial settings from TRIAL_CONFIG, .trialConfig.yml or config.yml, in this order.

    The deployment script writes `.trialConfig.yml` into the image; config.yml is for a manual run.
    """
    if text := environ.get("TRIAL_CONFIG"):
        try:
            return _trial_part("TRIAL_CONFIG", json.loads(text))
        except ValueError as error:
            raise SettingsError(
                f"TRIAL_CONFIG: not valid JSON ({error}). Set it to the trial settings."
            ) from error
    for path in (app / ".trialConfig.yml", app.parent / "config.yml"):
        if path.is_file():
            try:
                return _trial_part(path.name, yaml.safe_load(path.read_text(encoding="utf-8")))
            except yaml.YAMLError as error:
                raise SettingsError(f"{path.name}: not valid YAML ({error}). Correct the file.") from error
    raise SettingsError("TRIAL_CONFIG: no trial settings. Set it, or put .trialConfig.yml next to server.py.")


def parse_trial(config: Mapping[str, Any]) -> TrialSettings:
    """Check the trial settings and fill in defaults. Raises SettingsError, which names the setting."""
    actions = _read_names(config, "actionSpace")
    if not actions:
        raise SettingsError("actionSpace: empty. List the actions in the order of the environment's codes.")
    default = str(config.get("defaultAction") or ("noop" if "noop" in actions else actions[0]))
    if default not in actions:
        raise SettingsError(
            f"defaultAction: {default!r} is not in actionSpace {list(actions)}. Use one of these."
        )
    data_file = config.get("dataFile") or "episode"
    if data_file not in ("episode", "trial"):
        raise SettingsError(f"dataFile: {data_file!r} is neither 'episode' nor 'trial'. Use one of the two.")
    game = config.get("game")
    if not isinstance(game, str) or not game:
        raise SettingsError(
            "game: missing. Set it to the id of a gymnasium environment, for example MountainCar-v0."
        )
    return TrialSettings(
        game=game,
        action_space=actions,
        default_action=default,
        ui=_read_names(config, "ui") or ("left", "right", "up", "down", "start", "pause"),
        instructions=_read_names(config, "instructions"),
        max_episodes=_read_integer(config, "maxEpisodes", 20, 1, 10_000),
        max_steps=None
        if config.get("maxSteps") is None
        else _read_integer(config, "maxSteps", 1, 1, 1_000_000),
        episode_pause=_read_integer(config, "episodePause", 1, 0, 60),
        frame_rate=_read_integer(config, "startingFrameRate", 30, 1, 90),
        min_frame_rate=_read_integer(config, "minFrameRate", 1, 1, 90),
        max_frame_rate=_read_integer(config, "maxFrameRate", 90, 1, 90),
        frame_rate_step=_read_integer(config, "frameRateStepSize", 5, 1, 90),
        allow_frame_rate_change=_read_boolean(config, "allowFrameRateChange", False),
        data_file=data_file,
        s3_upload=_read_boolean(config, "s3upload", True),
    )


def find_certificate_files(
    environ: Mapping[str, str], app: Path, certificate: str | None
) -> tuple[Path | None, Path | None]:
    """Return the certificate and key files that are set, or those that the deployment script put in place.

    `certificate` is the value of TLS_CERTIFICATE. With "image" the image must have both files. With "none" or
    a certificate of AWS, files in the image are ignored.
    """
    named = {name: environ.get(name) for name in ("TLS_CERT_FILE", "TLS_KEY_FILE")}
    if not any(named.values()):
        cert, key = app / "fullchain.pem", app / "privkey.pem"
        exist = cert.is_file() and key.is_file()
        if certificate == "image" and not exist:
            raise SettingsError(
                f"TLS_CERTIFICATE: image, but {cert} or {key} is missing. Build the image with both."
            )
        return (cert, key) if exist and certificate in (None, "image") else (None, None)
    if certificate:
        raise SettingsError("TLS_CERTIFICATE: set together with TLS_CERT_FILE. Set only one of the two.")
    for name, value in named.items():
        if not value:
            raise SettingsError(f"{name}: missing. Set both TLS_CERT_FILE and TLS_KEY_FILE, or neither.")
        if not Path(value).is_file():
            raise SettingsError(f"{name}: the file {value} does not exist. Correct the path.")
    return Path(str(named["TLS_CERT_FILE"])), Path(str(named["TLS_KEY_FILE"]))


def _trial_part(source: str, document: Any) -> dict[str, Any]:
    trial = document.get("trial", document) if isinstance(document, dict) else None
    if not isinstance(trial, dict):
        raise SettingsError(f"{source}: no trial settings in it. Add a `trial:` part with names and values.")
    return trial


def _parse_port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise SettingsError(f"PORT: {text!r} is not a port number from 0 to 65535. Leave it out for 5000.")
    return int(text)


def _parse_seconds(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"TLS_CHECK_SECONDS: {text!r} is not a number of seconds. Leave it out for 3600.")
    return int(text)


def _parse_group(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise SettingsError(
            f"HIPPO_GROUP: {text!r} is not the number of a group. Leave it unset: the platform sets it."
        )
    return int(text)


def _read_platform(environ: Mapping[str, str]) -> tuple[TicketRules, float | None]:
    try:
        return read_rules(environ), read_idle_minutes(environ)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _parse_certificate(value: Any) -> str | None:
    if not value:
        return None
    text = str(value)
    if text in ("image", "none") or ACM_CERTIFICATE.fullmatch(text) or S3_FOLDER.fullmatch(text):
        return text
    raise SettingsError(
        f"TLS_CERTIFICATE: {text!r} is not valid. "
        "Use an ACM certificate's ARN, s3://bucket/folder, image or none."
    )


def _read_id(name: str, value: Any, pattern: re.Pattern[str]) -> str | None:
    if not value:
        return None
    if not pattern.fullmatch(str(value)):
        raise SettingsError(
            f"{name}: {value!r} has characters that an id cannot have, or is too long. Correct the id."
        )
    return str(value)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _read_names(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = config.get(name) or ()
    if isinstance(value, dict):
        value = [key for key, shown in value.items() if shown]
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise SettingsError(
            f"{name}: {value!r} is not a list of words. Write one word on each line, after a dash."
        )
    return tuple(value)


def _read_integer(config: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = config.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{name}: {value!r} is not a whole number from {low} to {high}. Correct it.")
    return value


def _read_boolean(config: Mapping[str, Any], name: str, default: bool) -> bool:
    value = config.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise SettingsError(f"{name}: {value!r} is neither true nor false. Use one of the two.")
    return value
