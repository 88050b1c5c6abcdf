"""The messages of game servers are shown, in both of their vocabularies."""

from playwright.sync_api import expect

from tests.browser.game_page import PROJECT, USER
from tests.browser.game_server import draw, make_panel

pytest_plugins = ["tests.browser.game_fixtures"]

OLDER = {"UI": ["left", "right", "start", "pause", "trainOnline"], "Instructions": ["Reach the flag."]}


def test_first_message_says_who_plays(play, game_server):
    """Given a connection, the first message holds both ids and the counters of frames."""
    play()

    assert game_server.received == [{"userId": USER, "projectId": PROJECT, "frameCount": 0, "frameId": 0}]


def test_older_servers_list_becomes_buttons_and_instructions(play, game_server):
    """Given a UI list, directions and commands are buttons, and the instructions and the keys are shown."""
    game_server.greeting = [OLDER]
    game = play()

    expect(game.button("Left")).to_be_visible()
    expect(game.button("Right")).to_be_visible()
    expect(game.button("Train online")).to_be_visible()
    expect(game.button("Start")).to_be_visible()
    expect(game.button("Pause")).to_be_hidden()
    expect(game.page.get_by_text("Reach the flag.")).to_be_visible()
    expect(game.page.locator(".keys")).to_have_text(
        "On a keyboard: hold ← → to steer, space to start or pause."
    )
    expect(game.status).to_have_text("Ready. Press Start to begin.")


def test_frame_is_drawn_in_its_own_size(play, game_server):
    """Given a JPEG and then a larger PNG, the canvas takes the size and the pixels of each."""
    game = play()
    game_server.say({"frame": draw("red", (60, 40), "JPEG"), "frameId": 1})
    game.wait_for_frame(1)
    red, green, blue = game.pixel()
    sizes = [game.canvas.evaluate("canvas => [canvas.width, canvas.height]")]
    game_server.say({"frame": draw("blue", (90, 30)), "frameId": 2})
    game.wait_for_frame(2)
    sizes.append(game.canvas.evaluate("canvas => [canvas.width, canvas.height]"))

    assert (red > 245, green < 10, blue < 10) == (True, True, True)
    assert game.pixel() == [0, 0, 255]
    assert sizes == [[60, 40], [90, 30]]


def test_display_and_budget_are_shown_and_updated(play, game_server):
    """Given figures that change, each has one line with its latest value."""
    game = play()
    game_server.say({"display": {"score": 1, "level": "one"}}, {"inputBudget": 10, "usedInputBudget": 3})
    game_server.say({"display": {"score": 2}})

    lines = game.page.locator(".display:not(.info-pairs) div")
    expect(lines).to_have_text(["score2", "levelone", "budget3 of 10 used"])


def test_error_is_shown(play, game_server):
    """Given an error, the live region shows it."""
    game = play()
    game_server.say({"error": "This server is another participant's."})

    expect(game.status).to_have_text("This server is another participant's.")
    expect(game.page.get_by_role("status").filter(has_text="another participant's")).to_be_visible()


def test_control_panel_becomes_buttons_and_sliders(play, game_server):
    """Given a control panel, its buttons have the server's texts, its directions symbols, and its sliders
    names."""
    buttons = [
        {"text": "Start", "icon": "FaPlayCircle", "color": "white", "bgcolor": "green", "value": "start"},
        {"text": None, "icon": "FaArrowLeft", "color": "black", "bgcolor": "white", "value": "left"},
        {"text": None, "icon": "FaTimes", "value": "bad_choice"},
    ]
    slider = {"title": "Brightness", "id": "brightness", "min": 0, "max": 1000, "value": 100}
    game_server.greeting = [make_panel(buttons, [slider], keys=["a", "ArrowUp"])]
    game = play()

    expect(game.button("Left")).to_have_text("←")
    expect(game.button("Bad choice")).to_be_visible()
    expect(game.button("Start")).to_have_css("background-color", "rgb(0, 128, 0)")
    expect(game.button("Start")).to_have_css("color", "rgb(255, 255, 255)")
    expect(game.page.get_by_label("Brightness")).to_have_value("100")
    expect(game.page.locator(".keys")).to_have_text("On a keyboard: a ↑.")


def test_panel_of_nulls_is_empty(play, game_server):
    """Given lists that are null or missing, and items that servers did not wrap, nothing breaks."""
    game = play()
    game_server.say({"ControlPanel": {"Buttons": None}})
    game_server.say(
        {"ControlPanel": {"Buttons": [{"text": "Bare", "value": 7}], "Sliders": None, "Keys": None}}
    )
    expect(game.button("Bare")).to_be_visible()
    game_server.say({"ControlPanel": None})

    expect(game.button("Bare")).to_have_count(0)


def test_unreadable_colours_are_ignored(play, game_server):
    """Given white on orange, words that are not colours, and code, only readable colours are used."""
    game_server.greeting = [
        make_panel(
            [
                {"text": "One", "value": 1, "color": "white", "bgcolor": "orange"},
                {"text": "Two", "value": 2, "color": "yellow", "bgcolor": None},
                {"text": "Three", "value": 3, "color": "inherit", "bgcolor": "url(//evil)"},
                {"text": "Four", "value": 4, "color": "#123", "bgcolor": "rgb(0 0 0 / 20%)"},
            ]
        )
    ]
    game = play()

    expect(game.button("One")).to_have_css("background-color", "rgb(255, 165, 0)")
    expect(game.button("One")).to_have_css("color", "rgb(0, 0, 0)")
    styles = [game.button(name).get_attribute("style") or "" for name in ("Two", "Three", "Four")]
    assert styles == ["", "", "color: rgb(17, 34, 51);"]


