"""Pages as researchers wrote them for the existing front end: at no width harder to read than in a column of
896 px."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import Visitor
from tests.browser.pages import content, settle
from tests.browser.written_pages import PAGES as WRITTEN
from tests.browser.written_pages import serve_media
from tests.support.chromium import ARTEFACTS, DESKTOP, PHONE
from tests.support.study_world import PAGES, StudyWorld

COLUMN = 896
WINDOWS: dict[str, dict[str, Any]] = {
    "phone": PHONE,
    "laptop": {**DESKTOP, "viewport": {"width": 1024, "height": 768}},
    "desktop": {**DESKTOP, "viewport": {"width": 1680, "height": 1000}},
}
# Every picture with the width that its researcher wrote, the width shown, and whether it opens large.
_PICTURES = """content => [...content.querySelectorAll("img")].map(picture => ({
    name: picture.alt,
    shown: picture.offsetWidth,
    written: parseFloat(picture.style.width) || parseFloat(picture.getAttribute("width"))
        || (picture.getAttribute("height") ? picture.offsetWidth : picture.naturalWidth),
    ratio: picture.offsetWidth / picture.offsetHeight,
    opens: picture.classList.contains("hippo-opens"),
}))"""
_SIZE = "element => [element.offsetWidth, element.offsetHeight]"
_SIZES = f"elements => elements.map({_SIZE})"
_DECODE = """content => Promise.all(
    [...content.querySelectorAll("img")].map(picture => picture.decode())
)"""
_BEYOND = """content => {
    const {left, right} = content.getBoundingClientRect();
    const isBeyond = box => box.width && (box.right > right + 6 || box.left < left - 6);
    return [...content.querySelectorAll("*")]
        .filter(element => !element.closest(".hippo-scroller, pre"))
        .filter(element => isBeyond(element.getBoundingClientRect()))
        .map(element => element.outerHTML.slice(0, 80));
}"""

OpenPage = Callable[..., tuple[Page, FrameLocator]]


@pytest.fixture
def open_page(world: StudyWorld, make_visitor: Callable[..., Visitor]) -> OpenPage:
    """Return a function that publishes a page and opens it in a window of this size, pictures included."""

    def open_it(html: str, window: str = "desktop", **options: Any) -> tuple[Page, FrameLocator]:
        world.publish({**PAGES, "consent.html": html, "style.css": ""}, **options)
        visitor = make_visitor(**WINDOWS[window])
        serve_media(visitor.context)
        page = visitor.open()
        frame = content(page)
        frame.get_by_role("heading", level=1).wait_for()
        loaded = (
            "content => Promise.all([...content.querySelectorAll('img')].map(picture => picture.decode()))"
        )
        frame.locator("#content").evaluate(loaded)
        settle(page)
        return page, frame

    return open_it


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", WRITTEN)
def test_no_page_is_harder_to_read_than_in_a_column_of_896(
    open_page: OpenPage, name: str, window: str
) -> None:
    """Given a page with figures, tables, embeds and boxes of fixed widths, all is legible and reachable."""
    page, frame = open_page(WRITTEN[name], window)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}-{window}.png")
    inside = frame.locator("#content")

    width = inside.evaluate("content => content.clientWidth")
    assert width >= min(COLUMN, WINDOWS[window]["viewport"]["width"] - 40)
    assert inside.evaluate(_BEYOND) == []
    for document in (page.locator("html"), frame.locator("html")):
        assert document.evaluate("html => html.scrollWidth <= innerWidth")
    for picture in inside.evaluate(_PICTURES):
        enough = min(picture["written"], COLUMN)
        assert picture["shown"] >= 0.9 * enough or picture["opens"], picture
    for size in inside.evaluate(
        "content => [...content.querySelectorAll('p, li, td, th, label, input')]"
        ".map(element => parseFloat(getComputedStyle(element).fontSize))"
    ):
        assert size >= 16


def test_a_picture_opens_as_wide_as_it_was_written(open_page: OpenPage) -> None:
    """Given a phone, a figure of 1500 px opens at 1500 px by button or tap, scrolls, and closes again."""
    _, frame = open_page(WRITTEN["adviser"], "phone")
    dialog = frame.get_by_role("dialog", name="the adviser's comment")

    frame.get_by_role("button", name="Enlarge: the adviser's comment").click()
    large = dialog.get_by_role("img")
    expect(large).to_be_visible()
    assert large.evaluate(_SIZE) == [1500, 800]
    assert dialog.evaluate("dialog => dialog.scrollWidth > dialog.clientWidth")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)

    frame.get_by_role("img", name="the adviser's comment").click()
    expect(large).to_be_visible()
    large.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_picture_that_is_as_wide_as_written_does_not_open(open_page: OpenPage) -> None:
    """Given a figure that its researcher made smaller than its file, and that fits, nothing is added."""
    _, frame = open_page(WRITTEN["network"])

    assert frame.get_by_role("img").evaluate(_SIZE) == [700, 500]
    expect(frame.get_by_role("button", name="Enlarge")).to_have_count(0)


def test_pictures_that_are_choices_or_links_do_not_open(open_page: OpenPage) -> None:
    """Given wide pictures in a label, a link and a button, a tap does what they are for."""
    picture = '<img src="https://pictures.example/1200x300.svg" alt="{0}">'
    html = "<h1>H</h1>" + "".join(
        f"<{tag}>{picture.format(tag)}</{tag.split()[0]}>"
        for tag in ("label", "a href='#x'", "button type=button")
    )
    _, frame = open_page(html, "phone")

    expect(frame.get_by_role("button", name="Enlarge")).to_have_count(0)


def test_the_offer_goes_with_the_windows_width(open_page: OpenPage) -> None:
    """Given a window that becomes wide enough, pictures are no longer offered to be opened."""
    page, frame = open_page(WRITTEN["network"], "phone")
    expect(frame.get_by_role("button", name="Enlarge")).to_have_count(1)

    page.set_viewport_size({"width": 1000, "height": 700})

    expect(frame.get_by_role("button", name="Enlarge")).to_have_count(0)


@pytest.mark.parametrize(
    ("window", "sizes"),
    [("phone", [[350, 480], [350, 900], [350, 210]]), ("desktop", [[640, 480], [896, 900], [896, 538]])],
)
def test_embeds_have_the_height_that_was_written(
    open_page: OpenPage, window: str, sizes: list[list[int]]
) -> None:
    """Given embedded pages of a fixed height and a film that does not fit, height and ratio are kept."""
    _, frame = open_page(WRITTEN["information"], window)

    assert frame.locator("iframe, video").evaluate_all(_SIZES) == sizes


@pytest.mark.parametrize("window", WINDOWS)
def test_a_height_alone_is_the_pictures_height(open_page: OpenPage, window: str) -> None:
    """Given pictures with a height and no width, they are that high, with their own ratio."""
    _, frame = open_page(WRITTEN["information"], window)

    assert frame.locator("img").evaluate_all(_SIZES) == [[267, 200], [150, 200]]


def test_a_wide_table_scrolls_on_a_phone(open_page: OpenPage) -> None:
    """Given a table that a phone cannot show, it scrolls by itself, and its end comes into view."""
    _, frame = open_page(WRITTEN["attitudes"], "phone")
    box = frame.get_by_role("group", name="Wide table")

    box.focus()
    expect(box).to_be_focused()
    box.evaluate("box => { box.scrollLeft = box.scrollWidth }")

    expect(frame.get_by_role("columnheader", name="Strongly agree")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("window", "least"), [("laptop", 537), ("desktop", 537)])
def test_a_table_of_60_per_cent_is_as_wide_as_in_the_column(
    open_page: OpenPage, window: str, least: int
) -> None:
    """Given a table of 60 %, it has at least 60 % of 896 px, and does not scroll."""
    _, frame = open_page(WRITTEN["attitudes"], window)

    assert frame.get_by_role("table").evaluate("table => table.offsetWidth") >= int(0.6 * COLUMN)
    expect(frame.get_by_role("group", name="Wide table")).to_have_count(0)


def test_a_nested_documents_body_keeps_its_colours(open_page: OpenPage) -> None:
    """Given a page with a document inside, whose body has light text on a dark ground, both are used."""
    _, frame = open_page(WRITTEN["futures"], "phone")

    expect(frame.locator("#content")).to_have_css("background-color", "rgb(22, 50, 79)")
    expect(frame.get_by_text("The circle in the middle")).to_have_css("color", "rgb(255, 255, 255)")
    expect(frame.get_by_role("button", name="Enlarge").first).to_have_css("color", "rgb(29, 39, 51)")


@pytest.mark.parametrize(("window", "expected"), [("phone", 350), ("laptop", 910), ("desktop", 1300)])
def test_a_study_chooses_the_width_of_its_pages(open_page: OpenPage, window: str, expected: int) -> None:
    """Given `width`, pages are that wide where the window has the room, and so is the header."""
    page, frame = open_page("<h1>H</h1>", window, width=1300)

    assert frame.locator("#content").evaluate("content => content.clientWidth") == expected
    header = page.locator(".top").evaluate("header => header.clientWidth")
    assert header == min(WINDOWS[window]["viewport"]["width"], 1300 + 112)


def test_a_study_may_be_narrower(open_page: OpenPage) -> None:
    """Given a small `width`, lines are that short, and pictures that do not fit can be opened."""
    _, frame = open_page(WRITTEN["network"], width=500)

    assert frame.locator("#content").evaluate("content => content.clientWidth") == 500
    expect(frame.get_by_role("button", name="Enlarge")).to_have_count(1)


def test_what_is_added_to_wide_pages_is_accessible(open_page: OpenPage) -> None:
    """Given a picture and a table that do not fit, axe-core finds nothing, also while the picture is open."""
    cells = "".join(f"<td>cell{number}</td>" for number in range(30))
    picture = '<img src="https://pictures.example/1200x300.svg" alt="chart">'
    page, frame = open_page(f"<h1>H</h1>{picture}<table><tr>{cells}</tr></table>", "phone")
    expect(frame.get_by_role("group", name="Wide table")).to_have_count(1)
    assert find_violations(page) == []

    frame.get_by_role("button", name="Enlarge: chart").press("Enter")

    expect(frame.get_by_role("dialog").get_by_role("img")).to_be_visible()
    assert find_violations(page) == []


def test_the_texts_of_wide_pages_are_translated(open_page: OpenPage) -> None:
    """Given a study in French, the button below a picture is French."""
    _, frame = open_page(WRITTEN["network"], "phone", language="fr")

    expect(frame.get_by_role("button", name="Agrandir")).to_be_visible()
