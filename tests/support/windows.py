"""A participant's browser window, for tests that run in several engines.

Playwright drives Firefox, and selenium drives WebKitGTK. A window has few methods: what a person's hands do,
and one that evaluates a script. Everything else is built on them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from playwright.sync_api import Browser, Error, Frame, Page
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.webdriver import WebDriver

from tests.support.chromium import DESKTOP, open_chromium
from tests.support.firefox import open_firefox
from tests.support.webkit import open_webkit

T = TypeVar("T")
FRAME = "iframe.researcher-page"
PLAYWRIGHT_ENGINES = {"chromium": open_chromium, "firefox": open_firefox}
_SECONDS = 60.0
_KEYS = {
    "ArrowDown": Keys.ARROW_DOWN,
    "ArrowLeft": Keys.ARROW_LEFT,
    "Control": Keys.CONTROL,
    "Enter": Keys.ENTER,
    "Tab": Keys.TAB,
}


class NotReadyError(Exception):
    """A script or click had no place, because the page is being replaced."""


class Window(Protocol):
    """One tab at a time. With `frame`, a method means the researcher's page, otherwise the page around it."""

    def open(self, url: str) -> None:
        """Follow a link in this tab."""

    def open_new_tab(self, url: str) -> None:
        """Close this tab, and follow a link in a new one of the same browser."""

    def reload(self) -> None:
        """Reload the page."""

    def evaluate(self, body: str, *values: Any, frame: bool = False) -> Any:
        """Return the result of a function with this body, which finds `values` in a list of that name."""

    def click(self, selector: str, *, frame: bool = False, times: int = 1) -> None:
        """Click the first element that matches, or double-click it."""

    def press(self, key: str, *, holding: str = "") -> None:
        """Press and release a key, named as KeyboardEvent.key, while holding another."""

    def hold(self, key: str, until: Callable[[], bool]) -> None:
        """Hold a key until a condition holds."""

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window."""

    def close(self) -> None:
        """Leave the page. The other methods may not be called any more."""


def wait_for(what: str, find: Callable[[], T]) -> T:
    """Return the first true result; a page that is being replaced counts as false."""
    until = time.monotonic() + _SECONDS
    while True:
        try:
            if found := find():
                return found
        except NotReadyError:
            pass
        assert time.monotonic() < until, f"still waiting for {what}"
        time.sleep(0.03)


class PlaywrightWindow:
    """A window of Firefox or Chromium, in a context of its own."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(**DESKTOP, ignore_https_errors=True)
        self._page = self._context.new_page()

    def open(self, url: str) -> None:
        self._page.goto(url)

    def open_new_tab(self, url: str) -> None:
        self._page.close()
        self._page = self._context.new_page()
        self.open(url)

    def reload(self) -> None:
        self._page.reload()

    def evaluate(self, body: str, *values: Any, frame: bool = False) -> Any:
        with _wait_if_replaced(Error):
            return self._find_place(frame).evaluate(f"values => {{ {body} }}", list(values))

    def click(self, selector: str, *, frame: bool = False, times: int = 1) -> None:
        with _wait_if_replaced(Error):
            # Playwright would wait for a confirmation from the frame that a click may replace.
            self._find_place(frame).locator(selector).first.click(click_count=times, no_wait_after=True)

    def press(self, key: str, *, holding: str = "") -> None:
        self._page.keyboard.press(f"{holding}+{key}" if holding else key)

    def hold(self, key: str, until: Callable[[], bool]) -> None:
        self._page.keyboard.down(key)
        wait_for(f"an effect of {key}", until)
        self._page.keyboard.up(key)

    def save_picture(self, path: Path) -> None:
        self._page.screenshot(path=path)

    def close(self) -> None:
        self._context.close()

    def _find_place(self, frame: bool) -> Page | Frame:
        if not frame:
            return self._page
        element = self._page.query_selector(FRAME)
        found = element and element.content_frame()
        if not found:
            raise NotReadyError
        return found


class WebKitWindow:
    """A window of WebKitGTK. Windows share their storage, so each needs a site or participant of its own."""

    def __init__(self, driver: WebDriver) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver.switch_to.default_content()
        self._driver.get(url)

    def open_new_tab(self, url: str) -> None:
        old = self._driver.current_window_handle
        self._driver.switch_to.new_window("tab")
        new = self._driver.current_window_handle
        self._driver.switch_to.window(old)
        self._driver.close()
        self._driver.switch_to.window(new)
        self.open(url)

    def reload(self) -> None:
        self._driver.switch_to.default_content()
        self._driver.refresh()

    def evaluate(self, body: str, *values: Any, frame: bool = False) -> Any:
        with self._enter(frame):
            return self._driver.execute_script(f"const values = [...arguments]; {body}", *values)

    def click(self, selector: str, *, frame: bool = False, times: int = 1) -> None:
        with self._enter(frame):
            element: WebElement = self._driver.find_element(By.CSS_SELECTOR, selector)
            if times == 1:
                element.click()
            else:
                self._driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                ActionChains(self._driver, duration=0).double_click(element).perform()

    def press(self, key: str, *, holding: str = "") -> None:
        with self._enter(frame=False):
            actions = ActionChains(self._driver, duration=0)
            if holding:
                actions.key_down(_KEYS[holding])
            actions.send_keys(_KEYS.get(key, key))
            if holding:
                actions.key_up(_KEYS[holding])
            actions.perform()

    def hold(self, key: str, until: Callable[[], bool]) -> None:
        with self._enter(frame=False):
            ActionChains(self._driver).key_down(_KEYS.get(key, key)).perform()
        wait_for(f"an effect of {key}", until)
        with self._enter(frame=False):
            ActionChains(self._driver).key_up(_KEYS.get(key, key)).perform()

    def save_picture(self, path: Path) -> None:
        with self._enter(frame=False):
            self._driver.save_screenshot(str(path))

    def close(self) -> None:
        self.open("about:blank")

    @contextmanager
    def _enter(self, frame: bool) -> Iterator[None]:
        with _wait_if_replaced(WebDriverException):
            self._driver.switch_to.default_content()
            if frame:
                self._driver.switch_to.frame(self._driver.find_element(By.CSS_SELECTOR, FRAME))
            yield


@contextmanager
def open_engine(name: str) -> Iterator[Callable[[], Window]]:
    """Run Firefox, WebKit or Chromium; yield a function that returns a new window."""
    if name == "webkit":
        with open_webkit() as driver:
            yield lambda: WebKitWindow(driver)
        return
    with PLAYWRIGHT_ENGINES[name]() as browser:
        yield lambda: PlaywrightWindow(browser)


@contextmanager
def _wait_if_replaced(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        raise NotReadyError(str(error)) from error
