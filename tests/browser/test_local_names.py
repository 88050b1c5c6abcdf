"""A local game in a browser that does not resolve names below localhost, as Safari on macOS does not."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from hippo.host_labels import derive_host_label
from hippo_local.name_proxy import NameProxy
from hippo_local.ports import get_port, open_listener
from tests.browser.conftest import Visitor
from tests.browser.game_page import GamePage
from tests.browser.game_server import GameServer, draw, open_game_server
from tests.browser.pages import expect_heading, submit
from tests.support.chromium import open_chromium
from tests.support.study_world import StudyWorld

pytestmark = pytest.mark.chromium_only("Firefox has no option that keeps it from resolving some names")
USER = "u1"
HOST = f"{derive_host_label(USER)}.localhost"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a Chromium that resolves no name below localhost."""
    with open_chromium("--host-resolver-rules=MAP *.localhost ~NOTFOUND") as browser:
        yield browser


@pytest.fixture
def game_server() -> Iterator[GameServer]:
    """Yield a participant's server, which shows a red picture."""
    with open_game_server() as server:
        server.greeting = [{"frame": draw("red"), "frameId": 1}]
        yield server


@pytest.fixture
def proxy_port(game_server: GameServer) -> Iterator[int]:
    """Run the local platform's proxy in front of that server; yield its port."""
    known = {HOST: "127.0.0.1"}
    with open_listener(0, "proxy", "-") as listener, NameProxy(listener, known.get, game_server.port):
        yield get_port(listener)


def start_game(world: StudyWorld, proxy_port: int) -> None:
    """Give the participant a server, which the API names as it does on the local platform."""
    world.set_environment(ROOT_DOMAIN="localhost", GAME_SERVER_URL=f"ws://{{host}}:{proxy_port}")
    world.put_server(user=USER, host_name=HOST)


def test_the_game_is_reached_by_path(
    world: StudyWorld, visitor: Visitor, config: dict[str, str], proxy_port: int
) -> None:
    """Given a local platform, whose config.json names its proxy, the participant reaches their own server."""
    start_game(world, proxy_port)
    config["gameProxyUrl"] = f"ws://localhost:{proxy_port}/"
    page = visitor.open(userId=USER)
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")
    submit(page)

    GamePage(page).wait_for_frame(1)


def test_without_the_proxy_the_name_is_not_resolved(
    world: StudyWorld, visitor: Visitor, proxy_port: int
) -> None:
    """Given the same browser and a config.json without a proxy, the game connects for ever."""
    start_game(world, proxy_port)
    page = visitor.open(userId=USER)
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")
    submit(page)

    expect(page.locator(".game-status")).to_contain_text("Connecting")
    assert page.evaluate(f"fetch('http://{HOST}:{proxy_port}').catch(error => error.name)") == "TypeError"
