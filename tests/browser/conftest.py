"""A browser, and the study page in it: Chromium, or the engine that `make test-browsers` names."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.site import FrontDoor, open_front_door, open_site
from tests.support.chromium import DESKTOP
from tests.support.study_world import PROJECT, StudyWorld
from tests.support.windows import PLAYWRIGHT_ENGINES

ENGINE = os.environ.get("BROWSER_ENGINE", "chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what only Chromium can do, with the reason that the test's marker gives."""
    for item in items:
        if ENGINE != "chromium" and (marker := item.get_closest_marker("chromium_only")):
            item.add_marker(pytest.mark.skip(reason=marker.args[0]))


def is_uncaught(error: Error) -> bool:
    """Return whether an error is the page's own. Firefox also reports what it blocked or could not reach."""
    return ENGINE == "chromium" or error.name.endswith("Error") or error.name == "uncaught exception"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield the browser, for one module of tests."""
    with PLAYWRIGHT_ENGINES[ENGINE]() as browser:
        yield browser


@pytest.fixture
def door(world: StudyWorld, load_event: Callable[[str], dict[str, Any]]) -> Iterator[FrontDoor]:
    """Yield the study's API."""
    with open_front_door(world, load_event) as door:
        yield door


@pytest.fixture
def config(door: FrontDoor) -> dict[str, Any]:
    """Return the site's config.json, which a test may change before it opens the page."""
    return {"nextUrl": door.url}


@pytest.fixture
def site(config: dict[str, Any]) -> Iterator[str]:
    """Yield the address of the study page."""
    with open_site(config) as port:
        yield f"http://localhost:{port}"


class Visitor:
    """A participant with a browser; `troubles` are the errors that no page may cause."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.context, self.site = context, site
        self.troubles: list[str] = []

    def note(self, error: Error) -> None:
        """Note an error of a page."""
        if is_uncaught(error):
            self.troubles.append(str(error))

    def open(self, project: str = PROJECT, **query: str) -> Page:
        """Open the study's link in a new tab."""
        page = self.context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", self.note)
        words = "&".join(f"{name}={value}" for name, value in {"projectId": project, **query}.items())
        try:
            page.goto(f"{self.site}/?{words}")
        except Error as error:
            # Chromium had kept a connection to an earlier test's server, which had the same port.
            if "ERR_SOCKET_NOT_CONNECTED" not in str(error):
                raise
            page.goto(f"{self.site}/?{words}")
        return page


@pytest.fixture
def make_visitor(browser: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """Yield a function that creates a participant, with options of Playwright's contexts; each has
    separate storage."""
    visitors: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        visitors.append(Visitor(browser.new_context(**DESKTOP | options), site))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [trouble for visitor in visitors for trouble in visitor.troubles] == []


@pytest.fixture
def visitor(make_visitor: Callable[..., Visitor]) -> Visitor:
    """Return a participant at a desktop computer."""
    return make_visitor()
