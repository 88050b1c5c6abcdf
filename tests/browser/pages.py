"""What tests do with the study page: find a page of the study in its frame, fill it in, wait for what
follows."""

from playwright.sync_api import FrameLocator, Locator, Page, expect

_TWO_FRAMES = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def content(page: Page) -> FrameLocator:
    """The researcher's page, in its sandbox."""
    return page.frame_locator("iframe.researcher-page")


def submit_button(page: Page) -> Locator:
    """The button below a researcher's page."""
    return content(page).locator("button#submit")


def expect_heading(page: Page, text: str) -> None:
    """A page of the study with this heading is on show, and takes clicks."""
    heading = content(page).get_by_role("heading", name=text, exact=True)
    expect(heading).to_be_visible()
    page.bring_to_front()
    # The sandbox has a process of its own: until that has drawn a frame, Chromium gives clicks to the page
    # around it.
    heading.evaluate(_TWO_FRAMES)
    page.evaluate(_TWO_FRAMES)


def submit(page: Page) -> None:
    """Hand the page in."""
    submit_button(page).click()


def press_until(page: Page, key: str, target: Locator, most: int = 30) -> None:
    """Press a key until this element has the focus."""
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement && document.hasFocus()"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} cannot be reached with {key}")
