"""A window in each engine that the page supports, besides Chromium, in which all other tests run."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.support.study_window import StudyWindow
from tests.support.windows import NotReadyError, Window, open_engine

ENGINES = ("firefox", "webkit")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Callable[[], Window]]:
    """Run a browser for one module of tests; yield a function that opens a window."""
    with open_engine(request.param) as open_window:
        yield open_window


@pytest.fixture
def visit(engine: Callable[[], Window]) -> Iterator[StudyWindow]:
    """Yield a window, which is closed after the test."""
    window = engine()
    yield StudyWindow(window)
    with suppress(NotReadyError):
        window.close()
