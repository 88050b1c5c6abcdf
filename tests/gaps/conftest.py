"""One emulator for all tests of gaps, and others for the tests that end theirs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gaps.emulators import Emulator, start_emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that the tests share. Nothing of it is left at the end."""
    running = start_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    assert running.stop() == set()


@pytest.fixture
def new_emulator(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts emulators for one test, and ends them with it."""
    started: list[Emulator] = []

    def start(*arguments: str) -> Emulator:
        directory = tmp_path / str(len(started))
        directory.mkdir()
        started.append(start_emulator(directory, *arguments))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
def faulty(emulator: Emulator) -> Iterator[Emulator]:
    """The shared emulator, for a test that sets faults; none is left when it ends."""
    yield emulator
    emulator.set_faults()
