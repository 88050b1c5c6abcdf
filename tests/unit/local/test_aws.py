"""Tests that clients for the emulator ignore the user's AWS settings."""

from pathlib import Path

import pytest

from hippo_local.aws import Aws, make_aws_variables
from hippo_local.keys import AccessKeys


def test_the_users_profile_and_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a profile that does not exist and an invalid configuration file, a client is created all the
    same.
    """
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-1\nthis is no ini file\n")
    monkeypatch.setenv("AWS_PROFILE", "work-elsewhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.org")

    client = Aws("http://127.0.0.1:1", AccessKeys("AKIA1", "secret")).make_client("s3")

    assert client.meta.region_name == "ca-central-1"
    assert client.meta.endpoint_url == "http://127.0.0.1:1"


def test_tools_are_pointed_at_the_emulator_only() -> None:
    """Given an endpoint, the variables name it and hide the user's files and the metadata service."""
    variables = make_aws_variables("http://127.0.0.1:1", AccessKeys("AKIA1", "secret"))

    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"
