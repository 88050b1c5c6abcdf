"""Helpers for the study page: find a page of the study in its frame, fill it in, wait for the next."""

from playwright.sync_api import FrameLocator, Locator, Page, TimeoutError, expect

_PATIENCE = 8000  # milliseconds
_TWO_FRAMES = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def content(page: Page) -> FrameLocator:
    """Return the researcher's page, in its sandbox."""
    return page.frame_locator("iframe.researcher-page")


def submit_button(page: Page) -> Locator:
    """Return the button below a researcher's page."""
    return content(page).locator("button#submit")


def expect_heading(page: Page, text: str) -> None:
    """Wait until a page of the study with this heading is shown and accepts clicks."""
    expect(content(page).get_by_role("heading", name=text, exact=True)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page of the study accepts clicks.

    The sandbox has its own process. Until that has drawn a frame, clicks go to the page around it.
    """
    page.bring_to_front()
    content(page).locator("body").evaluate(_TWO_FRAMES)
    page.evaluate(_TWO_FRAMES)


def submit(page: Page) -> None:
    """Submit the page."""
    settle(page)
    frame = page.locator("iframe.researcher-page").element_handle()
    try:
        submit_button(page).click(timeout=_PATIENCE)
    except TimeoutError:
        # The process of a frame that a click replaces may never confirm the click.
        if frame.evaluate("frame => frame.isConnected"):
            raise


def end_game(page: Page) -> None:
    """Press the button that ends the game, and confirm it."""
    page.get_by_role("button", name="End the game").click()
    page.get_by_role("dialog").get_by_role("button", name="End the game").click()


def press_until(page: Page, key: str, target: Locator, most: int = 30) -> None:
    """Press a key until this element has the focus.

    A page's button cannot be focused in its first half second, and all these presses may be over before.
    """
    expect(target).to_be_enabled()
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement && document.hasFocus()"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} cannot be reached with {key}")
