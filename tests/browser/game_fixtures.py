"""Shared fixtures of the game's tests: a scripted game server, and the page on which it is played."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import is_uncaught
from tests.browser.game_page import GamePage, new_context, open_game, open_game_site
from tests.browser.game_server import GameServer, open_game_server

OpenGame = Callable[..., GamePage]


@pytest.fixture
def game_server() -> Iterator[GameServer]:
    """Yield a game server that a test scripts."""
    with open_game_server() as server:
        yield server


@pytest.fixture(scope="module")
def game_site() -> Iterator[str]:
    """Yield the site with the study page."""
    with open_game_site() as site:
        yield site


@pytest.fixture
def play(browser: Browser, game_site: str, game_server: GameServer) -> Iterator[OpenGame]:
    """Yield a function that opens the page and waits for the connection.

    Keywords are `open_game`'s, and `device` the context's. No page may cause an uncaught error.
    """
    contexts: list[Any] = []
    troubles: list[str] = []

    def begin(*, connected: bool = True, device: dict[str, Any] | None = None, **query: Any) -> GamePage:
        context = new_context(browser, **(device or {}))
        contexts.append(context)
        context.on("weberror", lambda error: is_uncaught(error.error) and troubles.append(str(error.error)))
        game = open_game(context, game_site, game_server.url, **query)
        if connected:
            game_server.wait_for_clients()
            game.wait_for_messages(len(game_server.greeting))
        return game

    yield begin
    for context in contexts:
        context.close()
    assert troubles == []
