"""The game of newer servers: axe-core finds no serious barrier on any of its screens."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import find_violations
from tests.browser.game_server import draw, make_panel
from tests.support.chromium import ARTEFACTS, DESKTOP, PHONE

pytest_plugins = ["tests.browser.game_fixtures"]

BUTTONS = [
    {"text": "Start", "value": "start", "color": "white", "bgcolor": "green"},
    {"text": "Reset", "value": "reset", "color": "white", "bgcolor": "red"},
    {"text": "End", "value": "end", "color": "white", "bgcolor": "blue", "confirm": True},
    {"text": "Pause", "value": "pause", "color": "white", "bgcolor": "orange"},
    {"text": None, "icon": "FaArrowLeft", "value": "left", "color": "black", "bgcolor": "white"},
    {"text": None, "icon": "FaArrowRight", "value": "right", "color": "black", "bgcolor": "white"},
    {"image": f"data:image/png;base64,{draw('teal', (48, 32))}", "value": "good"},
]
SLIDERS = [{"title": "Brightness", "id": "brightness", "min": 0, "max": 1000, "value": 400}]
INFO = {"text": "Use the keyboard to play.", "items": ["a = left", "d = right"], "kv": {"Score": 12.5}}


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_screen_is_accessible(play, game_server, device, request):
    """Given everything that a server can show, the confirmation, the messages and the way out, nothing is
    a barrier."""
    game_server.greeting = [
        make_panel(BUTTONS, SLIDERS, keys=True),
        {"UI": ["fpsUp", "fpsDown", "fpsSet"], "Instructions": ["Reach the flag."]},
        {"InfoPanel": INFO},
        {"GameWindow": {"id": 1, "frame": draw("skyblue"), "frameId": 1}},
        {"GameWindow": {"id": 2, "text": "Your partner thinks."}},
    ]
    game = play(device=device, debug="1", clock=True)
    game.wait_for_frame(1, game.canvas.first)
    device_name = request.node.callspec.id

    def look(name):
        folder = ARTEFACTS / "screens"
        folder.mkdir(parents=True, exist_ok=True)
        game.page.screenshot(path=folder / f"{name}-{device_name}.png")
        assert find_violations(game.page) == []

    look("game-panel")
    game.button("End").click()
    expect(game.page.get_by_role("dialog")).to_be_visible()
    look("game-question")
    game.page.keyboard.press("Escape")
    game.page.get_by_text("Game server messages").click()
    expect(game.page.locator(".messages-in")).to_contain_text("ControlPanel")
    look("game-messages")
    game_server.stop()
    game.page.clock.fast_forward(31_000)
    expect(game.button("Continue without the game")).to_be_visible()
    game.page.evaluate("scrollTo(0, 0)")
    look("game-lost")
