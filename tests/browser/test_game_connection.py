"""The game survives its connection: only its end, the study, or the participant ends it."""

import socket

import pytest
from playwright.sync_api import expect

from tests.browser.game_server import GameServer, draw

pytest_plugins = ["tests.browser.game_fixtures"]

LOST = "The connection to the game was lost. Trying again…"
LEAVE = "Continue without the game"


def test_game_continues_after_a_drop(play, game_server):
    """Given a dropped connection, the page says so, reconnects by itself, says hello, and continues."""
    game_server.greeting = [{"UI": ["left", "start", "pause"]}]
    game = play()
    game_server.say({"frame": draw("red"), "frameId": 1, "playing": True})
    game.wait_for_frame(1)
    expect(game.button("Pause")).to_be_visible()
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game_server.start()
    game_server.wait_for_clients(2)
    expect(game.status).to_have_text("")
    game_server.say({"frame": draw("blue"), "frameId": 2, "playing": True})
    game.wait_for_frame(2)

    expect(game.button("Pause")).to_be_visible()
    assert game.pixel() == [0, 0, 255]
    assert game_server.find(lambda message: "userId" in message)[1]["frameCount"] == 1
    assert not game.is_over


def test_loss_is_announced_once(play, game_server):
    """Given several attempts that fail, the live region is written once, not at each of them."""
    game = play()
    game.page.evaluate(
        """() => {
            document.told = [];
            const line = document.querySelector(".game-status");
            new MutationObserver(() => document.told.push(line.textContent)).observe(line, {childList: true});
        }"""
    )
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game.wait_until(lambda: game.asked >= 2)

    assert game.page.evaluate("document.told") == [LOST]


def test_reloaded_page_knows_that_the_game_is_running(play, game_server):
    """Given a running game, a page that opens, or a second tab, learns it from the frames."""
    game_server.greeting = [{"UI": ["start", "pause"]}, {"frame": draw("red"), "frameId": 8, "playing": True}]
    game = play()
    game.wait_for_frame(8)
    expect(game.button("Pause")).to_be_visible()
    game_server.say({"frame": draw("blue"), "frameId": 9, "playing": False})
    game.wait_for_frame(9)

    expect(game.button("Start")).to_be_visible()


def test_frames_older_than_a_click_do_not_undo_it(play, game_server):
    """Given a frame that was drawn before the server received a click, the button stays as the click left
    it."""
    game_server.greeting = [
        {"UI": ["start", "pause"]},
        {"frame": draw("red"), "frameId": 8, "playing": False},
    ]
    game = play()
    game.wait_for_frame(8)
    game.page.evaluate("performance.now = (now => () => now)(performance.now())")
    game.button("Start").click()
    game_server.say({"frame": draw("blue"), "frameId": 9, "playing": False})
    game.wait_for_frame(9)

    expect(game.button("Pause")).to_be_visible()


def test_network_that_comes_back_is_used_at_once(play, game_server):
    """Given a wait before the next attempt, the browser's online event ends it."""
    game = play(clock=True)
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    # While the clock is stopped, only the event can end the wait.
    game.page.clock.pause_at(game.page.evaluate("Date.now() + 1"))
    game.wait_until_disconnected()
    game_server.start()
    game.page.wait_for_timeout(300)
    assert len(game_server.find(lambda message: "userId" in message)) == 1
    game.page.evaluate("window.dispatchEvent(new Event('online'))")

    game_server.wait_for_clients(2)


def test_silent_socket_is_given_up_after_an_interruption(play, game_server):
    """Given frames that stop with the network and do not resume with it, the page reconnects."""
    game = play(clock=True)
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)
    game.page.evaluate("window.dispatchEvent(new Event('offline'))")
    game.page.evaluate("window.dispatchEvent(new Event('online'))")
    game.page.clock.fast_forward(6000)

    game_server.wait_for_clients(2)


def test_quiet_server_is_left_alone_after_an_interruption(play, game_server):
    """Given a server that has been silent for a while, its silence after an interruption means nothing."""
    game = play(clock=True)
    game.page.clock.fast_forward(20_000)
    game.page.evaluate("window.dispatchEvent(new Event('offline'))")
    game.page.evaluate("window.dispatchEvent(new Event('online'))")
    game.page.clock.fast_forward(6000)
    game_server.say({"frame": draw("red"), "frameId": 1})
    game.wait_for_frame(1)

    assert len(game_server.find(lambda message: "userId" in message)) == 1


def leave(game):
    """Continue without the game, and confirm it."""
    game.button(LEAVE).first.click()
    game.page.get_by_role("dialog").get_by_role("button", name=LEAVE).click()


def test_leaving_is_not_offered_without_a_network(play, game_server):
    """Given an offline browser, leaving is offered only once it is back and the server is still
    unreachable."""
    game = play(clock=True)
    game.page.clock.fast_forward(6000)
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game.page.context.set_offline(True)
    game.page.clock.fast_forward(40_000)
    expect(game.button(LEAVE)).to_be_hidden()

    game.page.context.set_offline(False)
    game.page.clock.fast_forward(40_000)

    expect(game.button(LEAVE)).to_be_visible()


def test_participant_can_leave_a_dead_server(play, game_server):
    """Given half a minute without a connection, and not before, a button asks and continues without the
    game."""
    game = play(clock=True)
    game.page.clock.fast_forward(6000)
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game.page.clock.fast_forward(20_000)
    expect(game.button(LEAVE)).to_be_hidden()
    game.page.clock.fast_forward(11_000)
    game.button(LEAVE).click()
    game.page.keyboard.press("Escape")
    assert not game.is_over
    leave(game)

    assert game.wait_for_outcome() == "left"


