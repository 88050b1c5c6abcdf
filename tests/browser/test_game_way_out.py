"""A participant whose game neither ends nor moves can continue without it; a moving game needs no Start."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.game_page import GamePage
from tests.browser.game_server import GameServer, draw, make_panel

pytest_plugins = ["tests.browser.game_fixtures"]

LEAVE = "Continue without the game"
NOT_ENDED = "The game has not confirmed that it has ended. You can continue without it."
STILL = "The picture has not changed for a while."
READY = "Ready. Press Start to begin."
# As a server of hippogym 2 sends them: it knows no `done`, and does not say whether the game is running.
PANEL = make_panel([{"text": "Start", "value": "start"}, {"text": "End", "value": "end"}])
RED, BLUE = draw("red", (60, 40)), draw("blue", (60, 40))


def show(frame: str, number: int) -> dict[str, Any]:
    """Return a frame as newer servers send it."""
    return {"GameWindow": {"frame": frame, "frameId": number}}


def say_frame(game: GamePage, server: GameServer, frame: str, number: int) -> None:
    """Send a frame, and wait until the page has drawn it."""
    server.say(show(frame, number))
    game.wait_for_frame(number)


def confirm_leaving(game: GamePage) -> None:
    """Continue without the game, and confirm it."""
    game.button(LEAVE).first.click()
    game.page.get_by_role("dialog").get_by_role("button", name=LEAVE).click()


@pytest.fixture
def panel_game(play: Any, game_server: GameServer) -> GamePage:
    """Open a game of hippogym 2, whose clock the test advances."""
    game_server.greeting = [PANEL, show(RED, 1)]
    game: GamePage = play(clock=True)
    game.wait_for_frame(1)
    return game


def press_end(game: GamePage, server: GameServer) -> None:
    """Press the button that ends the game, and wait until the server knows."""
    game.button("End").click()
    server.wait_for_key("ButtonEvent")


def test_end_that_is_not_confirmed(panel_game: GamePage, game_server: GameServer) -> None:
    """Given an end button and a server that only repeats its picture, the page offers to leave after
    some seconds."""
    press_end(panel_game, game_server)
    panel_game.page.clock.fast_forward(4000)
    expect(panel_game.button(LEAVE)).to_be_hidden()
    say_frame(panel_game, game_server, RED, 2)

    panel_game.page.clock.fast_forward(1500)
    expect(panel_game.page.get_by_text(NOT_ENDED)).to_be_visible()
    confirm_leaving(panel_game)

    assert panel_game.wait_for_outcome() == "left"


def test_end_button_of_an_older_server(play: Any, game_server: GameServer) -> None:
    """Given a confirmed stop without a response, the page offers to leave too."""
    game_server.greeting = [{"UI": ["start", "pause", "stop"]}]
    game = play(clock=True)
    game.button("End the game").click()
    game.page.get_by_role("dialog").get_by_role("button", name="End the game").click()
    game_server.wait_for_key("command")

    game.page.clock.fast_forward(5500)

    expect(game.button(LEAVE)).to_be_visible()


def test_end_that_is_confirmed(panel_game: GamePage, game_server: GameServer) -> None:
    """Given a server that sends done, the game is over, and nothing is offered."""
    press_end(panel_game, game_server)
    game_server.say("done")

    assert panel_game.wait_for_outcome() == "done"
    expect(panel_game.button(LEAVE)).to_be_hidden()


def test_game_that_is_winding_down(panel_game: GamePage, game_server: GameServer) -> None:
    """Given pictures that still change after the end button, leaving is offered once they stop."""
    press_end(panel_game, game_server)
    panel_game.page.clock.fast_forward(4000)
    say_frame(panel_game, game_server, BLUE, 2)
    panel_game.page.clock.fast_forward(4000)
    expect(panel_game.button(LEAVE)).to_be_hidden()

    panel_game.page.clock.fast_forward(1500)

    expect(panel_game.button(LEAVE)).to_be_visible()


def test_game_that_ignores_the_end_button(panel_game: GamePage, game_server: GameServer) -> None:
    """Given pictures that change for half a minute after the end button, leaving is offered all the same."""
    press_end(panel_game, game_server)
    for number in range(2, 10):
        panel_game.page.clock.fast_forward(4000)
        say_frame(panel_game, game_server, BLUE if number % 2 == 0 else RED, number)

    expect(panel_game.button(LEAVE)).to_be_visible()


def test_start_after_the_end(panel_game: GamePage, game_server: GameServer) -> None:
    """Given a participant who starts again after the end button, the offer is withdrawn."""
    press_end(panel_game, game_server)
    panel_game.page.clock.fast_forward(5500)
    expect(panel_game.button(LEAVE)).to_be_visible()

    panel_game.button("Start").click()

    expect(panel_game.button(LEAVE)).to_be_hidden()


def test_picture_that_stands_still(panel_game: GamePage, game_server: GameServer) -> None:
    """Given the same picture for two minutes, the page offers to leave, until the picture changes."""
    panel_game.page.clock.fast_forward(60_000)
    say_frame(panel_game, game_server, RED, 2)
    panel_game.page.clock.fast_forward(58_000)
    expect(panel_game.button(LEAVE)).to_be_hidden()
    panel_game.page.clock.fast_forward(3000)
    expect(panel_game.page.get_by_text(STILL)).to_be_visible()
    expect(panel_game.button(LEAVE)).to_be_visible()

    say_frame(panel_game, game_server, BLUE, 3)

    expect(panel_game.button(LEAVE)).to_be_hidden()
    expect(panel_game.page.get_by_text(STILL)).to_have_count(0)


def test_game_without_any_picture(play: Any, game_server: GameServer) -> None:
    """Given a server that never sends a picture, the participant can leave."""
    game_server.greeting = [PANEL]
    game = play(clock=True)
    game.page.clock.fast_forward(121_000)
    confirm_leaving(game)

    assert game.wait_for_outcome() == "left"


@pytest.mark.parametrize(("seconds", "advance", "visible"), [("10", 11_000, True), ("0", 3_600_000, False)])
def test_patience_is_the_studys(
    play: Any, game_server: GameServer, seconds: str, advance: int, visible: bool
) -> None:
    """Given another number of seconds, or 0 for never, the page follows it."""
    game_server.greeting = [PANEL, show(RED, 1)]
    game = play(clock=True, offerLeavingAfter=seconds)
    game.wait_for_frame(1)
    game.page.clock.fast_forward(advance)

    expect(game.button(LEAVE)).to_be_visible(visible=visible)


def test_invitation_goes_once_frames_move(play: Any, game_server: GameServer) -> None:
    """Given a game that runs without Start, the invitation to press it disappears, and stays away."""
    game_server.greeting = [PANEL, show(RED, 1)]
    game = play()
    game.wait_for_frame(1)
    expect(game.status).to_have_text(READY)
    say_frame(game, game_server, BLUE, 2)
    expect(game.status).to_have_text(READY)

    say_frame(game, game_server, RED, 3)
    game_server.say(PANEL)

    expect(game.status).to_have_text("")


def test_invitation_stays_while_the_picture_is_repeated(play: Any, game_server: GameServer) -> None:
    """Given a server that sends the same picture again and again before Start, the invitation stays."""
    game_server.greeting = [PANEL, *(show(RED, number) for number in range(1, 9))]
    game = play()
    game.wait_for_frame(8)

    expect(game.status).to_have_text(READY)


def test_server_that_says_that_it_waits(play: Any, game_server: GameServer) -> None:
    """Given a server that reports that the game is not running, a moving picture is not a running game."""
    game_server.greeting = [{"UI": ["start", "pause"]}]
    game = play()
    for number in range(1, 6):
        game_server.say({"frame": BLUE if number % 2 else RED, "frameId": number, "playing": False})
        game.wait_for_frame(number)

    expect(game.status).to_have_text(READY)


def test_error_is_not_taken_for_the_invitation(play: Any, game_server: GameServer) -> None:
    """Given an error in the status line, moving pictures leave it there."""
    game_server.greeting = [PANEL]
    game = play()
    game_server.say({"error": "The level is missing."})
    for number in range(1, 6):
        say_frame(game, game_server, BLUE if number % 2 else RED, number)

    expect(game.status).to_have_text("The level is missing.")
