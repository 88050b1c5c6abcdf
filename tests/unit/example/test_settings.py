"""Tests of the game server's settings: their sources, and the errors for wrong ones."""

import json

import pytest
import yaml
from settings import SettingsError, read_settings

TRIAL = {"game": "MountainCar-v0", "actionSpace": ["left", "noop", "right"]}


def read(tmp_path, trial=(), **environ):
    """Read settings from TRIAL_CONFIG and the named variables."""
    config = json.dumps({**TRIAL, **dict(trial)})
    return read_settings({"TRIAL_CONFIG": config, **environ}, app=tmp_path)


def test_defaults_fit_the_container(tmp_path):
    """Given no variable, the server listens on all addresses at port 5000 without TLS."""
    settings = read(tmp_path)

    assert (settings.host, settings.port, settings.tls_cert_file) == ("0.0.0.0", 5000, None)


def test_file_of_the_deployment_script_is_read(tmp_path):
    """Given .trialConfig.yml as the deployment script writes it, its values are used."""
    trial = {**TRIAL, "ui": ["left", "start"], "projectId": "p-1", "bucket": "b", "maxEpisodes": 7}
    (tmp_path / ".trialConfig.yml").write_text(yaml.dump({"trial": trial}))

    settings = read_settings({}, app=tmp_path)

    assert (settings.project_id, settings.bucket) == ("p-1", "b")
    assert (settings.trial.ui, settings.trial.max_episodes) == (("left", "start"), 7)


def test_environment_wins_over_the_file(tmp_path):
    """Given both, BUCKET, PROJECT_ID and TRIAL_CONFIG take precedence over the file."""
    (tmp_path / ".trialConfig.yml").write_text("trial: {game: Other-v0, bucket: old, projectId: old}")

    settings = read(tmp_path, BUCKET="new", PROJECT_ID="new")

    assert (settings.bucket, settings.project_id, settings.trial.game) == ("new", "new", "MountainCar-v0")


def test_config_of_the_study_serves_a_manual_run(tmp_path):
    """Given only config.yml one folder up, its trial part is used."""
    app = tmp_path / "App"
    app.mkdir()
    (tmp_path / "config.yml").write_text(yaml.dump({"project": {"id": "x"}, "trial": TRIAL}))

    assert read_settings({}, app=app).trial.game == "MountainCar-v0"


def test_buttons_with_a_true_value_become_the_list(tmp_path):
    """Given ui as names with true or false, those with true are shown in order."""
    settings = read(tmp_path, {"ui": {"right": True, "up": False, "start": True}})

    assert settings.trial.ui == ("right", "start")


def test_no_upload_means_no_bucket(tmp_path):
    """Given s3upload false, the bucket is not used even if it is set."""
    assert read(tmp_path, {"s3upload": False}, BUCKET="b").bucket is None


def test_user_id_is_lower_cased(tmp_path):
    """Given a USER_ID with capitals, it is used in lower case."""
    assert read(tmp_path, USER_ID="Ab-1").user_id == "ab-1"


def test_certificate_of_the_deployment_script_is_found(tmp_path):
    """Given fullchain.pem and privkey.pem next to the server, they are used."""
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / name).write_text("x")

    assert read(tmp_path).tls_key_file == tmp_path / "privkey.pem"


@pytest.mark.parametrize("certificate", ["none", "s3://studies/SSL"])
def test_certificate_that_is_named_wins_over_files_in_the_image(tmp_path, certificate):
    """Given TLS_CERTIFICATE, certificate files next to the server are not served."""
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / name).write_text("x")
    settings = read(tmp_path, TLS_CERTIFICATE=certificate)

    assert settings.tls_cert_file is None
    assert settings.certificate == (None if certificate == "none" else certificate)


@pytest.mark.parametrize(
    ("named", "trial", "environ"),
    [
        ("PORT", {}, {"PORT": "70000"}),
        ("PORT", {}, {"PORT": "http"}),
        ("PROJECT_ID", {}, {"PROJECT_ID": "../other"}),
        ("USER_ID", {}, {"USER_ID": "a/b"}),
        ("HIPPO_GROUP", {}, {"HIPPO_GROUP": "-1"}),
        ("TLS_KEY_FILE", {}, {"TLS_CERT_FILE": __file__}),
        ("TLS_CERT_FILE", {}, {"TLS_CERT_FILE": "missing.pem", "TLS_KEY_FILE": __file__}),
        ("TLS_CERTIFICATE", {}, {"TLS_CERTIFICATE": "image"}),
        ("TLS_CERTIFICATE", {}, {"TLS_CERTIFICATE": "arn:aws:iam::123456789012:role/x"}),
        ("TLS_CERTIFICATE", {"certificate": "bucket"}, {}),
        ("TLS_CERTIFICATE", {}, {"TLS_CERTIFICATE": "s3://bucket"}),
        ("TLS_CERTIFICATE", {"certificate": "s3://studies/SSL"}, {"TLS_CERT_FILE": "a", "TLS_KEY_FILE": "b"}),
        ("TLS_CHECK_SECONDS", {}, {"TLS_CHECK_SECONDS": "0"}),
        ("game", {"game": ""}, {}),
        ("actionSpace", {"actionSpace": []}, {}),
        ("defaultAction", {"defaultAction": "jump"}, {}),
        ("dataFile", {"dataFile": "both"}, {}),
        ("maxEpisodes", {"maxEpisodes": 0}, {}),
        ("startingFrameRate", {"startingFrameRate": "fast"}, {}),
        ("s3upload", {"s3upload": "yes"}, {}),
        ("ui", {"ui": "left"}, {}),
        ("TRIAL_CONFIG", {}, {"TRIAL_CONFIG": "{"}),
        ("TRIAL_CONFIG", {}, {"TRIAL_CONFIG": "[]"}),
    ],
)
def test_error_names_the_setting(tmp_path, named, trial, environ):
    """Given one wrong setting, the error begins with its name."""
    with pytest.raises(SettingsError, match=f"^{named}: "):
        read(tmp_path, trial, **environ)


def test_no_trial_settings_at_all(tmp_path):
    """Given no trial settings anywhere, the error says where to put them."""
    with pytest.raises(SettingsError, match="TRIAL_CONFIG"):
        read_settings({}, app=tmp_path)


def test_invalid_file(tmp_path):
    """Given a settings file that is not YAML, the error names the file."""
    (tmp_path / ".trialConfig.yml").write_text("trial: [")

    with pytest.raises(SettingsError, match=r"^\.trialConfig\.yml: "):
        read_settings({}, app=tmp_path)
