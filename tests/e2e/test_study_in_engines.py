"""The example study in Firefox and WebKit on the deployed template: by mouse, by keyboard, with reloads."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.participant import wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.support.chromium import ARTEFACTS
from tests.support.study_window import StudyWindow
from tests.support.windows import NotReadyError, Window, open_engine
from tests.support.windows import wait_for as wait_in_window

pytestmark = pytest.mark.e2e

CONSENT = "Driving up a hill: a study about how people learn"
QUIZ = "Before you play"
SURVEY = "How was it?"
THANKS = "Thank you!"
START, PAUSE = "[data-value=start]", "[data-value=pause]"
# Chosen as Playwright and a person's list do: both events, after the value.
CHOOSE = """
for (const list of document.querySelectorAll("select")) {
  list.selectedIndex = 1;
  for (const type of ["input", "change"]) list.dispatchEvent(new Event(type, {bubbles: true}));
}
"""


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[], Window]]]:
    """Run a browser for this module; yield its name and a function that opens a window."""
    with open_engine(request.param) as open_window:
        yield request.param, open_window


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


class Visit(StudyWindow):
    """A participant who takes part in the example study."""

    def __init__(self, window: Window, engine: str, name: str) -> None:
        super().__init__(window)
        self.user_id = f"{engine}-{name}"

    def picture(self, name: str) -> None:
        """Save a picture of the window."""
        (ARTEFACTS / "engines").mkdir(parents=True, exist_ok=True)
        self.window.save_picture(ARTEFACTS / "engines" / f"{self.user_id}-{name}.png")

    def consent(self) -> None:
        """Tick both boxes of the first page."""
        self.wait_for_heading(CONSENT)
        self.click("#consent-adult", frame=True)
        self.click("#consent-given", frame=True)

    def choose(self) -> None:
        """Choose an answer from each list, and type an age where it is asked for."""
        self.window.evaluate(CHOOSE, frame=True)
        if self.window.evaluate("return Boolean(document.querySelector('#quiz-age'))", frame=True):
            self.click("#quiz-age", frame=True)
            self.type("30")

    def wait_for_game(self) -> None:
        """Wait until the game shows its first picture."""
        self.wait_for(START)
        wait_in_window("the first frame", self.read_frame)

    def read_frame(self) -> str:
        """Return the number of the frame that is shown, empty before the first."""
        return self.window.evaluate("return document.querySelector('canvas')?.dataset.frameId ?? ''")

    def is_moving(self) -> bool:
        """Return whether another frame is shown within two of the window's own."""
        before = self.read_frame()
        return bool(wait_in_window("the next frame", lambda: self.read_frame() != before))

    def end_game(self) -> None:
        """Press the button that ends the game, and confirm it."""
        self.click("[data-value=stop]")
        self.click("dialog .yes")


@pytest.fixture
def visit(
    engine: tuple[str, Callable[[], Window]], request: pytest.FixtureRequest, platform: dict[str, Any]
) -> Iterator[Visit]:
    """Open the study's link in a window, for a participant whose id names engine and test."""
    name, open_window = engine
    visit = Visit(open_window(), name, request.node.originalname.rpartition("_by_")[2].replace("_", "-"))
    visit.window.open(f"{platform['studyUrl']}&userId={visit.user_id}")
    yield visit
    with suppress(NotReadyError):
        visit.window.close()


def check_stored(account: AccountView, user_id: str) -> None:
    """Check that consent, quiz and survey are stored, each once, and the recording of the game."""
    stored = account.read_participant(user_id)
    answered = [number for number, entry in enumerate(stored["requests"]) if entry["body"] not in (None, "")]
    assert answered == [1, 2, 4]
    assert "repeats" not in stored
    assert json.loads(stored["requests"][1]["body"]) == {"adult": "yes", "consent": "yes"}
    assert json.loads(stored["requests"][2]["body"])["age"] == "30"
    wait_for("the trial", lambda: account.list_keys(f"{account.outputs['projectId']}/Trials/{user_id}/"))


