"""The game in Firefox and WebKit: keys reach the server, and its frames are drawn."""

from collections.abc import Iterator

import pytest

from tests.browser.game_page import PROJECT, USER
from tests.browser.game_server import GameServer, draw, open_game_server
from tests.browser.site import open_site
from tests.support.study_window import StudyWindow
from tests.support.windows import wait_for

STEERING = {"UI": ["left", "right", "start", "pause"]}
PIXEL = """
const canvas = document.querySelector("canvas.frame");
if (canvas?.dataset.frameId !== values[0]) return null;
return [...canvas.getContext("2d").getImageData(5, 5, 1, 1).data].slice(0, 3);
"""


@pytest.fixture
def game_server() -> Iterator[GameServer]:
    """Yield a game server that a test scripts."""
    with open_game_server() as server:
        server.greeting = [STEERING]
        yield server


@pytest.fixture
def game(visit: StudyWindow, game_server: GameServer) -> Iterator[StudyWindow]:
    """Open the page with a game on this server, and wait for the connection."""
    with open_site({}) as port:
        words = f"projectId={PROJECT}&userId={USER}&server={game_server.url}"
        visit.window.open(f"http://localhost:{port}/?{words}")
        game_server.wait_for_clients()
        visit.wait_for("[data-value=start]")
        yield visit
        visit.window.open("about:blank")


def read_actions(server: GameServer) -> list[tuple[str, str]]:
    """Return the actions that arrived so far, with their causes."""
    return [
        (found["actionType"], found["action"]) for found in server.find(lambda message: "action" in message)
    ]


def test_frames_are_drawn(game: StudyWindow, game_server: GameServer) -> None:
    """Given pictures of both kinds that servers send, each is drawn."""
    for number, (colour, kind, rgb) in enumerate(
        (("red", "PNG", [255, 0, 0]), ("blue", "PNG", [0, 0, 255]), ("white", "JPEG", [255, 255, 255]))
    ):
        game_server.say({"frame": draw(colour, kind=kind), "frameId": number})

        assert wait_for(f"the {colour} frame", lambda n=number: game.window.evaluate(PIXEL, str(n))) == rgb


def test_keys_are_sent_while_they_are_held(game: StudyWindow, game_server: GameServer) -> None:
    """Given an arrow key that is held and released, the server gets the direction once, and then its end."""
    game.click("[data-value=start]")
    game_server.wait_for_key("command")
    game_server.say({"frame": draw("red"), "frameId": 1, "playing": True})
    wait_for("the frame", lambda: game.window.evaluate(PIXEL, "1"))

    game.window.hold("ArrowLeft", until=lambda: bool(read_actions(game_server)))

    game_server.wait_for(lambda message: message.get("action") == "noop")
    assert read_actions(game_server) == [("leftArrow", "left"), ("leftArrow", "noop")]
    assert game_server.values("command") == ["start"]


def test_start_and_pause_by_keyboard(game: StudyWindow, game_server: GameServer) -> None:
    """Given the focus on Start, Enter starts the game and a second one pauses it."""
    game.reach("[data-value=start]")
    game.window.press("Enter")
    wait_for("the pause button", lambda: game.has_focus("[data-value=pause]"))
    game.window.press("Enter")
    wait_for("the start button", lambda: game.has_focus("[data-value=start]"))

    game_server.wait_for_key("command", 2)
    assert game_server.values("command") == ["start", "pause"]


def test_a_lost_connection_is_opened_again(game: StudyWindow, game_server: GameServer) -> None:
    """Given a dropped connection, the page says so, and the game continues by itself."""
    game_server.stop()
    lost = "The connection to the game was lost. Trying again…"
    wait_for("the loss to be reported", lambda: game.read(".game-status") == lost)

    game_server.start()

    game_server.wait_for_clients(2)
    game_server.say({"frame": draw("blue"), "frameId": 2})
    assert wait_for("the frame", lambda: game.window.evaluate(PIXEL, "2")) == [0, 0, 255]
