"""Input for servers that list their buttons: commands, and directions that are held."""

import pytest
from playwright.sync_api import expect

from tests.browser.game_server import draw
from tests.browser.pages import end_game, press_until
from tests.support.chromium import PHONE

pytest_plugins = ["tests.browser.game_fixtures"]

STEERING = {"UI": ["left", "right", "up", "down", "start", "pause"]}


def actions(server):
    """Return the actions that arrived so far, with their causes."""
    return [
        (message["actionType"], message["action"])
        for message in server.find(lambda message: "action" in message)
    ]


def wait_for_actions(server, number):
    """Wait for so many actions."""
    server.wait_for(lambda message: "action" in message, number)
    return actions(server)


def test_start_and_pause_take_turns(play, game_server):
    """Given start pressed by key, it is sent and pause takes its position and the focus, and vice versa."""
    game_server.greeting = [STEERING]
    game = play()
    game.button("Start").focus()
    game.page.keyboard.press("Enter")
    expect(game.button("Pause")).to_be_focused()
    expect(game.button("Start")).to_be_hidden()
    expect(game.status).to_have_text("")
    game.page.keyboard.press("Enter")
    expect(game.button("Start")).to_be_focused()
    expect(game.status).to_have_text("Paused.")
    game_server.wait_for_key("command", 2)

    assert game_server.values("command") == ["start", "pause"]


def test_the_end_is_asked_for_twice(play, game_server):
    """Given the button that ends the game, Escape and the focused button keep it running."""
    game_server.greeting = [{"UI": ["left", "start", "pause", "stop"]}]
    game = play()
    keyboard, dialog = game.page.keyboard, game.page.get_by_role("dialog")
    keeps_playing = dialog.get_by_role("button", name="Keep playing")
    for answer in ("Escape", "Enter"):
        press_until(game.page, "Tab", game.button("End the game"))
        keyboard.press("Enter")
        expect(keeps_playing).to_be_focused()
        expect(dialog).to_contain_text("You cannot come back to it.")
        keyboard.press("ArrowLeft")
        keyboard.press(answer)
        expect(dialog).to_be_hidden()
        expect(game.button("End the game")).to_be_focused()
    assert game_server.values("command") == []
    assert actions(game_server) == []

    end_game(game.page)
    game_server.wait_for_key("command")

    assert game_server.values("command") == ["stop"]


def test_held_keys_are_a_list(play, game_server):
    """Given two arrows held one after the other, the newer counts, then the older again, then none."""
    game_server.greeting = [STEERING]
    game = play()
    for do, key in (("down", "ArrowLeft"), ("down", "KeyD"), ("up", "KeyD"), ("up", "ArrowLeft")):
        getattr(game.page.keyboard, do)(key)

    assert wait_for_actions(game_server, 4) == [
        ("leftArrow", "left"),
        ("dKey", "right"),
        ("dKey", "left"),
        ("leftArrow", "noop"),
    ]


def test_key_that_repeats_is_sent_once(play, game_server):
    """Given a key that is held until it repeats, one action is sent."""
    game_server.greeting = [STEERING]
    game = play()
    for _ in range(3):
        game.page.keyboard.down("ArrowUp")
    game.page.keyboard.up("ArrowUp")

    assert wait_for_actions(game_server, 2) == [("upArrow", "up"), ("upArrow", "noop")]


def test_held_key_is_released_when_the_window_loses_the_focus(play, game_server):
    """Given a key held while another window comes to the front, it counts as released at once."""
    game_server.greeting = [STEERING]
    game = play()
    game.page.keyboard.down("ArrowLeft")
    wait_for_actions(game_server, 1)
    game.page.evaluate("window.dispatchEvent(new Event('blur'))")
    game.page.keyboard.up("ArrowLeft")
    game.button("Start").click()
    game_server.wait_for_key("command")

    assert actions(game_server) == [("leftArrow", "left"), ("leftArrow", "noop")]


def test_held_key_is_released_when_the_connection_drops(play, game_server):
    """Given a key held while the connection drops, its release is not sent over the next one."""
    game_server.greeting = [STEERING]
    game = play()
    game.page.keyboard.down("ArrowLeft")
    wait_for_actions(game_server, 1)
    game_server.drop()
    game_server.wait_for_clients(2)
    game.page.keyboard.up("ArrowLeft")
    game.page.keyboard.down("ArrowRight")
    game.page.keyboard.up("ArrowRight")

    assert wait_for_actions(game_server, 3) == [
        ("leftArrow", "left"),
        ("rightArrow", "right"),
        ("rightArrow", "noop"),
    ]


