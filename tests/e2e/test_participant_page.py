"""The example study in a browser on the deployed template: by mouse, by keyboard, on a phone, with faults."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import find_violations
from tests.browser.pages import content, end_game, expect_heading, press_until, submit, submit_button
from tests.e2e.account_view import AccountView
from tests.e2e.journeys import Faults
from tests.e2e.participant import wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.support.chromium import ARTEFACTS, DESKTOP, PHONE, open_chromium

pytestmark = pytest.mark.e2e

PATIENCE = 60_000
CONSENT = "Driving up a hill: a study about how people learn"
QUIZ = "Before you play"
SURVEY = "How was it?"
THANKS = "Thank you!"
MakePage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for this module."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture
def faults(account: AccountView) -> Iterator[Faults]:
    """Return a control of faults, and remove them after the test."""
    faults = Faults(Path(account.outputs["faults"]))
    yield faults
    faults.clear()


@pytest.fixture
def open_study(browser: Browser, platform: dict[str, Any]) -> Iterator[MakePage]:
    """Return a function that opens the study's link on a new device; no page may cause an uncaught error."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_it(user_id: str, device: dict[str, Any] | None = None, **query: str) -> Page:
        context = browser.new_context(**(device or DESKTOP))
        contexts.append(context)
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        words = "".join(f"&{name}={value}" for name, value in {"userId": user_id, **query}.items())
        page.goto(f"{platform['studyUrl']}{words}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert troubles == []


def picture(page: Page, name: str) -> None:
    """Save a screenshot, and check that axe-core finds no barrier on the page."""
    (ARTEFACTS / "study").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / "study" / f"{name}.png")
    assert find_violations(page) == []


def consent(page: Page) -> None:
    """Tick every box of the first page and submit it."""
    expect_heading(page, CONSENT)
    for box in content(page).get_by_role("checkbox").all():
        box.check()
    submit(page)


def answer(page: Page) -> None:
    """Fill every list and field, and submit the page."""
    for choice in content(page).get_by_role("combobox").all():
        choice.select_option(index=1)
    for number in content(page).get_by_role("spinbutton").all():
        number.fill("30")
    submit(page)


def await_game(page: Page) -> None:
    """Wait until the game shows its first picture."""
    expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("canvas")).to_be_visible(timeout=PATIENCE)


def check_stored(account: AccountView, user_id: str) -> None:
    """Check that consent, quiz and survey are stored, each once."""
    stored = account.read_participant(user_id)
    answered = [number for number, entry in enumerate(stored["requests"]) if entry["body"] not in (None, "")]
    assert answered == [1, 2, 4]
    assert "repeats" not in stored
    assert json.loads(stored["requests"][1]["body"]) == {"adult": "yes", "consent": "yes"}


def await_trial(account: AccountView, user_id: str) -> None:
    """Wait until the game has stored its recording."""
    folder = f"{account.outputs['projectId']}/Trials/{user_id}/"
    wait_for("the trial", lambda: account.list_keys(folder))


def await_nothing_left(account: AccountView, user_id: str) -> None:
    """Wait until the server is stopped, and check that nothing of it is left."""
    wait_for("the server to stop", lambda: account.read_server(user_id).get("state") == "stopped")
    assert account.list_resources(user_id) == {}


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["mouse", "phone"])
def test_the_whole_study_by_pointing(
    account: AccountView, open_study: MakePage, request: pytest.FixtureRequest, device: dict[str, Any]
) -> None:
    """Given the study's link, clicks or taps take the participant to the end, and every answer is stored."""
    name = request.node.callspec.id
    user_id = f"page-{name}"
    page = open_study(user_id, device, PROLIFIC_PID="pid-1")
    expect_heading(page, CONSENT)
    picture(page, f"{name}-1-consent")
    consent(page)
    expect_heading(page, QUIZ)
    shown = content(page).get_by_role("img")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    picture(page, f"{name}-2-quiz")
    answer(page)
    await_game(page)
    steer(page, name)
    picture(page, f"{name}-3-game")
    end_game(page)
    expect_heading(page, SURVEY)
    picture(page, f"{name}-4-survey")
    answer(page)
    expect_heading(page, THANKS)
    picture(page, f"{name}-5-thanks")

    check_stored(account, user_id)
    await_trial(account, user_id)
    assert account.read_participant(user_id)["parameters"] == {"PROLIFIC_PID": "pid-1"}
    await_nothing_left(account, user_id)


def steer(page: Page, name: str) -> None:
    """Start the game and hold a direction until the picture has changed."""
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    before = page.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    button = page.get_by_role("button", name="Left")
    if name == "phone":
        button.dispatch_event("pointerdown", {"pointerId": 1, "isPrimary": True, "button": 0})
    else:
        button.hover()
        page.mouse.down()
    page.wait_for_function("before => document.querySelector('canvas').toDataURL() !== before", arg=before)
    if name == "phone":
        button.dispatch_event("pointerup", {"pointerId": 1, "isPrimary": True, "button": 0})
    else:
        page.mouse.up()


