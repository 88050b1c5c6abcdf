"""The check that every build of an image uses the same parts: its base by digest, its packages by hash."""

import re
from collections.abc import Iterator

from hippo_cli.findings import Finding, error, warning
from hippo_cli.image.build_context import BuildContext
from hippo_cli.image.dockerfile import list_images

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_REQUIREMENTS = re.compile(r"(?:-r|--requirement)[ =]\s*(\S+)")
_REQUIRES_HASHES = "--require-hashes"
_HASH = "--hash="
_LOCK = "uv pip compile --universal --generate-hashes"
_DOCS = "docs/howto/run-a-study.md"


def check_pins(context: BuildContext, text: str) -> Iterator[Finding]:
    """Yield findings about the Dockerfile, whose text is given, and the lists of packages it installs."""
    for image in list_images(text):
        if not _DIGEST.search(image):
            line = text.count("\n", 0, max(text.find(image), 0)) + 1
            what = f"the image {image} is not pinned, so a later build may begin with another one"
            fix = f"Write {image}@sha256:…, as `docker buildx imagetools inspect {image}` shows the digest."
            yield warning("not-pinned", context.dockerfile, line, image, what, fix)
    installed = {name.rpartition("/")[2] for name in _REQUIREMENTS.findall(text)}
    for name, path in context.files.items():
        if name.rpartition("/")[2] in installed and not path.is_symlink():
            content = path.read_text(encoding="utf-8", errors="replace")
            yield from _check_packages(name, content, must=_REQUIRES_HASHES in text)


def _check_packages(name: str, content: str, *, must: bool) -> Iterator[Finding]:
    """Yield a finding about the first package without a hash; pip refuses it if others have one."""
    line = next((line for line, package in _list_packages(content) if _HASH not in package), None)
    if line is None:
        return
    source = f"{name.removesuffix('.txt')}.in"
    fix = f"List the packages in {source}, and run `{_LOCK} {source} -o {name}` ({_DOCS})."
    if must or _HASH in content:
        what = "this package has no hash, so pip refuses to install the list"
        yield error("not-pinned", name, line, "", what, fix)
        return
    what = "packages are not pinned by hash, so a later build may install others"
    fix = f"{fix} Then install it with `pip install {_REQUIRES_HASHES} -r`."
    yield warning("not-pinned", name, line, "", what, fix)


def _list_packages(content: str) -> Iterator[tuple[int, str]]:
    """Yield each package of a list with its line; its hashes may be on the lines that follow."""
    number = 1
    for entry in re.split(r"(?<!\\)\n", content.replace("\r\n", "\n")):
        text = re.sub(r"(?:^|\s)#.*", "", entry).strip()
        if text and not text.startswith("-"):
            yield number, text
        number += entry.count("\n") + 1
