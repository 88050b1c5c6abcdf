"""Tests of the tool's environment: credentials, and the encoding of pipes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hippo_cli.connection import Flags, connect
from tests.unit.cli.conftest import SmallStudy


def test_keys_in_the_environment_win_over_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given AWS_PROFILE and keys, the keys win, as in the AWS CLI, and --profile wins over both."""
    profiles = tmp_path / "credentials"
    profiles.write_text("[researcher]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    monkeypatch.setenv("AWS_PROFILE", "researcher")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    found = [
        connect(Flags(profile=name, region="ca-central-1")).session.get_credentials().access_key
        for name in (None, "researcher")
    ]

    assert found == ["of-the-environment", "of-the-profile"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_pipe_that_is_not_utf_8(study: SmallStudy, encoding: str) -> None:
    """Given a pipe with a Windows encoding, unsupported characters are replaced, but JSON loses nothing."""
    study.page("<p>ř</p><input name='ř'><input name='ř'>")
    command = [sys.executable, "-m", "hippo_cli", "check", str(study.directory)]
    environment = {"PYTHONIOENCODING": encoding, "PYTHONPATH": ":".join(sys.path)}

    shown = subprocess.run(command, capture_output=True, env=environment)
    output = subprocess.run([*command, "--json"], capture_output=True, env=environment)

    assert b"consent.html" in shown.stdout, shown
    assert shown.returncode == output.returncode != 70
    assert "ř" in json.dumps(json.loads(output.stdout.decode(encoding)), ensure_ascii=False)


def test_the_local_platforms_help_in_such_a_pipe() -> None:
    """Given an ASCII pipe, `python -m hippo_local` shows its help."""
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}

    shown = subprocess.run(
        [sys.executable, "-m", "hippo_local", "--help"], capture_output=True, env=environment
    )

    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"usage: python -m hippo_local" in shown.stdout
