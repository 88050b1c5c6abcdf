"""frame.html as it is served: frame.js is inside, and the policy allows nothing else."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from hippo.deployment.frame_page import FramePageError, build_frame, hash_script, read_page_file
from tests.support.paths import ROOT

WEB = ROOT / "web"
PAGE = '<meta content="script-src \'self\'; img-src https:"><script src="frame.js"></script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small frame.html and frame.js."""
    (tmp_path / "frame.html").write_text(PAGE)
    (tmp_path / "frame.js").write_text('show("é");\n')
    return tmp_path


def test_policy_has_the_hash_of_the_only_script() -> None:
    """Given the page's own files, the policy allows the one inline script by its hash, and nothing else."""
    page = build_frame(WEB / "frame.html").decode()

    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (sources,) = re.findall(r"script-src ([^;]*);", page)
    assert sources == f"'sha256-{digest}'"
    assert page.count("<script") == 1
    assert script == (WEB / "frame.js").read_text(encoding="utf-8")


def test_windows_line_endings_do_not_change_the_hash(folder: Path) -> None:
    """Given files with CRLF, the script and its hash have the LF that browsers turn each CRLF into."""
    (folder / "frame.js").write_bytes(b"a();\r\nb();\r\n")

    page = build_frame(folder / "frame.html").decode()

    assert "<script>a();\nb();\n</script>" in page
    assert hash_script("a();\nb();\n") in page


def test_other_files_are_served_as_they_are(folder: Path) -> None:
    """Given any file but frame.html, its bytes are unchanged."""
    (folder / "style.css").write_bytes(b"p {}\r\n")

    assert read_page_file(folder / "style.css") == b"p {}\r\n"
    assert read_page_file(folder / "frame.html") == build_frame(folder / "frame.html")


@pytest.mark.parametrize("part", ["script-src 'self';", '<script src="frame.js"></script>'])
@pytest.mark.parametrize("count", [0, 2])
def test_a_frame_that_cannot_be_built_is_refused(folder: Path, part: str, count: int) -> None:
    """Given a frame.html without the policy or the script, or with two of them, the error names it."""
    (folder / "frame.html").write_text(PAGE.replace(part, part * count))

    with pytest.raises(FramePageError, match=re.escape(part)):
        build_frame(folder / "frame.html")


@pytest.mark.parametrize("text", ["'</SCRIPT>'", "<!-- x"])
def test_a_script_that_would_end_early_is_refused(folder: Path, text: str) -> None:
    """Given a frame.js with a text that ends an inline script, it is not built into the page."""
    (folder / "frame.js").write_text(text)

    with pytest.raises(FramePageError, match=r"frame\.js"):
        build_frame(folder / "frame.html")
