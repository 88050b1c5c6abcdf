"""The time until a participant sees the first page on a slow line, in headless Chromium, and what it loads.

The site is served as by the local platform, the API is `next_step` over AWS in memory. Chromium delays and
slows down everything but what the sandboxed frame itself loads, which is in a separate process.
"""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bench.tables import format_table
from bench.worlds import QUIET, open_study_world
from hippo_local.ports import get_port, open_listener
from hippo_local.web_server import WebServer
from tests.browser.pages import content
from tests.browser.site import open_front_door
from tests.support.chromium import DESKTOP, open_chromium
from tests.support.in_memory import load_event

BYTES_PER_SECOND, LATENCY = 50_000, 400  # the latter in milliseconds
GAME_FOLDER = "/game/"
# The tab is named as soon as the frame reports that the page is shown.
_NOTE_SHOWN = """new MutationObserver(() => {
    if (document.title.includes(" · ")) document.shownAt ??= performance.now();
}).observe(document, {subtree: true, childList: true, characterData: true});"""


@dataclass(frozen=True, slots=True)
class FirstPage:
    """Seconds until the first page was shown; the requests as URL and bytes of the response."""

    seconds: float
    responses: Sequence[tuple[str, int]]

    @property
    def bytes(self) -> int:
        """The size of all responses, headers included."""
        return sum(size for _, size in self.responses)

    @property
    def game_files(self) -> list[str]:
        """The URLs of files that only a game needs."""
        return [url for url, _ in self.responses if GAME_FOLDER in url]


def measure_first_pages(runs: int, tree: Path) -> list[FirstPage]:
    """Open the example's first page this often, each time in a new profile, with the web/ of `tree`."""
    with open_chromium() as browser, _open_study(tree) as address:
        return [_measure(browser, address) for _ in range(runs)]


@contextmanager
def _open_study(tree: Path) -> Iterator[str]:
    with (
        open_study_world() as world,
        open_front_door(world, load_event) as door,
        open_listener(0, "page", "-") as listener,
    ):
        port = get_port(listener)
        config = {"nextUrl": door.url, "pagesUrl": f"http://127.0.0.1:{port}/"}
        with WebServer(listener, tree / "web", config):
            yield f"http://localhost:{port}/?projectId={QUIET}"


def _measure(browser: Browser, address: str) -> FirstPage:
    with browser.new_context(**DESKTOP) as context:
        page = context.new_page()
        requests: list[Any] = []
        page.on("requestfinished", lambda request: requests.append(request))
        page.add_init_script(_NOTE_SHOWN)
        line = {
            "offline": False,
            "latency": LATENCY,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        }
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
        page.goto(address, wait_until="commit")
        content(page).get_by_role("heading").first.wait_for()
        milliseconds = page.evaluate("document.shownAt")
        sizes = [(request.url, request.sizes()) for request in requests]
    received = [(url, size["responseHeadersSize"] + size["responseBodySize"]) for url, size in sizes]
    return FirstPage(milliseconds / 1000, received)


def format_first_page_table(before: Sequence[FirstPage], now: Iterable[FirstPage]) -> str:
    """Return a table with a row for each of both, and their ratio; without a measurement before, one row."""
    rows = [_summarise(pages) for pages in (before, list(now)) if pages]
    if len(rows) == 2:
        rows.append([new / old for old, new in zip(*rows, strict=True)])
    names = ["before", "now", "ratio"] if len(rows) == 3 else ["now"]
    headers = ["first page", "seconds", "requests", "bytes", "files of the game"]
    return format_table(headers, [[name, *map(_format, row)] for name, row in zip(names, rows, strict=True)])


def _summarise(pages: Sequence[FirstPage]) -> list[float]:
    values = [(page.seconds, len(page.responses), page.bytes, len(page.game_files)) for page in pages]
    return [statistics.median(column) for column in zip(*values, strict=True)]


def _format(number: float) -> str:
    return f"{number:.2f}" if number % 1 else f"{number:.0f}"
