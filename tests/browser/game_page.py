"""The game on the real study page, with a stub of the study around it, whose responses a test sets."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.browser.site import open_site
from tests.support.chromium import DESKTOP

USER, PROJECT = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c", "mountain_car"

# Replaces main.js: plays, and notes how the game ends. `answers` holds the study's next responses.
STUDY = """
import { loadGame } from "./game_loading.js";
import { getMain } from "./views.js";
import { setLanguage } from "./texts.js";

const query = new URLSearchParams(location.search);
document.documentElement.lang = setLanguage(query.get("language") ?? "en");
const test = { answers: [], asked: 0, received: 0, sockets: [], outcome: null };
Object.defineProperty(document, "test", { value: test });
window.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    test.sockets.push(this);
    this.addEventListener("message", () => { test.received += 1; });
  }
};
const participant = { projectId: query.get("projectId"), userId: query.get("userId") };
const still = query.get("offerLeavingAfter");
const offerLeavingAfter = still === null ? undefined : Number(still);
const Game = await loadGame();
const game = new Game({ participant, debug: query.has("debug"), main: getMain(), offerLeavingAfter });
const ask = async () => {
  test.asked += 1;
  return test.answers.shift() ?? null;
};
test.outcome = await game.play(query.get("play"), query.has("alone") ? undefined : ask);
test.isOver = true;
game.close();
"""


class GamePage:
    """The page on which a game is played."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def status(self) -> Locator:
        """The line with the state of the game."""
        return self.page.locator(".game-status")

    @property
    def canvas(self) -> Locator:
        """The picture, if there is only one."""
        return self.page.locator("canvas.frame")

    def button(self, name: str) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def answer(self, *answers: Any) -> None:
        """Set the study's next responses; null from then on."""
        self.page.evaluate("answers => document.test.answers.push(...answers)", list(answers))

    @property
    def asked(self) -> int:
        """Return how often the study was asked."""
        asked: int = self.page.evaluate("document.test.asked")
        return asked

    def wait_for_outcome(self) -> Any:
        """Return how the game ended."""
        self.wait_until(lambda: self.is_over)
        return self.page.evaluate("document.test.outcome")

    @property
    def is_over(self) -> bool:
        """Return whether the game has ended."""
        return bool(self.page.evaluate("Boolean(document.test.isOver)"))

    def pixel(self, x: int = 5, y: int = 5, canvas: Locator | None = None) -> list[int]:
        """Return red, green and blue at a position of the picture."""
        script = "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)"
        rgb: list[int] = (canvas or self.canvas).evaluate(script, [x, y])
        return rgb

    def wait_for_frame(self, frame_id: int | str, canvas: Locator | None = None) -> None:
        """Wait until this frame is drawn."""
        place = canvas or self.canvas
        place.wait_for(state="attached")
        self.wait_until(lambda: place.get_attribute("data-frame-id") == str(frame_id))

    def wait_until_disconnected(self) -> None:
        """Wait until no socket is open, nor being opened."""
        script = "document.test.sockets.every(socket => socket.readyState === WebSocket.CLOSED)"
        self.wait_until(lambda: bool(self.page.evaluate(script)))

    def wait_for_messages(self, number: int) -> None:
        """Wait until so many messages have arrived from servers."""
        self.wait_until(lambda: self.page.evaluate("document.test?.received ?? 0") >= number)

    def wait_until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Poll until a condition holds; the page's events are processed meanwhile."""
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "it did not become so in time"
            self.page.wait_for_timeout(20)


@contextmanager
def open_game_site() -> Iterator[str]:
    """Yield the address of the site with the study page."""
    with open_site({}) as port:
        yield f"http://localhost:{port}"


def open_game(
    context: Any, site: str, server_url: str, *, clock: bool = False, without_worker: str = "", **query: str
) -> GamePage:
    """Open the game in a new tab, played on this server; with `clock` the test may advance the page's clock.

    `without_worker`: the worker is "missing" from the site, or "impossible" in this browser.
    """
    page = context.new_page()
    page.set_default_timeout(10_000)
    if clock:
        page.clock.install()
    if without_worker == "impossible":
        page.add_init_script("delete window.Worker")
    elif without_worker:
        context.route("**/game/decoder.js", lambda route: route.fulfill(status=404))
    page.route(
        "**/main.js", lambda route: route.fulfill(body=STUDY, content_type="text/javascript; charset=utf-8")
    )
    words = {"projectId": PROJECT, "userId": USER, "play": server_url, **query}
    page.goto(f"{site}/?" + "&".join(f"{name}={value}" for name, value in words.items()))
    return GamePage(page)


def new_context(browser: Browser, **options: Any) -> Any:
    """Create a participant's browser, for a desktop unless the options say otherwise."""
    return browser.new_context(**{**DESKTOP, **options})
