"""A deployment over fakes, for each test a new one."""

import pytest

from tests.fakes.world import LifecycleWorld


@pytest.fixture
def world() -> LifecycleWorld:
    """Two published projects, a cap of 20 servers, nothing running."""
    return LifecycleWorld()


@pytest.fixture
def ready_world(world: LifecycleWorld) -> LifecycleWorld:
    """The same with one participant's server ready, and a minute gone since."""
    world.start()
    world.clock.advance(60)
    world.journal.calls.clear()
    return world
