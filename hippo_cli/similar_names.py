"""The advice about a missing file when one with a similar name exists."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from hippo.ids import compose_name

# Endings of the same type. Windows hides endings, so an editor's .txt often goes unnoticed.
_SAME = {".htm": ".html", ".yaml": ".yml", ".jpeg": ".jpg", ".xhtml": ".html"}


def advise_similar(name: str, existing: Iterable[str], *, renames: bool = False) -> str | None:
    """Return what to do if a file was probably meant by a name that does not exist, or None.

    With `renames` the file must be renamed, even if only case differs, because its name is fixed.
    """
    names = sorted(existing)
    for other in names:
        if not renames and other != name and other.casefold() == name.casefold():
            return f"Write {other}: upper and lower case must match."
    plain = PurePosixPath(name).name
    for other in names:
        if not renames and other == plain != name:
            return f"Write {other}."
        if other == name:
            continue
        if _fold(PurePosixPath(other).name) == _fold(plain):
            hint = ", an ending that Windows may hide" if other.lower().endswith(".txt") else ""
            return f"Rename {other} to {name}{hint}."
    return None


def _fold(name: str) -> str:
    """Return a name without what people overlook: case, a second ending, spaces, forms of an ending."""
    text = re.sub(r"[\s_-]+", "", compose_name(name).casefold()).removesuffix(".txt")
    path = PurePosixPath(text)
    return path.stem + _SAME.get(path.suffix, path.suffix)
