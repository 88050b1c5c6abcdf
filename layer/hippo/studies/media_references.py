"""The relative references of pages and style sheets to files, as positions in the original text.

Nothing is ever written from a parse tree. Replacing a reference replaces only its characters, and leaves all
others as the researcher wrote them.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from hippo.studies.html import PageParser

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
# One attribute of a start tag, at the same positions where html.parser sees one.
_ATTRIBUTE = re.compile(r"""([^\s/>"'=][^\s/>=]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))""")
_TAG_NAME = re.compile(r"<[^\s/>]*")
_CHARACTER_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;)")
# Comments and strings come first, so that their content is skipped.
_CSS_TOKEN = re.compile(
    r"""/\*.*?(?:\*/|\Z)"""
    r"""|(?<![\w-])url\(\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'"""
    r"""|((?:\\[0-9a-f]{1,6}+\s?+|\\[^0-9a-f]|[^\s"'()\\])*))\s*\)"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.IGNORECASE | re.DOTALL,
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_SRCSET_URL = re.compile(r"[\s,]*(\S+)")
_SRCSET_DESCRIPTORS = re.compile(r"[^,(]*(?:\([^)]*\)?[^,(]*)*,?")

_URL_ATTRIBUTES = {
    "a": {"href"},
    "area": {"href"},
    "audio": {"src"},
    "embed": {"src"},
    "iframe": {"src"},
    "image": {"href", "xlink:href"},
    "img": {"src"},
    "input": {"src"},
    "link": {"href"},
    "object": {"data"},
    "source": {"src"},
    "track": {"src"},
    "use": {"href", "xlink:href"},
    "video": {"src", "poster"},
}
_BACKGROUND_TAGS = {"body", "table", "td", "th", "tr"}
_SRCSET_TAGS = {"img", "source"}
# Their content is text, or not part of the page. html.parser of older Pythons finds tags in some of them.
_TEXT_TAGS = {"script", "style", "textarea", "title", "noembed", "noframes", "xmp"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A relative URL at `text[start:end]`: `path` is the file that it means, `fragment` what follows its #.

    With `in_html` the characters are in an attribute, where `&` and quotes must be escaped.
    """

    start: int
    end: int
    path: str
    fragment: str
    in_html: bool

    @property
    def leads_out(self) -> bool:
        """Whether the path contains `..`."""
        return ".." in self.path.split("/")


def find_references(name: str, text: str) -> list[Reference]:
    """Return the relative references of a step file in their order; a name in .css is a style sheet."""
    if name.lower().endswith(".css"):
        return list(_find_in_css(text))
    page = _Page()
    page.read(text)
    return sorted(page.found, key=lambda reference: reference.start)


class _Page(PageParser):
    """A parser that collects the references of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Reference] = []
        self._source = ""
        self._lines: list[int] = []
        self._inside = ""
        self._inside_from = 0

    def read(self, page: str) -> None:
        """Find all references of a page."""
        self._source = page
        self._lines = [0, *(match.end() for match in re.finditer("\n", page))]
        super().read(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Find the references in the attributes as they were written."""
        if self._inside:
            return
        start, source = self._position(), self.get_starttag_text() or ""
        # If a Python reports other positions, the text is left alone rather than damaged.
        if self.text.startswith(source, start):
            self.found += _find_in_tag(tag, self._source[start : start + len(source)], start)
        if tag in _TEXT_TAGS:
            self._inside, self._inside_from = tag, start + len(source)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Do the same: `/>` has no meaning in HTML, except in inline SVG."""
        self.handle_starttag(tag, attrs)
        if self._inside == tag:
            self._inside = ""

    def handle_endtag(self, tag: str) -> None:
        """Find the references of a style sheet that ends here."""
        if tag == self._inside:
            self._leave(self._position())

    def close(self) -> None:
        """Find the references of a style sheet that never ended; browsers use it."""
        super().close()
        self._leave(len(self.text))

    def _leave(self, end: int) -> None:
        if self._inside == "style":
            start = self._inside_from
            self.found += _shift(_find_in_css(self._source[start:end]), lambda position: start + position)
        self._inside = ""

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _find_in_tag(tag: str, source: str, start: int) -> Iterator[Reference]:
    seen = set()
    name = _TAG_NAME.match(source)
    for match in _ATTRIBUTE.finditer(source, name.end() if name else 0):
        attribute = match[1].lower()
        if attribute in seen:  # browsers take the first of several
            continue
        seen.add(attribute)
        group = next(number for number in (2, 3, 4) if match[number] is not None)
        value = _Decoded(match[group])
        origin = start + match.start(group)
        for reference in _find_in_attribute(tag, attribute, value.text):
            first, last = value.find_source(reference.start, reference.end)
            yield Reference(origin + first, origin + last, reference.path, reference.fragment, in_html=True)


def _find_in_attribute(tag: str, attribute: str, value: str) -> Iterator[Reference]:
    if attribute == "style":
        yield from _find_in_css(value)
    elif attribute in ("srcset", "imagesrcset") and tag in _SRCSET_TAGS | {"link"}:
        yield from _find_in_srcset(value)
    elif attribute in _URL_ATTRIBUTES.get(tag, ()) or (attribute == "background" and tag in _BACKGROUND_TAGS):
        yield from _read_url(value, 0, value)


def _find_in_srcset(value: str) -> Iterator[Reference]:
    """Yield the candidates of https://html.spec.whatwg.org/multipage/images.html#srcset-attributes."""
    position = 0
    while match := _SRCSET_URL.match(value, position):
        url = match[1].rstrip(",")
        yield from _read_url(url, match.start(1), url)
        position = match.end()
        if url == match[1]:  # not followed by a comma: descriptors up to the next comma follow
            descriptors = _SRCSET_DESCRIPTORS.match(value, position)
            position = descriptors.end() if descriptors else position


def _find_in_css(text: str) -> Iterator[Reference]:
    for match in _CSS_TOKEN.finditer(text):
        group = next((number for number in (1, 2, 3) if match[number] is not None), None)
        if group is not None:
            meaning = _CSS_ESCAPE.sub(_read_css_escape, match[group])
            yield from _read_url(match[group], match.start(group), meaning)


def _read_css_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return "" if match[2] == "\n" else match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def _read_url(source: str, start: int, meaning: str) -> Iterator[Reference]:
    """Yield the reference written as `source` at `start`, which means `meaning`, if it is relative."""
    first = len(source) - len(source.lstrip())
    last = len(source.rstrip())
    url = re.sub(r"[\t\n\r]", "", meaning.strip()).replace("\\", "/")
    if not url or url[0] in "/#?" or _SCHEME.match(url):
        return
    address, _, fragment = url.partition("#")
    parts = [part for part in unquote(address.partition("?")[0]).split("/") if part not in ("", ".")]
    if parts:
        yield Reference(start + first, start + last, "/".join(parts), fragment, in_html=False)


def _shift(references: Iterator[Reference], move: Callable[[int], int]) -> Iterator[Reference]:
    for found in references:
        yield Reference(move(found.start), move(found.end), found.path, found.fragment, found.in_html)


class _Decoded:
    """An attribute's value with its character references resolved, and the origin of each character."""

    def __init__(self, source: str) -> None:
        parts, self._starts, self._sources = [], [0], [0]
        decoded = end = 0
        for match in _CHARACTER_REFERENCE.finditer(source):
            meaning = html.unescape(match[0])
            parts += [source[end : match.start()], meaning]
            decoded += match.start() - end
            # One entry where the reference begins, and one where plain text begins again.
            self._starts += [decoded, decoded + len(meaning)]
            self._sources += [match.start(), match.end()]
            decoded, end = decoded + len(meaning), match.end()
        self.text = "".join([*parts, source[end:]])
        self._length = len(source)

    def find_source(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the source that `text[start:end]` was decoded from."""
        return self._locate(start), self._locate(end) if end < len(self.text) else self._length

    def _locate(self, position: int) -> int:
        entry = bisect_right(self._starts, position) - 1
        # A position within a character reference means its beginning.
        inside = entry % 2 == 1
        return self._sources[entry] + (0 if inside else position - self._starts[entry])