def test_the_whole_study_by_keyboard_alone(account: AccountView, open_study: MakePage) -> None:
    """Given a participant without a mouse, Tab, space, arrows and Enter take them through the study."""
    page = open_study("page-keys")
    expect_heading(page, CONSENT)
    for box in content(page).get_by_role("checkbox").all():
        press_until(page, "Tab", box)
        page.keyboard.press("Space")
    submit_by_keyboard(page)
    expect_heading(page, QUIZ)
    answer_by_keyboard(page)
    await_game(page)
    press_until(page, "Tab", page.get_by_role("button", name="Start"))
    page.keyboard.press("Enter")
    before = page.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    page.keyboard.down("ArrowLeft")
    page.wait_for_function("before => document.querySelector('canvas').toDataURL() !== before", arg=before)
    page.keyboard.up("ArrowLeft")
    press_until(page, "Tab", page.get_by_role("button", name="End the game"))
    page.keyboard.press("Enter")
    press_until(page, "Tab", page.get_by_role("dialog").get_by_role("button", name="End the game"))
    page.keyboard.press("Enter")
    expect_heading(page, SURVEY)
    answer_by_keyboard(page)
    expect_heading(page, THANKS)

    check_stored(account, "page-keys")
    await_trial(account, "page-keys")
    await_nothing_left(account, "page-keys")


def answer_by_keyboard(page: Page) -> None:
    """Fill every list and field by keyboard, and submit the page."""
    for choice in content(page).get_by_role("combobox").all():
        press_until(page, "Tab", choice)
        page.keyboard.press("ArrowDown")
    for number in content(page).get_by_role("spinbutton").all():
        press_until(page, "Tab", number)
        page.keyboard.type("30")
    submit_by_keyboard(page)


def submit_by_keyboard(page: Page) -> None:
    """Submit the page with Enter on its button."""
    press_until(page, "Tab", submit_button(page))
    page.keyboard.press("Enter")


def test_a_reload_at_every_step(account: AccountView, open_study: MakePage) -> None:
    """Given reloads of every page, of the wait and of the game, nothing is skipped, lost or doubled."""
    page = open_study("page-reload")
    expect_heading(page, CONSENT)
    page.reload()
    consent(page)
    expect_heading(page, QUIZ)
    page.reload()
    expect_heading(page, QUIZ)
    answer(page)
    page.reload()
    await_game(page)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    end_game(page)
    expect_heading(page, SURVEY)
    page.reload()
    expect_heading(page, SURVEY)
    answer(page)
    expect_heading(page, THANKS)
    page.reload()
    expect_heading(page, THANKS)

    check_stored(account, "page-reload")


def test_two_tabs_and_a_minute_offline(account: AccountView, open_study: MakePage) -> None:
    """Given two tabs and a network that fails meanwhile, both proceed and each answer is stored once."""
    page = open_study("page-tabs")
    second = page.context.new_page()
    second.goto(page.url)
    expect_heading(second, CONSENT)
    page.context.set_offline(True)
    consent(page)
    expect(page.get_by_role("status")).to_contain_text("You are offline. Nothing is lost")
    page.context.set_offline(False)
    expect_heading(page, QUIZ)
    expect_heading(second, QUIZ)
    answer(second)
    await_game(page)
    await_game(second)
    end_game(second)
    expect_heading(page, SURVEY)
    expect_heading(second, SURVEY)
    answer(page)
    expect_heading(second, THANKS)

    check_stored(account, "page-tabs")


def test_a_slow_start_is_reported_and_ends_in_the_game(
    account: AccountView, open_study: MakePage, faults: Faults
) -> None:
    """Given a server that starts slowly, the page reports its progress, and the game begins by itself."""
    faults.add("page-slow", {"kind": "slow-start", "seconds": 12})
    page = open_study("page-slow")
    consent(page)
    expect_heading(page, QUIZ)
    answer(page)
    expect(page.get_by_role("heading", name="Getting your game ready")).to_be_visible()
    expect(page.locator(".stage")).to_have_text(re.compile("Your game server is starting|Almost there"))
    picture(page, "waiting")

    await_game(page)

    end_game(page)
    expect_heading(page, SURVEY)


def test_a_server_that_crashes_in_the_game_is_replaced(
    account: AccountView, open_study: MakePage, faults: Faults
) -> None:
    """Given a game server that crashes, the page says so, it is replaced, and the game can be played."""
    page = open_study("page-crash")
    consent(page)
    expect_heading(page, QUIZ)
    answer(page)
    await_game(page)
    page.get_by_role("button", name="Start").click()
    faults.add("page-crash", {"kind": "task-crash", "seconds": 0, "times": 1})
    expect(page.get_by_text("The connection to the game was lost.")).to_be_visible()
    picture(page, "lost-connection")

    await_game(page)

    assert account.read_server("page-crash")["attempt"] == 2
    end_game(page)
    expect_heading(page, SURVEY)
    answer(page)
    expect_heading(page, THANKS)
    check_stored(account, "page-crash")
    await_nothing_left(account, "page-crash")
