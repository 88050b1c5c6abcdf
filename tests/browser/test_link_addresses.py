"""Links whose game server, redirect or style sheet a stranger has chosen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.browser.game_server import GameServer, open_game_server
from tests.browser.pages import expect_heading
from tests.support.study_world import PROJECT, ROOT_DOMAIN, StudyWorld

FOREIGN = "https://evil.example"
SERVER = "wss://evil.example:5000"
SURVEY = "https://survey.example.org"


@pytest.fixture
def game_server() -> Iterator[GameServer]:
    """Yield a game server on this computer."""
    with open_game_server() as server:
        yield server


@pytest.fixture
def asked(visitor: Visitor) -> list[str]:
    """Return the addresses elsewhere that pages have asked for, WebSockets included; all respond."""
    found: list[str] = []

    def respond(route: Route) -> None:
        found.append(route.request.url)
        route.fulfill(body="elsewhere", content_type="text/html")

    # Playwright itself matches a pattern; a function would have to run while a test waits for the server.
    visitor.context.route(re.compile(r"^https?://(?!localhost|127\.0\.0\.1)"), respond)
    visitor.context.on("page", lambda page: page.on("websocket", lambda socket: found.append(socket.url)))
    return found


def finish_game(server: GameServer) -> None:
    """Let the game end as soon as the page is connected."""
    server.wait_for_clients()
    server.say("done")


def press_continue(page: Page) -> None:
    """Confirm the notice that is shown to testers."""
    expect(page.get_by_text("Continue only if they are yours.")).to_be_visible()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize(
    "server",
    [
        SERVER,
        f"wss://{ROOT_DOMAIN}:5000",
        f"wss://a.b.{ROOT_DOMAIN}:5000",
        f"wss://anna.{ROOT_DOMAIN}.evil.example:5000",
        f"wss://anna.{ROOT_DOMAIN}@evil.example:5000",
        f"wss://evil{ROOT_DOMAIN}:5000",
        "wss://localhost.evil.example:5000",
    ],
)
def test_a_foreign_server_is_not_contacted(visitor: Visitor, asked: list[str], server: str) -> None:
    """Given a link with a stranger's game server, the page names it and connects to nothing."""
    page = visitor.open(server=server, userId="u1", redirect=FOREIGN)

    expect(page.get_by_role("heading", name="This link leads elsewhere")).to_be_visible()
    expect(page.get_by_text("does not belong to this study")).to_be_visible()
    assert asked == []


def test_the_notice_is_in_the_language_of_the_study(
    world: StudyWorld, visitor: Visitor, asked: list[str]
) -> None:
    """Given a French study, its participants read in French why the link is not followed."""
    world.publish(language="fr")
    page = visitor.open(server=SERVER)

    expect(page.get_by_role("heading", name="Ce lien mène ailleurs")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert asked == []


def test_a_foreign_redirect_is_not_followed(
    visitor: Visitor, asked: list[str], game_server: GameServer
) -> None:
    """Given a stranger's redirect, the page says after the game that it does not open it."""
    page = visitor.open(server=game_server.url, userId="u1", redirect=f"{FOREIGN}/phishing")
    finish_game(game_server)

    expect(page.get_by_role("heading", name="The game has ended")).to_be_visible()
    expect(page.get_by_text("evil.example, which does not belong to this study")).to_be_visible()
    assert page.url.startswith(visitor.site)
    assert [url for url in asked if "evil" in url] == []


@pytest.mark.parametrize(
    "options",
    [{"linkOrigins": [SURVEY]}, {"completion": {"url": f"{SURVEY}/done?cc=1"}}],
    ids=["linkOrigins", "completion"],
)
def test_a_redirect_that_the_config_allows_is_followed(
    world: StudyWorld, visitor: Visitor, asked: list[str], game_server: GameServer, options: dict[str, object]
) -> None:
    """Given a redirect to an origin in the config, it is followed after the game."""
    world.publish(**options)
    page = visitor.open(server=game_server.url, userId="u1", redirect=f"{SURVEY}/next?a=b")
    finish_game(game_server)

    page.wait_for_url(f"{SURVEY}/next?a=b")


@pytest.mark.parametrize("server", [f"wss://anna.{ROOT_DOMAIN}:5000/", "wss://games.example.net:5000/"])
def test_servers_of_the_study_are_contacted(
    world: StudyWorld, visitor: Visitor, asked: list[str], server: str
) -> None:
    """Given a server below the root domain, or one that the config allows, the page connects."""
    world.publish(linkOrigins=["wss://games.example.net:5000"])
    page = visitor.context.new_page()
    with page.expect_websocket(lambda socket: socket.url == server):
        page.goto(f"{visitor.site}/?projectId={PROJECT}&userId=anna&server={server}")


def test_testers_confirm_foreign_addresses(
    visitor: Visitor, asked: list[str], game_server: GameServer
) -> None:
    """Given `debug`, nothing is contacted before the tester confirms the hosts that the page names."""
    page = visitor.open(server=game_server.url, userId="u1", redirect=FOREIGN, debug="1")
    expect(page.get_by_text("evil.example")).to_be_visible()
    assert game_server.connections == asked == []

    press_continue(page)
    finish_game(game_server)

    page.wait_for_url(f"{FOREIGN}/")


def test_a_foreign_style_sheet_is_not_loaded(world: StudyWorld, visitor: Visitor, asked: list[str]) -> None:
    """Given a stranger's style sheet, which could report what is chosen on a page, the study is shown without
    it."""
    page = visitor.open(userId="u1", css=f"{FOREIGN}/a.css")
    expect_heading(page, "Consent")

    assert asked == []


def test_a_style_sheet_that_the_config_allows_is_loaded(
    world: StudyWorld, visitor: Visitor, asked: list[str]
) -> None:
    """Given a style sheet from an origin in the config, the page loads it."""
    world.publish(linkOrigins=[SURVEY])
    page = visitor.context.new_page()
    with page.expect_request(f"{SURVEY}/a.css"):
        page.goto(f"{visitor.site}/?projectId={PROJECT}&userId=u1&css={SURVEY}/a.css")
