"""Where pages and style sheets refer to files by relative path, as places in the text as it was written.

Nothing is ever written anew from a parse tree: whoever replaces a reference replaces these characters and
leaves every other one as the researcher wrote it.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
# One attribute of a start tag, in the same places where html.parser sees one.
_ATTRIBUTE = re.compile(r"""([^\s/>"'=][^\s/>=]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))""")
_TAG_NAME = re.compile(r"<[^\s/>]*")
_CHARACTER_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;)")
# Comments and strings come first, so that what stands in them is passed over.
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
# Their content is text, or is not for the page: html.parser of older Pythons finds tags in some of them.
_TEXT_TAGS = {"script", "style", "textarea", "title", "noembed", "noframes", "xmp"}


@dataclass(frozen=True, slots=True)
class Reference:
    """`text[start:end]` is a relative URL; `path` is the file that it means, `fragment` what follows its #.

    `in_html` says that the characters stand in an attribute, where `&` and quotes have to be escaped.
    """

    start: int
    end: int
    path: str
    fragment: str
    in_html: bool

    @property
    def leads_out(self) -> bool:
        """Whether the path has a `..` in it."""
        return ".." in self.path.split("/")


def find_references(name: str, text: str) -> list[Reference]:
    """The relative references in a step file, in their order; a name that ends in .css is a style sheet."""
    if name.lower().endswith(".css"):
        return list(_find_in_css(text))
    page = _Page(text)
    page.read()
    return sorted(page.found, key=lambda reference: reference.start)


class _Page(HTMLParser):
    """Collects the references of a page that is fed whole."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Reference] = []
        # `<![` begins what browsers skip like a comment; html.parser of older Pythons fails at it. The same
        # length keeps all places.
        self._text, self._source = text.replace("<![", "<!x"), text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._inside = ""
        self._inside_from = 0

    def read(self) -> None:
        """Find all that there is."""
        self.feed(self._text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes, as they stand in the text."""
        if self._inside:
            return
        start, source = self._place(), self.get_starttag_text() or ""
        # Should a Python ever report other places, the text is left alone rather than spoilt.
        if self._text.startswith(source, start):
            self.found += _find_in_tag(tag, self._source[start : start + len(source)], start)
        if tag in _TEXT_TAGS:
            self._inside, self._inside_from = tag, start + len(source)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The same: `/>` means nothing in HTML, except in the pictures that are drawn with svg tags."""
        self.handle_starttag(tag, attrs)
        if self._inside == tag:
            self._inside = ""

    def handle_endtag(self, tag: str) -> None:
        """Look at the style sheet that ends here."""
        if tag == self._inside:
            self._leave(self._place())

    def close(self) -> None:
        """Look at a style sheet that never ended as well: browsers use it."""
        super().close()
        self._leave(len(self._text))

    def _leave(self, end: int) -> None:
        if self._inside == "style":
            start = self._inside_from
            self.found += _shift(_find_in_css(self._source[start:end]), lambda place: start + place)
        self._inside = ""

    def _place(self) -> int:
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
    """The candidates of https://html.spec.whatwg.org/multipage/images.html#srcset-attributes."""
    place = 0
    while match := _SRCSET_URL.match(value, place):
        url = match[1].rstrip(",")
        yield from _read_url(url, match.start(1), url)
        place = match.end()
        if url == match[1]:  # no comma right behind it: descriptors, up to the next comma
            descriptors = _SRCSET_DESCRIPTORS.match(value, place)
            place = descriptors.end() if descriptors else place


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
    """The reference that stands at `start` as `source` and means `meaning`; none if it is not relative."""
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
    """An attribute's value without its character references, and where each character came from."""

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
        """The span of the source that stands for `text[start:end]`."""
        return self._locate(start), self._locate(end) if end < len(self.text) else self._length

    def _locate(self, place: int) -> int:
        entry = bisect_right(self._starts, place) - 1
        # Within a character reference, there is no place but its beginning.
        inside = entry % 2 == 1
        return self._sources[entry] + (0 if inside else place - self._starts[entry])
