"""The page around the study: progress, titles, languages, styles, and the parameters of existing links."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.game_server import GameServer, open_game_server
from tests.browser.pages import content, expect_heading, submit
from tests.browser.site import Fault, FrontDoor
from tests.support.chromium import PHONE
from tests.support.study_world import PAGES, StudyWorld


def test_progress_and_titles_follow_the_study(world: StudyWorld, visitor: Visitor) -> None:
    """Given a study in progress, step, bar, tab and frame show the participant's step."""
    page = visitor.open()
    expect_heading(page, "Consent")
    expect(page.get_by_text("Step 1 of 4")).to_be_visible()
    expect(page).to_have_title("Consent · Mountain Car")
    expect(page.locator("iframe")).to_have_attribute("title", "Consent")

    submit(page)

    expect_heading(page, "Quiz")
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    expect(page.locator("progress")).to_have_js_property("value", 1)


def test_the_focus_goes_to_the_new_pages_heading(visitor: Visitor) -> None:
    """Given a submitted page, the next one's heading has the focus, so that a screen reader continues
    there."""
    page = visitor.open()
    expect_heading(page, "Consent")
    submit(page)

    expect(content(page).get_by_role("heading", name="Quiz")).to_be_focused()


def test_another_language(world: StudyWorld, visitor: Visitor, door: FrontDoor) -> None:
    """Given a study in French, the page's own texts are French, and both documents say so."""
    world.publish(language="fr-CA")
    page = visitor.open()
    expect_heading(page, "Consent")

    expect(page.get_by_text("Étape 1 sur 4")).to_be_visible()
    expect(content(page).get_by_role("button", name="Envoyer")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert content(page).locator("html").get_attribute("lang") == "fr-CA"
    door.faults += [Fault("status")]
    submit(page)
    expect(page.get_by_role("status")).to_contain_text("Vos réponses ne sont pas encore enregistrées.")


def test_a_language_without_texts_is_said_of_the_pages_only(world: StudyWorld, visitor: Visitor) -> None:
    """Given a study in a language without texts, the page's texts are English and marked as such."""
    world.publish(language="pt")
    page = visitor.open()
    expect_heading(page, "Consent")

    assert page.evaluate("document.documentElement.lang") == "en"
    assert content(page).locator("html").get_attribute("lang") == "pt"


def test_the_studys_style_is_used_in_its_pages_and_around_them(world: StudyWorld, visitor: Visitor) -> None:
    """Given a style sheet of the study, it applies inside the frame, :root and body included, and outside."""
    css = ":root { --tint: rgb(1, 2, 3) } body { font-family: monospace } h1, #title { color: var(--tint) }"
    world.publish({**PAGES, "style.css": css})
    page = visitor.open()
    expect_heading(page, "Consent")

    expect(content(page).get_by_role("heading", name="Consent")).to_have_css("color", "rgb(1, 2, 3)")
    expect(content(page).locator("body")).to_have_css("font-family", "monospace")
    expect(page.locator("#title")).to_have_css("color", "rgb(1, 2, 3)")


def test_inline_styles_tables_and_pictures_of_a_page_are_shown(world: StudyWorld, visitor: Visitor) -> None:
    """Given common content of researchers' pages, it looks as they wrote it."""
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    html = (
        f'<h1 style="color: rgb(9, 8, 7)">H</h1><style>p {{ color: rgb(4, 5, 6) }}</style><p>text</p>'
        f'<img src="{pixel}" alt="dot" width="20"><video controls width="100" aria-label="film"></video>'
    )
    world.publish({**PAGES, "consent.html": html})
    page = visitor.open()
    expect_heading(page, "H")

    expect(content(page).get_by_role("heading", name="H")).to_have_css("color", "rgb(9, 8, 7)")
    expect(content(page).get_by_text("text")).to_have_css("color", "rgb(4, 5, 6)")
    assert content(page).get_by_role("img", name="dot").evaluate("image => image.naturalWidth") == 1
    expect(content(page).locator("video")).to_be_visible()


def test_a_long_page_scrolls_and_its_end_can_be_reached_on_a_phone(
    world: StudyWorld, make_visitor: type[Visitor]
) -> None:
    """Given a page longer and wider than a phone, its button can be reached, and nothing moves sideways."""
    table = "<table><tr>" + "<td>cell</td>" * 40 + "</tr></table>"
    world.publish({**PAGES, "consent.html": "<h1>Long</h1>" + "<p>word</p>" * 80 + table})
    page = make_visitor(**PHONE).open()
    expect_heading(page, "Long")

    submit(page)

    expect_heading(page, "Quiz")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_link_without_a_study_says_so(visitor: Visitor) -> None:
    """Given a link that names no study, the page says what is missing."""
    page = visitor.open("")

    expect(page.get_by_role("heading", name="This link does not lead to a study")).to_be_visible()


def test_a_missing_study_says_so(visitor: Visitor) -> None:
    """Given an unknown study, the page says that it is not open, and offers to try again."""
    page = visitor.open("unknown")

    expect(page.get_by_role("heading", name="This study is not open")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="This study is not open")).to_be_visible()


