"""Emulators for the tests of gaps: one for all of them, and others for tests that end theirs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gaps.emulators import Emulator, start_emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Run the emulator that the tests share, and check at the end that nothing of it is left."""
    running = start_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    assert running.stop() == set()


@pytest.fixture
def new_emulator(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Return a function that starts emulators for one test; they end with it."""
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
    """Return the shared emulator for a test that sets faults, which are cleared at its end."""
    yield emulator
    emulator.set_faults()
