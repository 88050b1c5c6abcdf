"""Links, anchors and file names in the documentation lead somewhere."""

import functools
import re
import subprocess
from pathlib import Path

import pytest
from template_file import ROOT

# Code fences and inline code hold examples, not links.
_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]\[]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_IMAGE = re.compile(r'<img[^>]*\ssrc="([^"]+)"')
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:")
_MENTION = re.compile(r"\b(?:docs/[\w./-]+\.(?:md|yaml|json)|ARCHITECTURE\.md|CONTRIBUTING\.md)")
_FILE_NAME = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:yaml|toml))`")
_ARGUMENT = re.compile(r"(?<=[` ])((?:docs|layer|tests|tools)/[\w./-]*)")  # of a command
_IN_A_STUDY = ("StepFiles/", "App/")  # named in the README, relative to a study's folder
README_LIMIT = 7000  # bytes


def list_files(*patterns: str) -> list[str]:
    """Return the tracked files, and the new ones that Git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({name for name in names if (ROOT / name).is_file()})


DOCUMENTS = list_files("*.md")
SOURCES = list_files("*.py", "*.js", "*.yaml", "*.yml", "*.toml", "Makefile", ".ci/*")


def read_prose(path: Path) -> str:
    """Return a document without its fenced code."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


@functools.cache
def list_anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    anchors: set[str] = set()
    for heading in _HEADING.findall(read_prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = sum(1 for known in anchors if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", known))
        anchors.add(f"{slug}-{number}" if number else slug)
    return anchors


def list_broken_links(path: Path) -> list[str]:
    """Return the relative links of a document whose file or anchor does not exist."""
    prose = _CODE.sub("``", read_prose(path))
    targets = [*_LINK.findall(prose), *_IMAGE.findall(prose)]
    broken = []
    for target in targets:
        if _EXTERNAL.match(target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and anchor not in list_anchors(file)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("name", DOCUMENTS)
def test_relative_links_resolve(name: str) -> None:
    """Given a Markdown file, each relative link leads to an existing file and heading."""
    assert list_broken_links(ROOT / name) == []


def test_sources_name_documents_that_exist() -> None:
    """Given the sources, each document that they mention exists."""
    mentions = {
        f"{name}: {mention}"
        for name in SOURCES
        for mention in _MENTION.findall((ROOT / name).read_text(encoding="utf-8"))
        if not (ROOT / mention).exists()
    }
    assert mentions == set()


def test_architecture_names_files_that_exist() -> None:
    """Given the files and folders that ARCHITECTURE.md and README.md name, each exists."""
    for name in ("ARCHITECTURE.md", "README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        names = {*_FILE_NAME.findall(text), *_ARGUMENT.findall(text)} - set(_IN_A_STUDY)
        assert [file for file in sorted(names) if not (ROOT / file).exists()] == []
    assert len(_FILE_NAME.findall(read_prose(ROOT / "ARCHITECTURE.md"))) > 40


def test_readme_is_short() -> None:
    """Given the README, it is at most 7,000 bytes long."""
    assert len((ROOT / "README.md").read_bytes()) <= README_LIMIT


def test_every_document_is_in_an_index() -> None:
    """Given a file below docs/, its folder's index leads to it."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    decisions = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    for name in list_files("docs/*.md", "docs/*.yaml", "docs/*.json"):
        if name.startswith("docs/decisions/"):
            found = f"({Path(name).name})" in decisions or name.endswith("/README.md")
        else:
            found = f"({name.removeprefix('docs/')})" in index or name == "docs/README.md"
        assert found, name
