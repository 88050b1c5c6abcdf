"""Frames are drawn off the main thread: always the latest, and never a broken one."""

import pytest

from tests.browser.game_server import draw

pytest_plugins = ["tests.browser.game_fixtures"]

BURST = 120


def count_draws(game):
    """Count from now on how often the canvas shows another frame."""
    game.canvas.evaluate(
        """canvas => {
            document.draws = 0;
            new MutationObserver(() => { document.draws += 1; })
                .observe(canvas, {attributes: true, attributeFilter: ["data-frame-id"]});
        }"""
    )


def test_last_frame_of_a_burst_is_what_is_shown(play, game_server):
    """Given many frames at once, the last one is shown in the end, and not every one on the way."""
    game = play()
    game_server.say({"frame": draw("green"), "frameId": "first"})
    game.wait_for_frame("first")
    count_draws(game)
    large = draw("red", (1200, 800))
    game_server.say(*({"frame": large, "frameId": number} for number in range(BURST)))
    game_server.say({"frame": draw("blue"), "frameId": "last"})
    game.wait_for_frame("last")

    assert game.pixel() == [0, 0, 255]
    assert 1 <= game.page.evaluate("document.draws") < BURST
    game_server.wait_for_clients()


def test_frames_are_drawn_when_the_browser_paints(play, game_server):
    """Given a browser that does not paint, as in a hidden tab, nothing is drawn; then the latest is."""
    game = play()
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)
    game.page.evaluate(
        """() => {
            document.asked = [];
            window.requestAnimationFrame = (react) => document.asked.push(react);
        }"""
    )
    game_server.say(*({"frame": draw(colour), "frameId": colour} for colour in ("green", "blue")))
    game.page.wait_for_timeout(500)
    assert game.pixel() == [255, 0, 0]
    assert game.page.evaluate("document.asked.length") == 1
    game.page.evaluate("document.asked.pop()()")

    assert game.pixel() == [0, 0, 255]


def test_every_frame_is_counted_though_not_every_one_is_drawn(play, game_server):
    """Given a burst, the next message holds the number of frames, and the id of the last one."""
    game_server.greeting = [{"UI": ["start"]}]
    game = play()
    picture = draw("red")
    game_server.say(*({"frame": picture, "frameId": 100 + number} for number in range(BURST)))
    game.wait_for_frame(99 + BURST)
    game.button("Start").click()

    message = game_server.wait_for(lambda message: "command" in message)
    assert (message["frameCount"], message["frameId"]) == (BURST, 99 + BURST)


@pytest.mark.parametrize("broken", ["%%%", "AAAA", "R0lGODlh"], ids=["no base64", "no picture", "cut off"])
def test_broken_picture_is_skipped(play, game_server, broken):
    """Given a picture that cannot be decoded, the one before stays, and the one after it is drawn."""
    game = play()
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)
    game_server.say({"frame": broken, "frameId": 2})
    game.page.wait_for_timeout(200)
    assert game.pixel() == [255, 0, 0]
    game_server.say({"frame": draw("blue"), "frameId": 3})
    game.wait_for_frame(3)

    assert game.pixel() == [0, 0, 255]


def test_pictures_are_decoded_by_a_worker(play, game_server):
    """Given a browser with workers, a picture is decoded in the worker and not on the page."""
    game = play()
    game.wait_until(lambda: len(game.page.workers) == 1)
    game.page.wait_for_timeout(300)
    game.page.evaluate(
        """() => {
            document.decoded = 0;
            const decode = window.createImageBitmap;
            window.createImageBitmap = (...given) => { document.decoded += 1; return decode(...given); };
        }"""
    )
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)

    assert game.page.workers[0].url.endswith("/game/decoder.js")
    assert game.page.evaluate("document.decoded") == 0


@pytest.mark.parametrize("fault", ["missing", "impossible"])
def test_without_a_worker_the_page_decodes(play, game_server, fault):
    """Given a browser in which the worker does not start, pictures are still drawn."""
    game = play(without_worker=fault)
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)

    assert game.pixel() == [255, 0, 0]
    assert game.page.workers == []


def test_worker_ends_with_the_game(play, game_server):
    """Given a game that is over, its worker is terminated."""
    game = play()
    game.wait_until(lambda: len(game.page.workers) == 1)
    game_server.say("done")
    game.wait_for_outcome()

    game.wait_until(lambda: game.page.workers == [])
