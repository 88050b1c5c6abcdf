"""Pages of a study in Firefox and WebKit, in both kinds of frames: copy, captions, focus."""

from typing import Any

import pytest

from tests.browser.site import FrontDoor
from tests.support.study_window import StudyWindow
from tests.support.study_world import PAGES, PROJECT, StudyWorld


@pytest.fixture(params=["sandbox", "own host"])
def config(request: pytest.FixtureRequest, door: FrontDoor) -> dict[str, Any]:
    """Return a way to show pages: in a sandbox of this origin, or on a separate host."""
    return {"nextUrl": door.url, "host": request.param}


@pytest.fixture
def link(site: str, config: dict[str, Any]) -> str:
    """Return the study's link; in the second way its pages come from another origin, also on this machine."""
    if config["host"] == "own host":
        config["pagesUrl"] = site.replace("localhost", "127.0.0.1") + "/"
    return f"{site}/?projectId={PROJECT}&userId=u1"


def test_a_code_is_copied(world: StudyWorld, visit: StudyWindow, link: str) -> None:
    """Given the button next to a code, a click copies the code, and the page says so."""
    field = '<label>Paste <input name="pasted" id="pasted"></label>'
    world.publish({**PAGES, "consent.html": f'<h1>Code</h1><span class="MTURK_CODE">x</span>{field}'})
    visit.window.open(link)
    visit.wait_for_heading("Code")

    visit.click(".code button", frame=True)

    visit.wait_for_status("Code copied.")
    visit.click("#pasted", frame=True)
    visit.window.press("v", holding="Control")
    assert visit.read_value("#pasted") == "u1"


def test_the_heading_of_a_new_page_has_the_focus(world: StudyWorld, visit: StudyWindow, link: str) -> None:
    """Given a page that was submitted, the keyboard's focus is on the heading of the next."""
    visit.window.open(link)
    visit.wait_for_heading("Consent")

    visit.submit()

    visit.wait_for_heading("Quiz")
    assert visit.has_focus("h1", frame=True)
