"""The game at 200 % zoom and in low windows: picture and start are visible side by side."""

import pytest

from tests.browser.axe import find_violations
from tests.browser.game_server import draw
from tests.support.chromium import ARTEFACTS

pytest_plugins = ["tests.browser.game_fixtures"]

HEADER = 50  # pixels of the study's header, which is above the game on the real page


@pytest.mark.parametrize(("width", "height"), [(640, 360), (844, 390), (800, 600)])
def test_the_start_is_seen_without_scrolling(play, game_server, width, height):
    """Given 1280x720 at 200 %, a phone in landscape, or a small window, starting requires no scrolling."""
    game_server.greeting = [
        {"UI": ["left", "right", "start", "pause", "stop"], "display": {"score": 3}},
        {"frame": draw("skyblue", (600, 400)), "frameId": 1},
    ]
    game = play(device={"viewport": {"width": width, "height": height}})
    game.wait_for_frame(1)
    game.button("Start").wait_for()

    folder = ARTEFACTS / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    game.page.screenshot(path=folder / f"game-{width}x{height}.png")
    start, picture = game.button("Start").bounding_box(), game.canvas.bounding_box()
    assert start["y"] + start["height"] + HEADER <= height
    assert start["x"] > picture["x"] + picture["width"] >= 300
    assert picture["y"] + picture["height"] + HEADER <= height
    assert game.page.evaluate("scrollY") == 0
    assert game.page.evaluate("document.documentElement.scrollWidth") <= width
    assert find_violations(game.page) == []


def test_a_tall_window_has_one_column(play, game_server):
    """Given a phone in portrait, the picture has the whole width, and the controls are below it."""
    game_server.greeting = [{"UI": ["start", "pause"]}, {"frame": draw("skyblue", (600, 400)), "frameId": 1}]
    game = play(device={"viewport": {"width": 390, "height": 700}})
    game.wait_for_frame(1)

    start, picture = game.button("Start").bounding_box(), game.canvas.bounding_box()
    assert picture["width"] >= 340
    assert picture["y"] + picture["height"] < start["y"] < 700 - HEADER
