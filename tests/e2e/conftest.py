"""The platform that end-to-end tests share: started once, stopped at the end, and nothing of it left."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.running_platform import RunningPlatform, wait_until_gone


@pytest.fixture(scope="session")
def running_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A whole platform with the example study, up on free ports."""
    platform = RunningPlatform(tmp_path_factory.mktemp("platform"))
    try:
        platform.wait_until_up()
        yield platform
        processes = platform.list_processes()
    finally:
        code = platform.stop()
    assert code == 0, platform.read_terminal()
    assert wait_until_gone(processes) == {}
    assert not (platform.directory / "outputs.json").exists()


@pytest.fixture(scope="session")
def platform(running_platform: RunningPlatform) -> dict[str, Any]:
    """The content of outputs.json of a platform that is up (see docs/howto/run-locally.md)."""
    return running_platform.outputs
