"""The check that a file holds what its name says, by the signature at its beginning."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from hippo.studies.media import read_suffix
from hippo_cli.findings import Finding, error, warning

# By the specification of Git LFS, and the pointer files of git-annex.
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/|version https://hawser\.|/annex/objects/")
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_READ = 64 * 1024
_MPEG = rb"....(?:ftyp|moov|mdat|wide|free|skip|pnot)"
# https://www.iana.org/assignments/media-types and https://mimesniff.spec.whatwg.org/
_SIGNATURES = {
    "GIF": rb"GIF8[79]a",
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG",
    "WebP": rb"RIFF....WEBP",
    "AVIF": rb"....ftyp(?:avif|avis|mif1|msf1)",
    "HEIC": rb"....ftyp(?:heic|heix|hevc|heim)",
    "BMP": rb"BM.{4}\0\0\0\0",
    "TIFF": rb"II\*\0|MM\0\*",
    "PDF": rb".{0,1020}%PDF-",
    "WAV": rb"(?:RIFF|RF64)....WAVE",
    "AVI": rb"RIFF....AVI ",
    "Ogg": rb"OggS",
    "WebM or Matroska": rb"\x1a\x45\xdf\xa3",
    "MP4 or QuickTime": _MPEG,
    "MP3": rb"ID3|\xff[\xe0-\xff]",
    "WOFF": rb"wOFF",
    "WOFF2": rb"wOF2",
    "WebVTT": rb"WEBVTT",
    "SVG": rb"(?:[^<]|<(?!svg\b|!doctype html|html\b))*<svg\b",
    "ZIP": rb"PK\x03\x04",
}
_PATTERNS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in _SIGNATURES.items()}
_KINDS = {
    ".avif": ("AVIF",),
    ".gif": ("GIF",),
    ".jpeg": ("JPEG",),
    ".jpg": ("JPEG",),
    ".m4a": ("MP4 or QuickTime",),
    ".mov": ("MP4 or QuickTime",),
    ".mp3": ("MP3",),
    ".mp4": ("MP4 or QuickTime",),
    ".oga": ("Ogg",),
    ".ogg": ("Ogg",),
    ".ogv": ("Ogg",),
    ".pdf": ("PDF",),
    ".png": ("PNG",),
    ".svg": ("SVG",),
    ".vtt": ("WebVTT",),
    ".wav": ("WAV",),
    ".webm": ("WebM or Matroska",),
    ".webp": ("WebP",),
    ".woff": ("WOFF",),
    ".woff2": ("WOFF2",),
}
# Word processors save these under the name of a page, too.
_NOT_PAGES = {
    **{kind: _PATTERNS[kind] for kind in ("GIF", "JPEG", "PNG")},
    "PDF": re.compile(rb"%PDF-"),
    "RTF": re.compile(rb"\s*\{\\rtf"),
    "a document of Word or another program": re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0"),
}
_CONFLICT = re.compile(rb"^(?:<{7}|>{7})(?= |\r?$)", re.MULTILINE)
_ESCAPED_TAG = re.compile(rb"&lt;(?:!doctype|html|head|body|form|input)\b", re.IGNORECASE)
_AS_PLAIN_TEXT = "Save it as plain text (in TextEdit: Format, Make Plain Text). Ignore this if it is meant."
_LINK_AS_TEXT = re.compile(rb"[\w./ -]+\.(?:html|css)\s*")
_AS_TEXT = ("SVG", "WebVTT")  # read as text, so a wrong one is never shown


def check_content(name: str, path: Path) -> Iterator[Finding]:
    """Yield the finding about a file whose content is not of the type of its name, or that is a pointer.

    `name` is its path in the study.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_READ)
    except OSError as fault:
        what = f"cannot be read: {fault.strerror or fault}"
        yield error("file-unreadable", name, 0, "", what, "Fix the file's permissions.")
        return
    if is_pointer(start):
        yield report_pointer(name)
        return
    wanted = _KINDS.get(read_suffix(name), ())
    text = start.removeprefix(_BOM)
    if not wanted or any(_PATTERNS[kind].match(text) for kind in wanted):
        return
    fix = "Save or download the file again, and open it to see that it is right."
    if not start.strip():
        yield error("media-content", name, 0, "", "the file is empty", fix)
    elif _HTML.match(text):
        yield error("media-content", name, 1, "", f"it is a web page, not {_list(wanted)}", fix)
    elif found := next((kind for kind, pattern in _PATTERNS.items() if pattern.match(text)), None):
        what = f"it is {found}, not {_list(wanted)}"
        make = error if wanted[0] in _AS_TEXT else warning
        yield make("media-content", name, 0, "", what, "Rename it, or convert it to the type of its name.")
    else:
        make = error if wanted[0] in _AS_TEXT or _is_text(start) else warning
        yield make("media-content", name, 0, "", f"its content is not {_list(wanted)}", fix)


def check_page_content(name: str, body: bytes) -> Iterator[Finding]:
    """Yield the findings about a page or style sheet that is another kind of file, or not finished.

    `name` is its path in the study.
    """
    if kind := next((kind for kind, pattern in _NOT_PAGES.items() if pattern.match(body)), None):
        fix = "Save it as plain text with HTML in it, from a text editor."
        yield error("page-content", name, 1, "", f"it is {kind}, not text", fix)
    elif _LINK_AS_TEXT.fullmatch(body):
        what = "it holds the path of another file only, as git writes a link on Windows"
        yield error("page-content", name, 1, "", what, "Copy that file here.")
    for pattern, what, fix in (
        (_CONFLICT, "git has marked a conflict here", "Keep one version, and remove git's lines."),
        (_ESCAPED_TAG, "an editor has saved the HTML as text, so participants see tags", _AS_PLAIN_TEXT),
    ):
        if found := pattern.search(body):
            line = body.count(b"\n", 0, found.start()) + 1
            yield warning("page-content", name, line, found[0].decode(), what, fix)


def is_pointer(start: bytes) -> bool:
    """Return whether a file's beginning is that of a pointer of Git LFS or git-annex instead of the file."""
    return _POINTER.match(start) is not None


def report_pointer(name: str, make: Callable[..., Finding] = error) -> Finding:
    """Return the finding about a pointer, by default an error."""
    what = "it is a pointer of Git LFS or git-annex, not the file itself"
    fix = "Fetch the file: `git lfs install` and `git lfs pull`, or `git annex get`."
    return make("pointer", name, 1, "", what, fix)


def _is_text(start: bytes) -> bool:
    """Return whether it is text: no media but SVG and captions is."""
    return b"\0" not in start and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)


def _list(kinds: tuple[str, ...]) -> str:
    return " or ".join(kinds)
