"""A window in each engine that the page supports, besides Chromium, in which all other tests run."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.browser.site import FrontDoor
from tests.support.study_window import StudyWindow
from tests.support.study_world import PROJECT
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


@pytest.fixture(params=["sandbox", "own host"])
def config(request: pytest.FixtureRequest, door: FrontDoor) -> dict[str, Any]:
    """Return a way to show researchers' pages: in a sandbox of this origin, or on a separate host."""
    return {"nextUrl": door.url, "host": request.param}


@pytest.fixture
def link(site: str, config: dict[str, Any]) -> str:
    """Return the study's link; in the second way its pages come from another origin, also on this machine."""
    if config["host"] == "own host":
        config["pagesUrl"] = site.replace("localhost", "127.0.0.1") + "/"
    return f"{site}/?projectId={PROJECT}&userId=victim"