def test_images_of_buttons_have_a_name(play, game_server):
    """Given an image as a data address, it is shown and named; other kinds of addresses are not used."""
    picture = f"data:image/png;base64,{draw('red', (20, 20))}"
    game_server.greeting = [
        make_panel(
            [{"image": picture, "value": "good"}, {"image": "javascript:1", "text": "Plain", "value": "p"}]
        )
    ]
    game = play()

    expect(game.button("Good").locator("img")).to_have_attribute("alt", "Good")
    expect(game.button("Plain").locator("img")).to_have_count(0)


def test_info_panel_comes_changes_and_goes(play, game_server):
    """Given an information panel, all of it is shown, removed pairs disappear, and null hides it."""
    game = play()
    game_server.say(
        {"InfoPanel": {"text": "Use the keys", "items": ["s = down"], "kv": {"Score": 1, "Lives": 3}}}
    )
    expect(game.page.locator(".info-text")).to_have_text("Use the keys")
    expect(game.page.locator(".info-items li")).to_have_text(["s = down"])
    expect(game.page.locator(".info-pairs div")).to_have_text(["Score1", "Lives3"])
    game_server.say({"InfoPanel": {"text": None, "items": [], "kv": [{"Score": 2}]}})
    expect(game.page.locator(".info-pairs div")).to_have_text(["Score2"])
    expect(game.page.locator(".info-text")).to_be_hidden()
    game_server.say({"InfoPanel": None})

    expect(game.page.locator(".info-pairs")).to_be_hidden()


def test_window_shows_frames_text_or_nothing(play, game_server):
    """Given a window, a frame is drawn, a text replaces it, null hides it, and a frame shows it again."""
    game = play()
    game_server.say(
        {"GameWindow": {"idx": 0, "size": [300, 200], "mode": "strict", "frame": None, "frameId": 0}}
    )
    game_server.say({"GameWindow": {"id": 0, "frame": draw("red"), "frameId": 0}})
    game.wait_for_frame(0)
    expect(game.canvas).to_be_visible()
    assert game.canvas.bounding_box()["width"] == 300
    game_server.say({"GameWindow": {"id": 0, "text": "Wait for the others", "frameId": 1}})
    expect(game.page.get_by_text("Wait for the others")).to_be_visible()
    expect(game.canvas).to_be_hidden()
    game_server.say({"GameWindow": None})
    expect(game.page.get_by_text("Wait for the others")).to_be_hidden()
    game_server.say({"GameWindow": {"id": 0, "frame": draw("blue"), "frameId": 2}})
    game.wait_for_frame(2)

    expect(game.canvas).to_be_visible()
    assert game.pixel() == [0, 0, 255]


def test_two_windows_have_a_canvas_each(play, game_server):
    """Given two windows, each has its own canvas and name."""
    game = play()
    game_server.say({"GameWindow": {"id": "map", "frame": draw("red"), "frameId": 1}})
    game_server.say({"GameWindow": {"id": "view", "frame": draw("blue"), "frameId": 2}})
    canvases = game.canvas
    expect(canvases).to_have_count(2)
    for index, frame_id in enumerate((1, 2)):
        game.wait_for_frame(frame_id, canvases.nth(index))

    assert [game.pixel(canvas=canvases.nth(index)) for index in (0, 1)] == [[255, 0, 0], [0, 0, 255]]
    names = [canvases.nth(index).get_attribute("aria-label") for index in (0, 1)]
    assert names == ["Game screen", "Game screen: view"]


def test_both_vocabularies_may_be_mixed(play, game_server):
    """Given a list and a panel from one server, the buttons of both are sent, each in its own vocabulary."""
    game_server.greeting = [{"UI": ["start", "pause"]}, make_panel([{"text": "Good", "value": "good"}])]
    game = play()
    game.button("Good").click()
    game.button("Start").click()
    game_server.wait_for_key("command")

    assert game_server.values("ButtonEvent") == [{"BUTTONPRESSED": "good"}]
    assert game_server.values("command") == ["start"]


def test_what_cannot_be_understood_is_passed_over(play, game_server):
    """Given text that is not JSON, a list, a number and a binary message, the game continues."""
    game = play()
    game_server.say("{", "[]", "1", "null", b"\x00\x01", {"UI": "start"}, {"unknown": 1})
    game_server.say({"frame": draw("red"), "frameId": 9})

    game.wait_for_frame(9)


def test_other_language(play, game_server):
    """Given French, the page's own texts are French."""
    game_server.greeting = [{"UI": ["left", "start"]}]
    game = play(language="fr")

    expect(game.page.get_by_role("heading", name="Le jeu")).to_be_focused()
    expect(game.button("Gauche")).to_be_visible()
    expect(game.status).to_have_text("Tout est prêt. Appuyez sur Démarrer pour commencer.")


def test_debug_shows_messages_without_pictures(play, game_server):
    """Given `debug` in the link, the last messages in and out can be read, their pictures left out."""
    game_server.greeting = [OLDER]
    game = play(debug="1")
    frame = draw("red")
    game.page.get_by_text("Game server messages").click()
    game_server.say({"frame": frame, "frameId": 4})
    for number in range(60):
        game_server.say({"display": {"number": number}})
    game.button("Start").click()
    game_server.say({"GameWindow": {"id": 0, "frame": frame, "frameId": 5}})

    incoming, outgoing = game.page.locator(".messages-in"), game.page.locator(".messages-out")
    expect(incoming).to_contain_text('"frameId":5')
    expect(outgoing).to_contain_text('"command":"start"')
    assert frame[:40] not in incoming.inner_text()
    assert len(incoming.inner_text().splitlines()) == 50


def test_without_debug_no_messages_are_shown(play, game_server):
    """Given a link without `debug`, no messages are shown."""
    game = play()

    expect(game.page.locator(".debug")).to_be_hidden()
