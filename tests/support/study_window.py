"""A participant in a window: what they see, and what they do with pages of a study and the game."""

from typing import Any

from tests.support.windows import Window, wait_for

_SEEN = """
const element = document.querySelector(values[0]);
return Boolean(element && element.getClientRects().length > 0 && !element.disabled);
"""


class StudyWindow:
    """A participant's window. CSS selectors name elements; `frame` those of a researcher's page."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def read(self, selector: str, *, frame: bool = False) -> str:
        """Return the text of an element, empty if it does not exist."""
        text: str = self.window.evaluate(
            "return document.querySelector(values[0])?.textContent.trim() ?? ''", selector, frame=frame
        )
        return text

    def read_value(self, selector: str) -> Any:
        """Return the value of a control of the study's page."""
        return self.window.evaluate("return document.querySelector(values[0]).value", selector, frame=True)

    def wait_for(self, selector: str, *, frame: bool = False) -> None:
        """Wait until an element is shown and enabled."""
        wait_for(f"{selector} to be shown", lambda: self.window.evaluate(_SEEN, selector, frame=frame))

    def wait_for_heading(self, text: str) -> None:
        """Wait until a page of the study with this heading is shown and can be submitted."""
        wait_for(f"the page {text!r}", lambda: self.read("h1, h2", frame=True) == text)
        if self.window.evaluate("return !document.querySelector('#submit').hidden", frame=True):
            self.wait_for("#submit", frame=True)

    def wait_for_status(self, text: str) -> None:
        """Wait until the line at the top says this."""
        wait_for(f"the line {text!r}", lambda: self.read("#status") == text)

    def click(self, selector: str, *, frame: bool = False, times: int = 1) -> None:
        """Click an element once it is shown."""
        self.wait_for(selector, frame=frame)
        self.window.click(selector, frame=frame, times=times)

    def submit(self) -> None:
        """Submit a page of the study."""
        self.click("#submit", frame=True)

    def reach(self, selector: str, *, frame: bool = False) -> None:
        """Press Tab until an element has the focus."""
        self.wait_for(selector, frame=frame)
        for _ in range(30):
            if self.has_focus(selector, frame=frame):
                return
            self.window.press("Tab")
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def has_focus(self, selector: str, *, frame: bool = False) -> bool:
        """Return whether an element receives the keys."""
        script = "return document.hasFocus() && document.activeElement?.matches(values[0])"
        return bool(self.window.evaluate(script, selector, frame=frame))

    def type(self, text: str) -> None:
        """Type into the control that has the focus."""
        for character in text:
            self.window.press(character)
