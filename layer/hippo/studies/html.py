"""The base of all parsers that read researchers' pages."""

from html.parser import HTMLParser


class PageParser(HTMLParser):
    """A parser that is fed a whole page, and accepts whatever browsers accept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""  # as it was parsed

    def read(self, page: str) -> None:
        """Parse a page.

        Browsers skip what `<![` begins like a comment, but html.parser of older Pythons fails on it. Its
        replacement has the same length, so that all positions stay valid.
        """
        self.text = page.replace("<![", "<!x")
        self.feed(self.text)
        self.close()
