"""The platform that the end-to-end tests of a worker share. It leaves nothing behind when it stops."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.running_platform import RunningPlatform, wait_until_gone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the test of the shutdown alarm last. Earlier tests set the rule, which takes a minute to fire."""
    items.sort(key=lambda item: "test_shutdown_rule_cleans_up" in item.name)


@pytest.fixture(scope="session")
def running_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Start a whole platform with the example study on free ports, and stop it at the end."""
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
    """Return the content of the running platform's outputs.json (see docs/howto/run-locally.md)."""
    return running_platform.outputs
