"""Input for servers with a control panel: events of buttons, keys and the mouse."""

from math import ceil

import pytest
from playwright.sync_api import expect

from tests.browser.game_server import draw, make_panel

pytest_plugins = ["tests.browser.game_fixtures"]


def test_buttons_of_newer_servers_are_button_events(play, game_server):
    """Given a control panel, every button is a button event with its value, start and directions too."""
    buttons = [
        {"text": "Start", "value": "start"},
        {"text": None, "value": "left"},
        {"text": "Three", "value": 3},
    ]
    game_server.greeting = [make_panel(buttons)]
    game = play()
    for name in ("Start", "Left", "Three"):
        game.button(name).click()
    game_server.wait_for_key("ButtonEvent", 3)

    assert [event["BUTTONPRESSED"] for event in game_server.values("ButtonEvent")] == ["start", "left", 3]


def test_button_that_wants_to_be_confirmed_asks_first(play, game_server):
    """Given `confirm`, the page asks; Cancel and Escape send nothing, and yes sends the event."""
    game_server.greeting = [make_panel([{"text": "End", "value": "end", "confirm": True}], keys=True)]
    game = play()
    dialog = game.page.get_by_role("dialog")
    game.button("End").click()
    expect(dialog).to_contain_text("Are you sure?")
    dialog.get_by_role("button", name="Cancel").click()
    game.button("End").click()
    game.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert game_server.values("ButtonEvent") == []
    game.button("End").click()
    dialog.get_by_role("button", name="End").click()
    game_server.wait_for_key("ButtonEvent")

    assert game_server.values("ButtonEvent") == [{"BUTTONPRESSED": "end"}]
    assert game_server.values("KeyboardEvent") == []


def test_slider_sends_its_value(play, game_server):
    """Given a slider moved by keyboard, its id and new value are sent; the server may move it too."""
    slider = {"title": "Speed", "id": "speed", "min": 0, "max": 10, "value": 4}
    game_server.greeting = [make_panel(sliders=[slider], keys=True)]
    game = play()
    field = game.page.get_by_label("Speed")
    field.press("ArrowRight")
    event = game_server.wait_for_key("SliderEvent")
    assert event == {"SLIDERSET": ["speed", 5]}
    game_server.say(make_panel(sliders=[{**slider, "value": 9}], keys=True))
    expect(field).to_have_value("9")

    expect(field).to_be_focused()
    assert game_server.values("KeyboardEvent") == []


def test_keys_are_sent_to_servers_that_want_them(play, game_server):
    """Given `Keys: true`, each key is sent once when it goes down, and when it goes up."""
    game_server.greeting = [make_panel(keys=True)]
    game = play()
    keyboard = game.page.keyboard
    keyboard.down("a")
    keyboard.down("a")
    keyboard.up("a")
    keyboard.press("ArrowUp")
    keyboard.press("Tab")
    keyboard.press("Control+k")
    keyboard.press("Space")
    game_server.wait_for_key("KeyboardEvent", 6)

    assert game_server.values("KeyboardEvent") == [
        {"KEYDOWN": ["a", 97]},
        {"KEYUP": ["a"]},
        {"KEYDOWN": ["ArrowUp", 65]},
        {"KEYUP": ["ArrowUp"]},
        {"KEYDOWN": [" ", 32]},
        {"KEYUP": [" "]},
    ]


def test_only_listed_keys_are_sent(play, game_server):
    """Given a list of keys, other keys are not sent."""
    game_server.greeting = [make_panel(keys=["w", "space"])]
    game = play()
    for key in ("q", "W", "Space"):
        game.page.keyboard.press(key)
    game_server.wait_for_key("KeyboardEvent", 4)

    down = [event["KEYDOWN"] for event in game_server.values("KeyboardEvent") if "KEYDOWN" in event]
    assert down == [["W", 87], [" ", 32]]


def test_no_keys_are_sent_to_servers_that_do_not_want_them(play, game_server):
    """Given `Keys: false`, no key is sent."""
    game_server.greeting = [make_panel([{"text": "Good", "value": "good"}], keys=False)]
    game = play()
    game.page.keyboard.press("a")
    game.button("Good").click()
    game_server.wait_for_key("ButtonEvent")

    assert game_server.values("KeyboardEvent") == []


def test_held_keys_of_newer_servers_are_released_at_blur(play, game_server):
    """Given a key held while the window loses the focus, its release is sent."""
    game_server.greeting = [make_panel(keys=True)]
    game = play()
    game.page.keyboard.down("a")
    game_server.wait_for_key("KeyboardEvent")
    game.page.evaluate("window.dispatchEvent(new Event('blur'))")
    game_server.wait_for_key("KeyboardEvent", 2)

    assert game_server.values("KeyboardEvent")[1] == {"KEYUP": ["a"]}


