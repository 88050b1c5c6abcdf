"""Files that only their owner may read: outputs.json has the keys, and data has what people answered."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

# New files get mode 0600, new directories 0700.
PRIVATE_UMASK = 0o077
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextlib.contextmanager
def write_private_files() -> Iterator[None]:
    """Let this process, and those that it starts, create files that only their owner may read."""
    before = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private(directory: Path) -> None:
    """Take everyone else's permissions from a directory and all that is in it.

    A directory that is private already is left alone: its files were written as private ones.
    """
    if not directory.stat().st_mode & _OTHERS:
        return
    for folder, _, names in os.walk(directory, topdown=False):
        for path in (*(Path(folder, name) for name in names), Path(folder)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~_OTHERS)