def test_way_out_goes_when_the_connection_comes_back(play, game_server):
    """Given the offer to leave, it disappears once there is a connection again."""
    game = play(clock=True)
    game.page.clock.fast_forward(6000)
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game.page.clock.fast_forward(31_000)
    expect(game.button(LEAVE)).to_be_visible()
    game_server.start()
    game.page.evaluate("window.dispatchEvent(new Event('online'))")
    game_server.wait_for_clients(2)

    expect(game.button(LEAVE)).to_be_hidden()


def test_server_that_never_answers_is_left_too(play, game_server):
    """Given a server that was never reached, the page keeps trying, says so, and offers to leave."""
    game_server.stop()
    game = play(connected=False, clock=True)
    expect(game.status).to_have_text("Connecting to the game…")
    game.page.clock.fast_forward(31_000)
    leave(game)

    assert game.wait_for_outcome() == "left"


def test_server_that_does_not_shake_hands_is_given_up(play, game_server):
    """Given a server that accepts a connection and sends nothing, the page tries again after 10 s."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        game = play(connected=False, clock=True, play=f"ws://127.0.0.1:{listener.getsockname()[1]}")
        first, _ = listener.accept()
        game.page.clock.fast_forward(9000)
        assert game.asked == 0
        for _ in range(3):
            game.page.clock.fast_forward(2000)
            game.page.wait_for_timeout(50)
        second, _ = listener.accept()
        first.close()
        second.close()


@pytest.mark.parametrize("last", ["done", {"done": True}], ids=["text", "object"])
def test_done_ends_the_game(play, game_server, last):
    """Given the message that the game is done, in either vocabulary, it is over and nothing reconnects."""
    game = play()
    game_server.say(last)

    assert game.wait_for_outcome() == "done"
    expect(game.status).to_have_text("The game is over.")
    game.wait_until(lambda: not game_server.connections)


def test_what_the_study_says_ends_the_game(play, game_server):
    """Given a failed server, the study is asked from the second attempt on, and its response ends the
    game."""
    game = play()
    game.answer(None, {"page": "<h1>Next</h1>", "step": 4})
    game_server.stop()

    assert game.wait_for_outcome() == {"page": "<h1>Next</h1>", "step": 4}
    assert game.asked == 2


def test_study_is_not_asked_about_a_short_drop(play, game_server):
    """Given a drop after which the first attempt succeeds, the study is not asked."""
    game = play(clock=True)
    game.page.clock.fast_forward(6000)
    game_server.drop()
    game_server.wait_for_clients(2)

    assert game.asked == 0


def test_study_may_name_another_server(play, game_server):
    """Given a server that was replaced by another, the game continues with the new one."""
    game = play()
    other = GameServer()
    try:
        game.answer(other.url)
        game_server.stop()
        other.wait_for_clients()
        other.say({"frame": draw("blue"), "frameId": 3})
        game.wait_for_frame(3)
    finally:
        other.stop()

    assert not game.is_over


def test_study_that_does_not_answer_holds_nothing_up(play, game_server):
    """Given a study that is unreachable too, the page keeps trying the server, with one request to the
    study at a time."""
    game = play(clock=True)
    game.page.evaluate("document.test.answers = {shift: () => new Promise(() => {})}")
    game_server.stop()
    game.wait_until(lambda: game.asked >= 1)
    for _ in range(4):
        game.page.clock.fast_forward(15_000)
        game.page.wait_for_timeout(100)
    assert game.asked == 1
    game_server.start()
    game.page.clock.fast_forward(15_000)

    game_server.wait_for_clients(2)


def test_late_answer_of_the_study_counts(play, game_server):
    """Given a study that responds very late, its response still ends the game."""
    game = play(clock=True)
    game.page.evaluate(
        "document.test.answers = {shift: () => new Promise(resolve => setTimeout(resolve, 8000, {step: 4}))}"
    )
    game_server.stop()
    game.wait_until(lambda: game.asked >= 1)
    for _ in range(4):
        game.page.clock.fast_forward(5000)
        game.page.wait_for_timeout(100)

    assert game.wait_for_outcome() == {"step": 4}
    assert game.asked == 1


def test_server_that_drops_everybody_is_asked_about(play, game_server):
    """Given a server that drops every connection at once, the study is asked as if there were no server."""
    game = play()
    game.wait_until(lambda: game_server.drop() or game.asked >= 1)

    assert len(game_server.find(lambda message: "userId" in message)) >= 2


def test_game_without_a_study_is_given_up_after_a_minute(play, game_server):
    """Given a link that names the server itself, a minute without a connection ends the game."""
    game = play(clock=True, alone="1")
    game.page.clock.fast_forward(6000)
    game_server.stop()
    expect(game.status).to_have_text(LOST)
    game.page.clock.fast_forward(30_000)
    assert not game.is_over
    for _ in range(5):
        game.page.clock.fast_forward(15_000)
        game.page.wait_for_timeout(50)

    assert game.wait_for_outcome() == "lost"


def test_invalid_address_does_not_crash(play, game_server):
    """Given an address that is not a game server's, the page keeps asking the study."""
    game = play(connected=False, play="nonsense:")
    game.answer({"page": "wait"})

    assert game.wait_for_outcome() == {"page": "wait"}
