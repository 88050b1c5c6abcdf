"""Tests of outputs.json, which exists while a platform runs, and of the lock on its directory."""

import json
from pathlib import Path

import pytest

from hippo_local.errors import LocalPlatformError
from hippo_local.outputs import claim_directory, publish_outputs, read_outputs


def test_outputs_exist_inside_the_block_only(tmp_path: Path) -> None:
    """Given outputs, they can be read while the platform runs, and no file is left afterwards."""
    with publish_outputs(tmp_path, {"bucket": "b"}) as path:
        assert json.loads(path.read_text()) == {"bucket": "b"}
        assert read_outputs(tmp_path) == {"bucket": "b"}

    assert list(tmp_path.iterdir()) == []


def test_outputs_are_removed_after_a_failure(tmp_path: Path) -> None:
    """Given an error inside the block, outputs.json is removed."""
    with pytest.raises(RuntimeError), publish_outputs(tmp_path, {}):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_reading_without_a_platform_says_how_to_start_one(tmp_path: Path) -> None:
    """Given no outputs.json, the message names the directory and the command that starts a platform."""
    with pytest.raises(LocalPlatformError, match="make local") as caught:
        read_outputs(tmp_path)

    assert str(tmp_path) in str(caught.value)


def test_what_a_killed_platform_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    """Given an old outputs.json, it is removed when a new platform claims the directory."""
    (tmp_path / "outputs.json").write_text("{}")

    with claim_directory(tmp_path):
        assert not (tmp_path / "outputs.json").exists()


def test_a_second_platform_in_the_same_directory_is_rejected(tmp_path: Path) -> None:
    """Given a running platform, a second one is rejected and does not change the first one's outputs."""
    with claim_directory(tmp_path), publish_outputs(tmp_path, {"bucket": "b"}):
        with pytest.raises(LocalPlatformError, match="already running") as caught, claim_directory(tmp_path):
            pass

        assert "--directory" in str(caught.value)
        assert read_outputs(tmp_path) == {"bucket": "b"}


def test_a_directory_is_free_again_after_the_platform(tmp_path: Path) -> None:
    """Given a platform that has ended, the next one can claim its directory, which is created if needed."""
    with claim_directory(tmp_path / "new"):
        pass
    with claim_directory(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
