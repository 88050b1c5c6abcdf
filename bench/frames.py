"""How many frames of a game the study page draws, and how late, in headless Chromium.

A game server on this machine sends pictures of the example's scene, with noise: the scene alone makes smaller
JPEGs than most games. A frame is drawn when the page has put it on its canvas.
"""

import base64
import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.tables import format_table, milliseconds, percentile
from tests.browser.game_page import GamePage, new_context, open_game, open_game_site
from tests.browser.game_server import GameServer, open_game_server
from tests.support.chromium import open_chromium

SIZE = (600, 400)
BURST = 300
_EXAMPLE = Path(__file__).parents[1] / "examples" / "mountain_car" / "App"
_PICTURES = 60
_NOISE, _SHARE_OF_NOISE, _QUALITY = 40, 0.12, 80
_SETTLE_SECONDS = 1.0
_NOTE_DRAWS = """canvas => {
    document.draws = [];
    document.observer?.disconnect();
    document.observer = new MutationObserver(() => {
        const time = performance.timeOrigin + performance.now();
        document.draws.push([Number(canvas.dataset.frameId), time / 1000]);
    });
    document.observer.observe(canvas, {attributes: true, attributeFilter: ["data-frame-id"]});
}"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Frames sent at a rate; for each that was drawn, when it was sent and how late it was, in seconds."""

    rate: float
    sent: int
    seconds: float
    drawn: Sequence[tuple[float, float]]

    @property
    def lateness(self) -> list[float]:
        """How late each drawn frame was."""
        return [late for _, late in self.drawn]

    @property
    def lateness_at_the_end(self) -> list[float]:
        """The same for the frames of the last second: larger only where the page falls behind."""
        last = max(sent for sent, _ in self.drawn)
        return [late for sent, late in self.drawn if sent > last - 1]


def measure_frames(rates: Iterable[float], seconds: float) -> list[Drawing]:
    """Frames at each of these rates, for so long, and a burst, as fast as the line takes them (rate 0)."""
    with _open_game() as (server, game):
        pictures = list(make_pictures())
        _await_first_frame(server, game, pictures[0])
        drawings = [_measure(server, game, pictures, rate, round(rate * seconds)) for rate in rates]
        return [*drawings, _measure(server, game, pictures, 0, BURST)]


def make_pictures() -> Iterator[str]:
    """Frames of a ride, as they are sent."""
    if str(_EXAMPLE) not in sys.path:
        sys.path.append(str(_EXAMPLE))
    from scene import MountainCarScene  # type: ignore[import-not-found]  # the example is no package

    scene = MountainCarScene()
    noise = Image.effect_noise(SIZE, _NOISE).convert("RGB")
    for number in range(_PICTURES):
        picture = Image.blend(scene.draw(-1.1 + 1.6 * number / _PICTURES), noise, _SHARE_OF_NOISE)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=_QUALITY)
        yield base64.b64encode(buffer.getvalue()).decode("ascii")


@contextmanager
def _open_game() -> Iterator[tuple[GameServer, GamePage]]:
    with open_game_server() as server, open_game_site() as site, open_chromium() as browser:
        game = open_game(new_context(browser), site, server.url)
        server.wait_for_clients()
        yield server, game


def _await_first_frame(server: GameServer, game: GamePage, picture: str) -> None:
    """The canvas is there with the first frame, and the worker a moment later."""
    server.say({"frame": picture, "frameId": "first"})
    game.wait_for_frame("first")
    game.page.wait_for_timeout(1000 * _SETTLE_SECONDS)


def _measure(
    server: GameServer, game: GamePage, pictures: Sequence[str], rate: float, number: int
) -> Drawing:
    game.canvas.evaluate(_NOTE_DRAWS)
    ahead = _measure_clock(game)
    sent_at: list[float] = []
    began = time.perf_counter()
    for frame_id in range(number):
        if rate:
            time.sleep(max(0.0, began + frame_id / rate - time.perf_counter()))
        text = f'{{"frame": "{pictures[frame_id % len(pictures)]}", "frameId": {frame_id}}}'
        sent_at.append(time.time())
        server.say(text)
    seconds = time.perf_counter() - began
    game.wait_for_frame(number - 1)
    draws: list[tuple[int, float]] = game.page.evaluate("document.draws")
    drawn = [(sent_at[frame_id] - sent_at[0], drawn - ahead - sent_at[frame_id]) for frame_id, drawn in draws]
    return Drawing(rate, number, seconds, drawn)


def _measure_clock(game: GamePage) -> float:
    """How far the page's clock is ahead of this process's, in seconds, from the quickest of many looks."""
    looks: list[tuple[float, float]] = []
    for _ in range(50):
        before = time.time()
        there = game.page.evaluate("(performance.timeOrigin + performance.now()) / 1000")
        after = time.time()
        looks.append((after - before, there - (before + after) / 2))
    return min(looks)[1]


def format_frames_table(drawings: Iterable[Drawing]) -> str:
    """One row for each rate."""
    rows = []
    for drawing in drawings:
        late = drawing.lateness
        figures: list[object] = [drawing.sent, len(drawing.drawn)]
        figures.append(f"{len(drawing.drawn) / drawing.seconds:.1f}" if drawing.rate else "-")
        figures += [milliseconds(late), f"{1000 * percentile(late, 95):.1f}"]
        figures.append(milliseconds(drawing.lateness_at_the_end))
        name = f"{drawing.rate:g} a second" if drawing.rate else f"at once (in {drawing.seconds:.2f} s)"
        rows.append([name, *figures])
    headers = ["frames", "sent", "drawn", "drawn a second", "late: median, ms", "p95, ms", "last second, ms"]
    return format_table(headers, rows)
