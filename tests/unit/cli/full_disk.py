"""A disk that fills up: Python's writes below a folder are counted, and refused from a certain write on."""

import builtins
import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_open, _mkdir, _fsync = io.open, os.mkdir, os.fsync


class FullDisk:
    """A disk with limited room. `writes` are the files, folders and pieces written since `fit`."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._room: int | None = None
        self._lock = threading.Lock()
        self.writes: list[str] = []

    @contextmanager
    def fit(self, room: int | None = None) -> Iterator[None]:
        """Use this disk within the context; it is full after `room` writes."""
        self._room, self.writes = room, []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(io, "open", self._open)
            patch.setattr(builtins, "open", self._open)
            patch.setattr(os, "mkdir", self._make_folder)
            patch.setattr(os, "fsync", self._sync)
            yield

    def take(self, what: str) -> None:
        """Count one write. Raises OSError if the disk is full."""
        self.writes.append(what)
        if self._room is not None and len(self.writes) > self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), what.partition(" ")[2] or None)

    def _open(self, file: Any, mode: str = "r", buffering: int = -1, *more: Any, **options: Any) -> Any:
        is_here = isinstance(file, str | os.PathLike) and self._holds(file)
        if not is_here or not set(mode) & set("wax+"):
            return _open(file, mode, buffering, *more, **options)
        self.take(f"open {file}")
        raw = _File(file, mode.replace("b", "").replace("t", ""), self)
        stream = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return stream if "b" in mode else io.TextIOWrapper(stream, *more, **options)

    def _make_folder(self, path: Any, *more: Any, **options: Any) -> None:
        with self._lock:  # two threads must not count the same folder
            is_new = os.path.isdir(os.path.dirname(os.path.abspath(path))) and not os.path.exists(path)
            if self._holds(path) and is_new:
                self.take(f"mkdir {path}")
            _mkdir(path, *more, **options)

    def _sync(self, number: int) -> None:
        self.take("fsync")
        _fsync(number)

    def _holds(self, path: Any) -> bool:
        return os.path.abspath(path).startswith(self._folder)


class _File(io.FileIO):
    """A file on the full disk, which writes the first half of a refused piece."""

    def __init__(self, path: Any, mode: str, disk: FullDisk) -> None:
        super().__init__(path, mode)
        self._disk = disk

    def write(self, piece: Any) -> int:
        """Write a piece, as FileIO does."""
        try:
            self._disk.take("write")
        except OSError:
            super().write(bytes(piece)[: len(piece) // 2])
            raise
        return super().write(piece)
