"""outputs.json is there while a platform is up and gone when it is down; a directory has one platform."""

import json
from pathlib import Path

import pytest

from hippo_local.errors import LocalPlatformError
from hippo_local.outputs import claim_directory, publish_outputs, read_outputs


def test_outputs_are_there_inside_the_block_and_gone_after_it(tmp_path: Path) -> None:
    """Given outputs, they can be read while the platform is up, and no file is left after it."""
    with publish_outputs(tmp_path, {"bucket": "b"}) as path:
        assert json.loads(path.read_text()) == {"bucket": "b"}
        assert read_outputs(tmp_path) == {"bucket": "b"}

    assert list(tmp_path.iterdir()) == []


def test_outputs_are_gone_after_a_failure_too(tmp_path: Path) -> None:
    """Given an error inside the block, outputs.json does not stay."""
    with pytest.raises(RuntimeError), publish_outputs(tmp_path, {}):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_reading_without_a_platform_says_how_to_start_one(tmp_path: Path) -> None:
    """Given no outputs.json, the message names the directory and the command."""
    with pytest.raises(LocalPlatformError, match="make local") as caught:
        read_outputs(tmp_path)

    assert str(tmp_path) in str(caught.value)


def test_what_a_killed_platform_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    """Given an old outputs.json, it is gone as soon as a new platform claims the directory."""
    (tmp_path / "outputs.json").write_text("{}")

    with claim_directory(tmp_path):
        assert not (tmp_path / "outputs.json").exists()


def test_a_second_platform_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    """Given a platform that is up, another one is refused and leaves the first one's outputs alone."""
    with claim_directory(tmp_path), publish_outputs(tmp_path, {"bucket": "b"}):
        with pytest.raises(LocalPlatformError, match="already running") as caught, claim_directory(tmp_path):
            pass

        assert "--directory" in str(caught.value)
        assert read_outputs(tmp_path) == {"bucket": "b"}


def test_a_directory_is_free_again_after_the_platform(tmp_path: Path) -> None:
    """Given a platform that has ended, the next one may have its directory, made if needed."""
    with claim_directory(tmp_path / "new"):
        pass
    with claim_directory(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
