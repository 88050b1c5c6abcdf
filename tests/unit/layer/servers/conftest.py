"""Fixtures: a new deployment over fakes for each test."""

import pytest

from tests.fakes.world import LifecycleWorld


@pytest.fixture
def world() -> LifecycleWorld:
    """Return two published projects and a cap of 20 servers, with nothing running."""
    return LifecycleWorld()


@pytest.fixture
def ready_world(world: LifecycleWorld) -> LifecycleWorld:
    """Return the same with one participant's server, which has been ready for a minute."""
    world.start()
    world.clock.advance(60)
    world.journal.calls.clear()
    return world
