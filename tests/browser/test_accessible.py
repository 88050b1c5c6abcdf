"""Every screen with axe-core, by keyboard alone and on a phone; a picture of each is kept for inspection."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import Visitor
from tests.browser.game_server import GameServer, draw, open_game_server
from tests.browser.pages import content, expect_heading, press_until, submit, submit_button
from tests.browser.site import Fault, FrontDoor
from tests.support.chromium import ARTEFACTS, DESKTOP, PHONE
from tests.support.study_world import USER, StudyWorld
from tests.unit.example.conftest import STUDY

STEP_FILES = STUDY / "StepFiles"
NAMES = ("consent.html", "quiz.html", "survey-0.html", "survey-1.html", "thanks.html", "style.css")


@pytest.fixture
def game_server() -> GameServer:
    """Yield a game server that shows a picture and buttons."""
    with open_game_server() as server:
        server.greeting = [
            {"UI": ["left", "right", "start", "pause", "stop"], "Instructions": ["Drive up to the flag."]},
            {"frame": draw("steelblue"), "frameId": 1, "display": {"attempt": "1 of 3"}, "playing": False},
        ]
        yield server


@pytest.fixture
def example(world: StudyWorld, game_server: GameServer) -> StudyWorld:
    """Return the example study, published with its own pages."""
    world.set_environment(GAME_SERVER_URL=f"{game_server.url}/{{host}}", RETRY_AFTER_SECONDS="0.3")
    world.publish(
        {name: (STEP_FILES / name).read_text(encoding="utf-8") for name in NAMES},
        completion={"code": "C0DE", "url": "https://recruiter.example/done?cc={code}"},
    )
    return world


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def person(request: pytest.FixtureRequest, make_visitor: Callable[..., Visitor]) -> Visitor:
    """Return a participant at a desktop computer, and one with a phone."""
    person = make_visitor(**request.param)
    person.name = request.node.callspec.id
    return person


def look(page: Page, person: Visitor, name: str) -> None:
    """Take a picture of the screen, and check it with axe-core."""
    folder = ARTEFACTS / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}-{person.name}.png")
    assert find_violations(page) == []


def test_every_screen_of_the_example_study(
    example: StudyWorld, door: FrontDoor, person: Visitor, game_server: GameServer
) -> None:
    """Given the example study, no screen has a barrier when a participant goes through it."""
    page = person.open(userId=USER)
    expect_heading(page, "Driving up a hill: a study about how people learn")
    look(page, person, "1-consent")
    for box in content(page).get_by_role("checkbox").all():
        box.check()
    door.faults += [Fault("status")] * 100  # for as long as axe-core looks
    submit(page)
    expect(page.get_by_role("status")).to_contain_text("Not saved yet")
    look(page, person, "1-not-saved-yet")
    door.faults.clear()
    page.evaluate("dispatchEvent(new Event('online'))")  # try again at once
    expect_heading(page, "Before you play")
    look(page, person, "2-quiz")
    for choice in content(page).get_by_role("combobox").all():
        choice.select_option(index=1)
    for number in content(page).get_by_role("spinbutton").all():
        number.fill("30")
    submit(page)
    expect(page.get_by_role("heading", name="Getting your game ready")).to_be_visible()
    look(page, person, "3-waiting")
    example.put_server("failed", error="no", reason="failed", attempt=1)
    expect(page.get_by_role("heading", name="The game could not be started")).to_be_visible()
    look(page, person, "3-failed")
    example.put_server()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    look(page, person, "3-game")
    game_server.drop()
    expect(page.locator(".game-status")).to_contain_text("connection")
    look(page, person, "3-game-disconnected")
    game_server.wait_for_clients(2)
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    game_server.say("done")
    expect_heading(page, "How was it?")
    look(page, person, "4-survey")
    for choice in content(page).get_by_role("combobox").all():
        choice.select_option(index=2)
    submit(page)
    expect_heading(page, "Thank you!")
    look(page, person, "5-thanks")


@pytest.mark.parametrize(
    ("name", "open_it"),
    [
        ("no-study", lambda person: person.open("")),
        ("closed-study", lambda person: person.open("unknown")),
        ("refused", lambda person: person.open("mountain_car", userId="u1")),
        ("ended-game", lambda person: person.open(userId=USER)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_notice(
    example: StudyWorld, make_visitor: Callable[..., Visitor], name: str, open_it: Callable[[Visitor], Page]
) -> None:
    """Given whatever may stop a participant, its screen has no barrier either."""
    if name == "ended-game":
        example.reach_game()
        example.put_server("stopped")
    if name == "refused":
        example.publish(screen={"minWidth": 5000})
    person = make_visitor()
    person.name = "desktop"

    page = open_it(person)

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, person, name)


def test_the_whole_study_by_keyboard_alone(
    example: StudyWorld, visitor: Visitor, game_server: GameServer
) -> None:
    """Given a participant without a mouse, Tab, space, arrows and Enter take them through the whole study."""
    page = visitor.open(userId=USER)
    expect_heading(page, "Driving up a hill: a study about how people learn")
    for box in content(page).get_by_role("checkbox").all():
        press_until(page, "Tab", box)
        page.keyboard.press("Space")
    press_until(page, "Tab", submit_button(page))
    page.keyboard.press("Enter")
    expect_heading(page, "Before you play")
    answer_by_keyboard(page)
    example.put_server()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    press_until(page, "Tab", page.get_by_role("button", name="Start"))
    page.keyboard.press("Enter")
    game_server.wait_for(lambda message: message.get("command") == "start")
    page.keyboard.down("ArrowRight")
    game_server.wait_for(lambda message: message.get("action") == "right")
    page.keyboard.up("ArrowRight")
    game_server.wait_for(lambda message: message.get("action") == "noop")
    game_server.say("done")
    expect_heading(page, "How was it?")
    answer_by_keyboard(page)
    expect_heading(page, "Thank you!")
    press_until(page, "Tab", page.get_by_role("link", name="Complete the study"))


def answer_by_keyboard(page: Page) -> None:
    """Choose something in every list and number field, and submit the page."""
    for choice in content(page).get_by_role("combobox").all():
        press_until(page, "Tab", choice)
        page.keyboard.press("ArrowDown")
        time.sleep(0.05)
    for number in content(page).get_by_role("spinbutton").all():
        press_until(page, "Tab", number)
        page.keyboard.type("30")
    press_until(page, "Tab", submit_button(page))
    page.keyboard.press("Enter")