def test_space_starts_and_pauses(play, game_server):
    """Given no fire button, the space bar starts and pauses, wherever the focus is."""
    game_server.greeting = [STEERING]
    game = play()
    game.page.keyboard.press("Space")
    expect(game.button("Pause")).to_be_visible()
    game.page.keyboard.press("Space")
    game_server.wait_for_key("command", 2)

    assert game_server.values("command") == ["start", "pause"]


def test_space_fires_after_a_click_with_the_mouse(play, game_server):
    """Given a fire button and a click on start, the space bar fires and does not press start again."""
    game_server.greeting = [{"UI": ["fire", "start"]}]
    game = play()
    game.button("Start").click()
    game.page.keyboard.press("Space")

    assert wait_for_actions(game_server, 2) == [("space", "fire"), ("space", "noop")]
    assert game_server.values("command") == ["start"]


def test_mouse_holds_a_direction(play, game_server):
    """Given the mouse down on a direction, it is held until the mouse is up, even outside the button."""
    game_server.greeting = [STEERING]
    game = play()
    game.button("Left").hover()
    game.page.mouse.down()
    wait_for_actions(game_server, 1)
    game.page.mouse.move(5, 5)
    game.page.mouse.up()

    assert wait_for_actions(game_server, 2) == [("mousedown", "left"), ("mouseup", "noop")]


@pytest.mark.chromium_only("its touches are sent through CDP")
def test_finger_holds_a_direction(play, game_server):
    """Given a finger on a direction, on a phone, it is held until the finger leaves; nothing scrolls."""
    game_server.greeting = [STEERING]
    game = play(device=PHONE)
    button = game.button("Right")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    touch = game.page.context.new_cdp_session(game.page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    wait_for_actions(game_server, 1)
    moved = {**point, "y": point["y"] - 60}
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [moved]})
    game.page.wait_for_timeout(100)
    assert actions(game_server) == [("mousedown", "right")]
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    assert wait_for_actions(game_server, 2) == [("mousedown", "right"), ("mouseup", "noop")]


def test_game_is_played_by_keyboard_alone(play, game_server):
    """Given no mouse, every control is reached with Tab, and held with Enter for as long as it is down."""
    game_server.greeting = [{"UI": ["left", "start", "reset"]}]
    game = play()
    expect(game.page.get_by_role("heading", name="The game")).to_be_focused()
    names = []
    for _ in range(3):
        game.page.keyboard.press("Tab")
        names.append(
            game.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent")
        )
    assert names == ["Left", "Start", "Next attempt"]
    game.button("Left").focus()
    game.page.keyboard.down("Enter")
    wait_for_actions(game_server, 1)
    game.page.keyboard.up("Enter")

    assert wait_for_actions(game_server, 2) == [("mousedown", "left"), ("mouseup", "noop")]


@pytest.mark.chromium_only("in Firefox, Playwright's fill appends to what a number field contains")
def test_frame_rate_is_asked_for(play, game_server):
    """Given faster, slower and the number field, each asks for its change; a rate out of range stays
    here."""
    game_server.greeting = [{"UI": ["fpsUp", "fpsDown", "fpsSet"]}]
    game = play()
    game.button("Faster").click()
    game.button("Slower").click()
    field = game.page.get_by_label("Frames per second")
    field.fill("45")
    field.press("Enter")
    field.fill("900")
    game.button("Set").click()
    field.fill("12")
    game.button("Set").click()
    game_server.wait_for_key("changeFrameRate", 4)

    assert game_server.values("changeFrameRate") == ["faster", "slower", 45, 12]


def test_older_servers_get_no_events(play, game_server):
    """Given a server that used only the older vocabulary, mouse, keys and sizes are not sent."""
    game_server.greeting = [STEERING, {"frame": draw("red"), "frameId": 1}]
    game = play(clock=True)
    game.wait_for_frame(1)
    game.canvas.click()
    game.page.keyboard.press("x")
    game.page.clock.fast_forward(3000)
    game.button("Start").click()
    game_server.wait_for_key("command")

    kinds = {"MouseEvent", "KeyboardEvent", "WindowEvent"}
    assert game_server.find(lambda message: bool(kinds & set(message))) == []
