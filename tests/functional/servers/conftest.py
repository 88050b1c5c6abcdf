"""Fixtures: for each test, a new deployment in AWS in memory with a published study."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.support.aws_hooks import AwsHooks
from tests.support.server_world import ServerWorld
from tests.support.strict_moto import make_strict


@pytest.fixture
def strict_moto(aws: AwsHooks, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up AWS in memory that refuses what AWS refuses."""
    yield from make_strict(monkeypatch)


@pytest.fixture
def world(
    aws: AwsHooks,
    strict_moto: None,
    load_function: Callable[[str], ModuleType],
    load_event: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> ServerWorld:
    """Return a world in which nothing runs yet."""
    return ServerWorld(aws, load_function, load_event, monkeypatch)


@pytest.fixture
def ready_world(world: ServerWorld) -> ServerWorld:
    """Return a world in which one participant's server has been ready for a minute."""
    world.start()
    world.clock.advance(60)
    world.aws.calls.clear()
    return world
