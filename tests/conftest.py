"""What tests share: handlers by name, sample events, a clock that only tests move, and AWS in memory."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.support import in_memory
from tests.support.fakes import FakeClock


@pytest.fixture
def load_function(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Loads functions/<name>/app.py under a name of its own; anew each time, so its caches are empty."""
    return in_memory.make_loader(monkeypatch)


@pytest.fixture
def load_event() -> Callable[[str], dict[str, Any]]:
    """Reads events/<name>.json, the samples that serve `sam local invoke` too."""
    return in_memory.load_event


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until a test moves it."""
    return FakeClock()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """AWS in memory, empty: what is called is recorded, and calls can be made to fail (see AwsHooks)."""
    yield from in_memory.open_aws(monkeypatch)
