"""Pages of a study in every engine, in both kinds of frames: copy, captions, focus."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.browser.site import CAPTIONS, FILM
from tests.support.study_window import StudyWindow
from tests.support.study_world import PAGES, StudyWorld
from tests.support.windows import Window, open_engine, wait_for

# The states of https://html.spec.whatwg.org/multipage/media.html#dom-track-readystate
LOADED, FAILED = 2, 3


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Iterator[Callable[[], Window]]:
    """Run a browser for this module, Chromium too; yield a function that opens a window."""
    with open_engine(request.param) as open_window:
        yield open_window


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
    wait_for("the code", lambda: visit.read_value("#pasted") == "victim")


def test_a_completion_code_is_copied(world: StudyWorld, visit: StudyWindow, link: str) -> None:
    """Given the code for the recruiter, which is outside the frame, its button copies it too."""
    field = '<h1>Thanks</h1><label>Paste <input name="pasted" id="pasted"></label>'
    world.publish(
        {**PAGES, "thanks.html": field},
        steps={"1": "consent.html", "finalStep": "thanks.html"},
        completion={"code": "C0DE"},
    )
    visit.window.open(link)
    visit.wait_for_heading("Consent")
    visit.submit()
    visit.wait_for_heading("Thanks")

    visit.click(".completion button")

    visit.wait_for_status("Code copied.")
    visit.click("#pasted", frame=True)
    visit.window.press("v", holding="Control")
    wait_for("the code", lambda: visit.read_value("#pasted") == "C0DE")


def test_the_heading_of_a_new_page_has_the_focus(world: StudyWorld, visit: StudyWindow, link: str) -> None:
    """Given a page that was submitted, the keyboard's focus is on the heading of the next."""
    visit.window.open(link)
    visit.wait_for_heading("Consent")

    visit.submit()

    visit.wait_for_heading("Quiz")
    assert visit.has_focus("h1", frame=True)
    assert visit.window.evaluate("return document.querySelector('h1').isContentEditable", frame=True) is False


def test_captions_of_the_studys_own_films_are_loaded(
    world: StudyWorld, visit: StudyWindow, link: str, site: str
) -> None:
    """Given films of the study, their captions are loaded; a film from elsewhere is requested as before."""
    track = f'<track default src="{site}{CAPTIONS}" srclang="en" label="English">'
    films = (
        f'<video id="own" muted src="{site}{FILM}">{track}</video>'
        f'<video id="listed" muted><source src="{site}{FILM}">{track}</video>'
        f'<video id="foreign" muted src="https://films.invalid{FILM}">{track}</video>'
        f'<video id="broken" muted src="http://[">{track}</video>'
        f'<video id="plain" muted src="{site}{FILM}"></video>'
    )
    world.publish({**PAGES, "consent.html": f"<h1>Films</h1>{films}"})
    visit.window.open(link)
    visit.wait_for_heading("Films")

    # Some browsers show captions at once, others when the participant switches them on.
    switch_on = "for (const {track} of document.querySelectorAll('track')) track.mode = 'showing'"
    visit.window.evaluate(switch_on, frame=True)
    for name in ("own", "listed"):
        wait_for(f"captions of {name}", partial(read_track_state, visit, name))
        assert read_track_state(visit, name) == LOADED
    assert visit.window.evaluate(
        "return [...document.querySelectorAll('video')].map((film) => film.crossOrigin)", frame=True
    ) == ["anonymous", "anonymous", None, None, None]


def read_track_state(visit: StudyWindow, name: str) -> int:
    """Return the state of a film's captions once they are loaded or refused, otherwise 0."""
    state = visit.window.evaluate(
        "return document.querySelector(`#${values[0]} track`).readyState", name, frame=True
    )
    return state if state in (LOADED, FAILED) else 0
