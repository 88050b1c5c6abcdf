"""Fixtures for all tests: handlers by name, sample events, a clock that only tests move, AWS in memory."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from tests.support import in_memory
from tests.support.aws_hooks import AwsHooks
from tests.support.fakes import FakeClock
from tests.support.study_world import StudyWorld

# Machines differ, so no example has a time limit.
hypothesis.settings.register_profile("hippo", deadline=None)
hypothesis.settings.load_profile("hippo")

# Workers take up the suites with the longest modules first, so that they finish together.
LONGEST_FIRST = (
    "tests/e2e/",
    "tests/permissions/",
    "tests/deployments/",
    "tests/api/",
    "tests/browser/",
    "tests/simulation/",
    "tests/gaps/",
    "tests/contract/",
    "tests/template/",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the suites if workers share them. Modules and tests keep their random order inside a suite."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: find_rank(item.nodeid))


def find_rank(nodeid: str) -> int:
    """Return the position of a test's suite; the quick suites come last."""
    found = [number for number, suite in enumerate(LONGEST_FIRST) if nodeid.startswith(suite)]
    return found[0] if found else len(LONGEST_FIRST)


@pytest.fixture
def load_function(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return a function that loads functions/<name>/app.py as a new module, with empty caches."""
    return in_memory.make_loader(monkeypatch)


@pytest.fixture
def load_event() -> Callable[[str], dict[str, Any]]:
    """Return a function that reads events/<name>.json, the samples for `sam local invoke`."""
    return in_memory.load_event


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that only the test moves."""
    return FakeClock()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open an empty AWS in memory, which records calls and can make them fail (see AwsHooks)."""
    yield from in_memory.open_aws(monkeypatch)


@pytest.fixture
def empty_world(
    aws: AwsHooks,
    clock: FakeClock,
    load_function: Callable[[str], ModuleType],
    load_event: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> StudyWorld:
    """Return a deployment to which nothing has been published."""
    return StudyWorld(aws, clock, load_function, load_event, monkeypatch)


@pytest.fixture
def world(empty_world: StudyWorld) -> StudyWorld:
    """Return a deployment with the sample study: consent, quiz, game, survey, thanks."""
    empty_world.publish()
    return empty_world
