"""The files that a page loads, and when: only those that it needs, and again those that failed."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.conftest import Visitor
from tests.browser.pages import expect_heading, submit
from tests.browser.site import WEB, FrontDoor
from tests.support.study_world import USER, StudyWorld

GAME_FILES = {f"game/{path.name}" for path in (WEB / "game").iterdir()} - {"game/decoder.js"}  # the worker's
TRYING_AGAIN = "The study is not responding. Trying again…"


@pytest.fixture
def loaded(visitor: Visitor) -> list[str]:
    """Return the files of the site that are requested, in order."""
    paths: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(visitor.site):
            paths.append(urlsplit(request.url).path.lstrip("/") or "index.html")

    visitor.context.on("request", note)
    return paths


@pytest.fixture
def fail(visitor: Visitor) -> Callable[[str, int], list[str]]:
    """Return a function that makes the first requests of a file fail; it returns all of them as they come."""

    def arrange(name: str, failures: int) -> list[str]:
        requests: list[str] = []

        def respond(route: Route) -> None:
            requests.append(route.request.url)
            if len(requests) <= failures:
                route.fulfill(status=503)
            else:
                route.continue_()

        visitor.context.route(f"**/{name}", respond)
        return requests

    return arrange


def test_the_first_page_loads_what_it_needs_once(visitor: Visitor, loaded: list[str]) -> None:
    """Given the first of several pages before a game, each file is loaded once, except the style that page
    and frame share, and none is the game's."""
    page = visitor.open()
    expect_heading(page, "Consent")

    assert {"index.html", "config.json", "texts.js", "frame.html", "frame.css"} <= {*loaded}
    assert [name for name in {*loaded} if loaded.count(name) > 1] == ["base.css"]
    assert GAME_FILES & {*loaded} == set()


def test_the_frame_is_loaded_while_the_api_is_asked(visitor: Visitor, door: FrontDoor) -> None:
    """Given an API that has not responded, the frame is already loaded, and the page still says that it
    loads."""
    page = visitor.context.new_page()
    held: list[Route] = []
    page.route(f"{door.url}*", lambda route: held.append(route))
    with page.expect_request(f"{door.url}*"), page.expect_response("**/frame.html"):
        page.goto(f"{visitor.site}/?projectId=mountain_car")
    expect(page.get_by_text("Loading the study…")).to_be_visible()
    expect(page.locator("iframe")).to_be_hidden()
    frame = page.locator("iframe").element_handle()

    held[0].continue_()

    expect_heading(page, "Consent")
    assert frame.evaluate("frame => frame.isConnected")


def test_a_refused_participant_leaves_no_frame_behind(world: StudyWorld, visitor: Visitor) -> None:
    """Given a study that is closed, its notice is all that is shown, and opening it later shows the page."""
    world.publish(closesAt="2020-01-01T00:00:00Z")
    page = visitor.open()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)

    world.publish()
    world.start_cold()
    page.get_by_role("button", name="Try again").click()

    expect_heading(page, "Consent")


def test_the_game_is_loaded_on_the_page_before_it(visitor: Visitor, loaded: list[str]) -> None:
    """Given a page before a game, all files of the game are loaded while it is read, each once."""
    page = visitor.open()
    expect_heading(page, "Consent")
    assert GAME_FILES & {*loaded} == set()

    submit(page)
    expect_heading(page, "Quiz")
    page.wait_for_load_state("networkidle")

    assert {*loaded} >= GAME_FILES
    assert [name for name in GAME_FILES if loaded.count(name) != 1] == []


@pytest.mark.parametrize("name", ["game/game.js", "game/buttons.js", "game/game.css"])
def test_a_file_of_the_game_that_fails_is_loaded_again(
    world: StudyWorld, visitor: Visitor, fail: Callable[[str, int], list[str]], name: str
) -> None:
    """Given a module or style sheet that fails twice, the page says so, and the game appears with its
    style."""
    requests = fail(name, 2)
    world.reach_game()
    page = visitor.open(userId=USER)

    expect(page.get_by_text(TRYING_AGAIN)).to_be_visible()
    expect(page.get_by_role("heading", name="The game")).to_be_visible()
    expect(page.get_by_text(TRYING_AGAIN)).to_have_count(0)
    assert len(requests) >= 3
    expect(page.locator(".game")).to_have_css("display", "grid")


def test_a_browser_that_repeats_a_failure_is_helped_by_a_reload(
    world: StudyWorld, visitor: Visitor, loaded: list[str]
) -> None:
    """Given a module that this document cannot load although its server responds, the page is loaded again,
    and the participant is where they were."""

    def fail_in_the_first_document(route: Route) -> None:
        if loaded.count("index.html") == 1:
            route.fulfill(status=503)
        else:
            route.continue_()

    visitor.context.route("**/game/buttons.js", fail_in_the_first_document)
    world.reach_game()
    reached = world.record()["nextStep"]
    page = visitor.open(userId=USER)

    expect(page.get_by_role("heading", name="The game")).to_be_visible()

    assert loaded.count("index.html") == 2
    assert world.record()["nextStep"] == reached


def test_the_configuration_is_loaded_again_after_a_failure(
    visitor: Visitor, fail: Callable[[str, int], list[str]]
) -> None:
    """Given a config.json whose preload failed, it is requested again, and the study begins."""
    requests = fail("config.json", 1)
    page = visitor.open()

    expect_heading(page, "Consent")
    assert len(requests) == 2
