"""The benchmark of the first page measures what it claims; no time is asserted, because machines differ."""

from bench.first_page import LATENCY, FirstPage, format_first_page_table, measure_first_pages
from tests.support.paths import ROOT


def test_the_first_page_is_opened_on_a_slow_line() -> None:
    """Given one run, it takes at least the three round trips of document, modules and API, each file is
    compressed, and no file of the game is loaded."""
    (page,) = measure_first_pages(1, ROOT)

    assert page.seconds > 3 * LATENCY / 1000
    assert page.game_files == []
    sizes = {url.rpartition("/")[2]: size for url, size in page.responses}
    assert sizes["texts.js"] < (ROOT / "web" / "texts.js").stat().st_size / 2
    assert page.bytes < 60_000
    assert len(page.responses) <= 20


def test_table_compares_with_what_was_before() -> None:
    """Given two measurements, each is a row of medians, and the last row has the ratios."""
    before = [FirstPage(5.5, [("/game/game.js", 900), ("/main.js", 100)])]
    now = [FirstPage(seconds, [("/main.js", 100)]) for seconds in (2.1, 2.2, 9.0)]

    table = format_first_page_table(before, now)

    assert "| before | 5.50 | 2 | 1000 | 1 |" in table
    assert "| now | 2.20 | 1 | 100 | 0 |" in table
    assert "| ratio | 0.40 | 0.50 | 0.10 | 0 |" in table
    assert "before" not in format_first_page_table([], now)