@pytest.mark.parametrize("key", ["ArrowDown", "Space"])
def test_keys_of_the_game_do_not_scroll(play, game_server, key):
    """Given a page longer than the window, the game's keys do not scroll it."""
    game_server.greeting = [make_panel(keys=True), {"Instructions": ["A line."] * 60}]
    game = play(device={"viewport": {"width": 600, "height": 300}})
    expect(game.page.get_by_text("A line.").last).to_be_attached()
    game.page.keyboard.press(key)
    game_server.wait_for_key("KeyboardEvent", 2)
    game.page.wait_for_timeout(300)

    assert game.page.evaluate("window.scrollY") == 0


def test_mouse_is_reported_in_pixels_of_the_picture(play, game_server):
    """Given a picture shown at twice its size, positions are halved and buttons are unchanged."""
    game_server.greeting = [{"GameWindow": {"id": 0, "size": [600, 400], "mode": "strict"}}]
    game = play()
    game_server.say({"GameWindow": {"id": 0, "frame": draw("red", (300, 200)), "frameId": 1}})
    game.wait_for_frame(1)
    box = game.canvas.bounding_box()
    mouse = game.page.mouse
    mouse.move(ceil(box["x"]) + 100, ceil(box["y"]) + 60)
    mouse.down()
    mouse.up()
    mouse.down(button="right")
    mouse.move(5, 5)
    mouse.up(button="right")
    game_server.wait_for(lambda message: "MOUSEBUTTONUP" in message.get("MouseEvent", {}), 2)

    events = [event for event in game_server.values("MouseEvent") if "MOUSEMOTION" not in event]
    assert box["width"] == 600
    assert events == [
        {"MOUSEBUTTONDOWN": [{"x": 50, "y": 30}, [1, 0, 0], 1]},
        {"MOUSEBUTTONUP": [{"x": 50, "y": 30}, [0, 0, 0], 0]},
        {"MOUSEBUTTONDOWN": [{"x": 50, "y": 30}, [0, 0, 1], 2]},
        {"MOUSEBUTTONUP": [{"x": 0, "y": 0}, [0, 0, 0], 0]},
    ]


def test_motion_is_reported_with_its_distance(play, game_server):
    """Given a mouse that moves while no frames come, its position and its movement since then are sent."""
    game = play()
    game_server.say({"GameWindow": {"id": 0, "size": [600, 400], "mode": "strict"}})
    game_server.say({"GameWindow": {"id": 0, "frame": draw("red"), "frameId": 1}})
    game.wait_for_frame(1)
    game.page.wait_for_timeout(400)
    box = game.canvas.bounding_box()
    for number, x in enumerate((10, 40), 1):
        game.page.mouse.move(ceil(box["x"]) + x, ceil(box["y"]) + 20)
        game_server.wait_for_key("MouseEvent", number)

    assert game_server.values("MouseEvent") == [
        {"MOUSEMOTION": [{"x": 10, "y": 20}, {"xMovement": 10, "yMovement": 20}, [0, 0, 0], 0]},
        {"MOUSEMOTION": [{"x": 40, "y": 20}, {"xMovement": 30, "yMovement": 0}, [0, 0, 0], 0]},
    ]


def test_motion_is_reported_at_most_once_a_frame(play, game_server):
    """Given frames that come, there are at most as many motions as frames, however much the mouse moves."""
    game = play()
    picture = draw("red")
    game_server.say({"GameWindow": {"id": 0, "frame": picture, "frameId": 0}})
    game.wait_for_frame(0)
    # Frames keep coming, however slow the machine is.
    game.page.evaluate("performance.now = (now => () => now)(performance.now())")
    box = game.canvas.bounding_box()
    frames = 12
    for number in range(1, frames + 1):
        game_server.say({"GameWindow": {"id": 0, "frame": picture, "frameId": number}})
        for step in range(4):
            game.page.mouse.move(box["x"] + 20 * number + step, box["y"] + 20)
    motions = game_server.values("MouseEvent")

    assert 1 <= len(motions) <= frames + 1


def test_size_is_reported_once_it_has_settled(play, game_server):
    """Given a window that is made smaller, the shown size is sent once, after a second without a change."""
    game = play(clock=True)
    game_server.say({"GameWindow": {"id": 0, "frame": draw("red"), "frameId": 0}})
    game.wait_for_frame(0)
    game.page.clock.fast_forward(1500)
    first = game_server.wait_for_key("WindowEvent")
    for width in (700, 600, 500):
        game.page.set_viewport_size({"width": width, "height": 800})
    game.page.wait_for_timeout(100)
    game.page.clock.fast_forward(1500)
    game_server.wait_for_key("WindowEvent", 2)
    box = game.canvas.bounding_box()

    assert first == {"WINDOWRESIZED": [600, 400]}
    assert game_server.values("WindowEvent")[1:] == [
        {"WINDOWRESIZED": [round(box["width"]), round(box["height"])]}
    ]
