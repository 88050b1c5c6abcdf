"""Waiting for the game: the page shows its progress, its usual length and failures; and the participant
continues."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.pages import expect_heading
from tests.browser.site import FrontDoor
from tests.support.study_world import USER, StudyWorld

WAIT = "Getting your game ready"


@pytest.fixture
def quick_polls(world: StudyWorld) -> None:
    """Return a deployment that has its page poll often."""
    world.set_environment(RETRY_AFTER_SECONDS="0.2", USUAL_START_SECONDS="90")


@pytest.fixture
def waiting(world: StudyWorld, door: FrontDoor, visitor: Visitor, quick_polls: None) -> Page:
    """Open the page of a participant who waits for their game."""
    world.reach_waiting()
    page = visitor.open(userId=USER)
    expect(page.get_by_role("heading", name=WAIT)).to_be_visible()
    return page


def test_each_stage_is_shown(world: StudyWorld, waiting: Page) -> None:
    """Given a server that starts, the page says queued, starting, almost there, and how long it takes."""
    stage = waiting.locator(".stage")
    expect(stage).to_have_text("You are in the queue for your own game server.")
    expect(waiting.get_by_text("This usually takes about 2 minutes.")).to_be_visible()

    world.put_server("starting")
    expect(stage).to_have_text("Your game server is starting.")

    world.put_server("starting", public_ip="198.51.100.7")
    expect(stage).to_have_text("Almost there: your game server is getting its address.")
    expect(waiting.get_by_role("heading", name=WAIT)).to_be_focused()


def test_the_server_sets_how_often_the_page_asks(world: StudyWorld, door: FrontDoor, waiting: Page) -> None:
    """Given a longer interval, the page polls less often from the next response on."""
    world.set_environment(RETRY_AFTER_SECONDS="1000")
    waiting.wait_for_timeout(700)
    before = len(door.requests)

    waiting.wait_for_timeout(1500)

    assert len(door.requests) == before


def test_a_long_wait_is_owned_up_to(waiting: Page) -> None:
    """Given a participant who waits longer than twice the usual time, the page says so and what they can
    do."""
    expect(waiting.locator(".long-wait")).to_be_hidden()
    waiting.evaluate("Date.now = (now => () => now() + 200_000)(Date.now.bind(Date))")

    expect(waiting.get_by_text("This is taking longer than usual.")).to_be_visible()
    expect(waiting.get_by_text("You have been waiting for 3 minutes.")).to_be_visible()


def test_a_delayed_start_is_owned_up_to(world: StudyWorld, waiting: Page) -> None:
    """Given a start with a problem and a wait of more than twice the usual time, the page says that the
    start is delayed and whom to contact, without details; and the game's start ends that."""
    delay = waiting.locator(".delayed")
    world.put_server("starting", problem="ecs:RunTask: AccessDeniedException: iam:PassRole")
    expect(waiting.locator(".stage")).to_have_text("Your game server is starting.")
    expect(delay).to_have_text("")

    world.clock.advance(181)

    expect(delay).to_contain_text("The start of your game is delayed by a problem.")
    expect(delay).to_contain_text(f"Contact: {world.config['researcher']}")
    expect(waiting.locator("main")).not_to_contain_text("PassRole")
    world.put_server("starting")
    expect(delay).to_have_text("")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Your game was closed because you were away"),
        ("fr", "Votre jeu a été fermé pendant votre absence"),
    ],
)
def test_a_participant_who_comes_back_gets_their_game_again(
    world: StudyWorld, visitor: Visitor, quick_polls: None, language: str, text: str
) -> None:
    """Given a game closed while its participant was away, the page says so, waits, and shows it again."""
    world.publish(language=language)
    world.reach_game()
    world.clock.advance(900)
    world.put_server("stopped", reason="idle")
    page = visitor.open(userId=USER)
    closed = page.locator(".closed")
    expect(closed).to_contain_text(text)

    world.put_server("starting", attempt=2, lease_until=world.minutes_later(5))
    expect(page.locator(".stages li.reached")).to_have_count(2)

    expect(closed).to_contain_text(text)
    world.put_server("ready", attempt=2)
    expect(page.locator("section.game")).to_be_visible()


def test_a_failed_server_is_reported_and_can_be_retried(world: StudyWorld, waiting: Page) -> None:
    """Given a failed start, the page says so with the contact, and a retry starts the server again."""
    world.put_server("failed", attempt=1, error="the name is taken", reason="failed")
    expect(waiting.get_by_role("heading", name="The game could not be started")).to_be_visible()
    expect(waiting.get_by_text(f"Contact: {world.config['researcher']}")).to_be_visible()
    starts = len(world.messages("start"))

    waiting.get_by_role("button", name="Try again").click()

    expect(waiting.get_by_role("heading", name=WAIT)).to_be_visible()
    assert len(world.messages("start")) == starts + 1


def test_a_second_failure_offers_no_further_try(world: StudyWorld, waiting: Page) -> None:
    """Given a start that failed again, the page says whom to tell, and can still be reloaded."""
    world.put_server("failed", attempt=1, error="the name is taken", reason="failed")
    waiting.get_by_role("button", name="Try again").click()
    expect(waiting.get_by_role("heading", name=WAIT)).to_be_visible()
    retry = world.messages("start")[-1]["requestId"]
    world.put_server("failed", attempt=2, error="the name is taken", reason="failed", start_id=retry)

    expect(waiting.get_by_text("Please tell the people who invited you.")).to_be_visible()
    expect(waiting.get_by_role("button", name="Try again")).to_have_count(0)
    expect(waiting.get_by_role("button", name="Check again")).to_be_visible()


def test_a_game_whose_time_is_over_leads_to_the_next_page(
    world: StudyWorld, visitor: Visitor, door: FrontDoor
) -> None:
    """Given a stopped server, the page says that the game has ended, and continues at a click."""
    world.reach_game()
    world.put_server("stopped")
    page = visitor.open(userId=USER)
    expect(page.get_by_role("heading", name="The game has ended")).to_be_visible()

    page.get_by_role("button", name="Continue").click()

    expect_heading(page, "Survey")
