"""The world of a published study, for each test a new one."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.support.aws_hooks import AwsHooks
from tests.support.fakes import FakeClock
from tests.support.study_world import StudyWorld


@pytest.fixture
def empty_world(
    aws: AwsHooks,
    clock: FakeClock,
    load_function: Callable[[str], ModuleType],
    load_event: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> StudyWorld:
    """A deployment to which nothing has been published."""
    return StudyWorld(aws, clock, load_function, load_event, monkeypatch)


@pytest.fixture
def world(empty_world: StudyWorld) -> StudyWorld:
    """A deployment with the sample study: consent, quiz, game, survey, thanks."""
    empty_world.publish()
    return empty_world
