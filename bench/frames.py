"""The number of a game's frames that the study page draws, and how late, in headless Chromium.

A game server on this machine sends pictures of the example's scene with noise, because the scene alone makes
smaller JPEGs than most games. A frame counts as drawn when the page has put it on its canvas.
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
    """Frames sent at a rate; for each drawn frame, when it was sent and how late it was, in seconds."""

    rate: float
    sent: int
    seconds: float
    drawn: Sequence[tuple[float, float]]

    @property
    def lateness(self) -> list[float]:
        """The lateness of each drawn frame."""
        return [late for _, late in self.drawn]

    @property
    def lateness_at_the_end(self) -> list[float]:
        """The lateness of the frames of the last second, which is larger only if the page falls behind."""
        last = max(sent for sent, _ in self.drawn)
        return [late for sent, late in self.drawn if sent > last - 1]


def measure_frames(rates: Iterable[float], seconds: float) -> list[Drawing]:
    """Measure each of these rates for `seconds`, then a burst as fast as the connection allows (rate 0)."""
    with _open_game() as (server, game):
        pictures = list(make_pictures())
        _await_first_frame(server, game, pictures[0])
        drawings = [_measure(server, game, pictures, rate, round(rate * seconds)) for rate in rates]
        return [*drawings, _measure(server, game, pictures, 0, BURST)]


def make_pictures() -> Iterator[str]:
    """Yield the frames of a ride, encoded as they are sent."""
    if str(_EXAMPLE) not in sys.path:
        sys.path.append(str(_EXAMPLE))
    from scene import MountainCarScene  # type: ignore[import-not-found]  # the example is not a package

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
    """Wait for the canvas, which comes with the first frame, and then for the worker."""
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
    """Return the seconds that the page's clock is ahead of this one, by the quickest of many samples."""
    samples: list[tuple[float, float]] = []
    for _ in range(50):
        before = time.time()
        page_time = game.page.evaluate("(performance.timeOrigin + performance.now()) / 1000")
        after = time.time()
        samples.append((after - before, page_time - (before + after) / 2))
    return min(samples)[1]


def format_frames_table(drawings: Iterable[Drawing]) -> str:
    """Return a table with a row for each rate."""
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
