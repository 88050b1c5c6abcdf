"""Tests of files whose content is not what their names say."""

from pathlib import Path

import pytest

from hippo_cli.file_content import check_content
from hippo_cli.findings import Finding, Severity
from tests.support.paths import EXAMPLE
from tests.unit.cli.conftest import SmallStudy

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22\nsize 12345\n"
ANNEX = b"/annex/objects/SHA256E-s12345--4d7a2146.png\n"
PNG, JPEG, WEBP = b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xd8\xff\xe0\0\x10JFIF", b"RIFF\x10\0\0\0WEBPVP8 "
SAMPLES = {
    "a.avif": b"\0\0\0\x20ftypavif",
    "a.gif": b"GIF89a\x01\0",
    "a.jpg": JPEG,
    "a.JPEG": JPEG,
    "a.m4a": b"\0\0\0\x20ftypM4A ",
    "a.mov": b"\0\0\0\x08wide\0\0\0\0mdat",
    "a.mp3": b"ID3\x04\0",
    "b.mp3": b"\xff\xfb\x90\0",
    "a.mp4": b"\0\0\0\x18ftypisom",
    "a.ogg": b"OggS\0",
    "a.pdf": b"\n%PDF-1.7",
    "a.png": PNG,
    "a.svg": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE svg PUBLIC "a">\n<svg xmlns="b">',
    "a.vtt": b"\xef\xbb\xbfWEBVTT\n",
    "a.wav": b"RIFF\x10\0\0\0WAVEfmt ",
    "a.webm": b"\x1a\x45\xdf\xa3\0",
    "a.webp": WEBP,
    "a.woff": b"wOFF\0",
    "a.woff2": b"wOF2\0",
}


def check(tmp_path: Path, name: str, content: bytes) -> list[Finding]:
    """Return the findings about one file."""
    path = tmp_path / name
    path.write_bytes(content)
    return list(check_content(f"StepFiles/{name}", path))


@pytest.mark.parametrize("name", SAMPLES)
def test_files_that_are_what_they_say(tmp_path: Path, name: str) -> None:
    """Given the signature of the type in the name, there is no finding."""
    assert check(tmp_path, name, SAMPLES[name]) == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("pointer", [LFS, ANNEX])
def test_pointers(tmp_path: Path, name: str, pointer: bytes) -> None:
    """Given a pointer of Git LFS or git-annex, the error says how to fetch the file."""
    (found,) = check(tmp_path, name, pointer)

    assert (found.severity, found.file, found.line) == (Severity.ERROR, f"StepFiles/{name}", 1)
    assert "git lfs pull" in found.fix


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n ", "empty"),
        (b"<!DOCTYPE html>\n<html><svg></svg>", "web page"),
        (b"\xef\xbb\xbf<!-- saved -->\n<HTML>", "web page"),
        (b"Not found\n", "not "),
    ],
)
def test_files_that_cannot_be_shown(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Given an empty file, a web page or text in place of a picture or film, there is an error."""
    (found,) = check(tmp_path, name, content)

    assert (found.severity, found.code) == (Severity.ERROR, "media-content")
    assert said in found.what


@pytest.mark.parametrize(
    ("name", "content", "severity", "what"),
    [
        ("a.png", JPEG, Severity.WARNING, "it is JPEG, not PNG"),
        ("a.jpg", b"\0\0\0\x18ftypheic", Severity.WARNING, "it is HEIC, not JPEG"),
        ("a.mp4", b"\x1a\x45\xdf\xa3\0", Severity.WARNING, "it is WebM or Matroska, not MP4 or QuickTime"),
        ("a.svg", PNG, Severity.ERROR, "it is PNG, not SVG"),
        ("a.mp4", b"\0\1\2\3", Severity.WARNING, "its content is not MP4 or QuickTime"),
    ],
)
def test_files_of_another_type(
    tmp_path: Path, name: str, content: bytes, severity: Severity, what: str
) -> None:
    """Given another type than the name says, the finding names both: browsers guess some types."""
    (found,) = check(tmp_path, name, content)

    assert (found.severity, found.what) == (severity, what)


def test_media_of_a_page(study: SmallStudy) -> None:
    """Given a pointer in place of a picture that a page names, the study cannot be published."""
    study.write("StepFiles/game.png", LFS)
    study.page('<img src="game.png">')

    assert study.codes() == [("pointer", "StepFiles/game.png", 1)]


@pytest.mark.parametrize("name", ["StepFiles/consent.html", "StepFiles/style.css", "config.yml"])
def test_pointers_in_place_of_text(study: SmallStudy, name: str) -> None:
    """Given a pointer in place of a page, a style sheet or the config, the error names that file."""
    study.write(name, LFS)

    assert ("pointer", name, 1) in study.codes()


def test_media_of_the_example() -> None:
    """Given the example study, its pictures are what they say."""
    pictures = [path for path in (EXAMPLE / "StepFiles").iterdir() if path.suffix == ".png"]

    assert pictures
    assert [found for path in pictures for found in check_content(path.name, path)] == []