def test_the_local_page_reaches_games_through_one_host(platform: dict[str, Any]) -> None:
    """Given the local platform, its config.json names the proxy, because Safari resolves no other name."""
    address = urljoin(platform["studyUrl"], "/config.json")
    with urllib.request.urlopen(address, timeout=30) as response:
        config = json.loads(response.read())

    assert config["gameProxyUrl"] == f"ws://localhost:{platform['gamePort']}/"


def test_the_whole_study_by_mouse(account: AccountView, visit: Visit) -> None:
    """Given the study's link, clicks take the participant to the end, and every answer is stored."""
    visit.consent()
    visit.picture("1-consent")
    visit.submit()
    visit.wait_for_heading(QUIZ)
    visit.choose()
    visit.picture("2-quiz")
    visit.submit()
    visit.wait_for_game()
    visit.click(START)
    visit.wait_for(PAUSE)
    visit.window.hold("ArrowLeft", until=visit.is_moving)
    visit.picture("3-game")
    visit.end_game()
    visit.wait_for_heading(SURVEY)
    visit.choose()
    visit.picture("4-survey")
    visit.submit()
    visit.wait_for_heading(THANKS)
    visit.picture("5-thanks")

    check_stored(account, visit.user_id)


def test_the_whole_study_by_keyboard(account: AccountView, visit: Visit) -> None:
    """Given a participant without a mouse, Tab, space, letters and Enter take them through the study."""
    visit.wait_for_heading(CONSENT)
    for box in ("#consent-adult", "#consent-given"):
        visit.reach(box, frame=True)
        visit.window.press(" ")
    submit_by_keyboard(visit)
    visit.wait_for_heading(QUIZ)
    choose_by_keyboard(visit)
    visit.reach("#quiz-age", frame=True)
    visit.type("30")
    submit_by_keyboard(visit)
    visit.wait_for_game()
    visit.reach(START)
    visit.window.press("Enter")
    visit.wait_for(PAUSE)
    visit.window.hold("ArrowLeft", until=visit.is_moving)
    visit.reach("[data-value=stop]")
    visit.window.press("Enter")
    visit.reach("dialog .yes")
    visit.window.press("Enter")
    visit.wait_for_heading(SURVEY)
    choose_by_keyboard(visit)
    submit_by_keyboard(visit)
    visit.wait_for_heading(THANKS)

    check_stored(account, visit.user_id)


def choose_by_keyboard(visit: Visit) -> None:
    """Choose the second option of each list by typing its first letter."""
    lists = visit.window.evaluate(
        "return [...document.querySelectorAll('select')].map((list) => [list.id, list.options[1].text])",
        frame=True,
    )
    for name, text in lists:
        visit.reach(f"#{name}", frame=True)
        visit.window.press(text[0])
        wait_in_window(f"the choice of {name}", partial(is_second_chosen, visit, name))


def is_second_chosen(visit: Visit, name: str) -> bool:
    """Return whether the second option of a list is chosen."""
    script = "return document.getElementById(values[0]).selectedIndex === 1"
    return bool(visit.window.evaluate(script, name, frame=True))


def submit_by_keyboard(visit: Visit) -> None:
    """Submit the page with Enter on its button."""
    visit.reach("#submit", frame=True)
    visit.window.press("Enter")


def test_reloads_and_double_clicks_by_an_impatient_participant(account: AccountView, visit: Visit) -> None:
    """Given reloads of every page, the wait and the game, and double clicks, each answer is stored once."""
    visit.wait_for_heading(CONSENT)
    visit.window.reload()
    visit.consent()
    visit.click("#submit", frame=True, times=2)
    visit.wait_for_heading(QUIZ)
    visit.window.reload()
    visit.wait_for_heading(QUIZ)
    visit.choose()
    visit.click("#submit", frame=True, times=2)
    visit.window.reload()
    visit.wait_for_game()
    visit.click(START)
    visit.wait_for(PAUSE)
    visit.window.reload()
    visit.wait_for(PAUSE)
    visit.end_game()
    visit.wait_for_heading(SURVEY)
    visit.window.reload()
    visit.wait_for_heading(SURVEY)
    visit.choose()
    visit.click("#submit", frame=True, times=2)
    visit.wait_for_heading(THANKS)
    visit.window.reload()
    visit.wait_for_heading(THANKS)

    check_stored(account, visit.user_id)