def test_an_invalid_user_id_is_reported(visitor: Visitor) -> None:
    """Given a link with an invalid id, the page says so in its own words, and the console has the API's."""
    messages: list[str] = []
    visitor.context.on("console", lambda message: messages.append(message.text))
    page = visitor.open(userId="not_good")

    expect(page.get_by_text("The participant ID in this link cannot be used.")).to_be_visible()
    expect(page.get_by_text("must be 1 to 48 letters")).to_have_count(0)
    assert any("userId: must be 1 to 48 letters, digits or inner hyphens" in text for text in messages)


@pytest.fixture
def game_server() -> GameServer:
    """Yield a game server without a study."""
    with open_game_server() as server:
        yield server


def test_links_that_name_a_game_server_play_there_and_redirect(
    visitor: Visitor, game_server: GameServer, door: FrontDoor
) -> None:
    """Given a link with `server` and `redirect`, the game is played there without a study, and then
    redirects."""
    page = visitor.open("p1", server=game_server.url, userId="U1", redirect=f"{visitor.site}/style.css")
    game_server.wait_for_clients()

    game_server.say("done")

    page.wait_for_url("**/style.css")
    assert game_server.received[0]["userId"] == "u1"
    assert door.requests == []


def test_a_lost_game_without_a_study_is_reported(
    visitor: Visitor, site: str, game_server: GameServer
) -> None:
    """Given a link with `server` whose server is unreachable for more than a minute, the page says so,
    and does not continue by itself."""
    page = visitor.context.new_page()
    page.clock.install()
    page.goto(f"{site}/?projectId=p1&server={game_server.url}&redirect={site}/style.css")
    game_server.wait_for_clients()

    game_server.stop()
    expect(page.get_by_text("The connection to the game was lost")).to_be_visible()
    page.clock.run_for(90_000)

    expect(page.get_by_text("The game can no longer be reached.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert page.url.startswith(f"{site}/?projectId=p1")


def test_links_cannot_bring_in_code(visitor: Visitor, game_server: GameServer) -> None:
    """Given a link whose redirect is code, it is not followed."""
    page = visitor.open("p1", server=game_server.url, redirect="javascript:document.title='run'")
    game_server.wait_for_clients()

    game_server.say("done")

    expect(page.get_by_role("heading", name="The game has ended")).to_be_visible()
    assert page.title() != "run"


def test_a_link_with_a_style_sheet_uses_it(visitor: Visitor) -> None:
    """Given a link with `css`, that style sheet is used around the pages and in them."""
    page = visitor.open(css=f"{visitor.site}/game/game.css")
    expect_heading(page, "Consent")

    assert page.evaluate("document.getElementById('link-style').sheet !== null")
    assert content(page).locator("link[href$='game/game.css']").count() == 1


@pytest.mark.chromium_only("its line is slowed down through CDP")
def test_a_slow_line_takes_its_time_and_no_more(visitor: Visitor, door: FrontDoor) -> None:
    """Given 400 kbit/s with long delays, the page says that it loads, and the study continues."""
    page = visitor.context.new_page()
    page.set_default_timeout(60_000)
    line = {"offline": False, "latency": 300, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
    visitor.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    page.goto(f"{visitor.site}/?projectId=mountain_car", wait_until="commit")
    expect(page.get_by_text("Loading the study…")).to_be_visible()

    expect_heading(page, "Consent")
    submit(page)

    expect_heading(page, "Quiz")
    assert len(door.forms()) == 1
