"""Paths of the files in an export, and names that files cannot have."""

import errno
import os
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

PRIVATE = "private"  # everything that identifies participants; the rest can be shared
TRIALS = "trials"
STATE_FILE = "state.sqlite"
PART = ".part"  # suffix of a file that is being written
# Errors for a name that is too long, or that is a file in one key and a folder in another. The name is
# unusable, but the disk is not at fault.
UNUSABLE_NAME_ERRORS = {
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.EINVAL,
    errno.ENOTEMPTY,
    errno.EILSEQ,
}
_BAD = re.compile(r"[\x00-\x1f\\]")
_BAD_ON_WINDOWS = re.compile(r'[\x00-\x1f\\<>:"|?*]|[. ]\Z')
# Names of devices, with any suffix:
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=[ .]|\Z)", re.IGNORECASE)
# Text that looks like an encoded character.
_AMBIGUOUS = re.compile(r"%(?=2E|2F|5C|[01][0-9A-F])")
_AMBIGUOUS_ELSEWHERE = re.compile(r"%(?=[0-9A-F]{2})")  # where more characters are encoded
_CASED = re.compile(r"%[0-9A-F]{2}|[A-Z]|[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class FileSystem:
    """The limits of a file system: Windows's special names, or names that must differ in more than case."""

    is_windows: bool = False
    ignores_case: bool = False


def examine_file_system(folder: Path) -> FileSystem:
    """Return the limits of the file system of a folder, which may be on another disk than the system's."""
    probe = folder / f"{uuid4().hex}-case{PART}"
    probe.touch()
    try:
        return FileSystem(os.name == "nt", probe.with_name(probe.name.upper()).exists())
    finally:
        probe.unlink()


def fold_name(name: str) -> str:
    """Return the same text for names that are one file where case is ignored."""
    return unicodedata.normalize("NFC", name).casefold()


class TrialPaths:
    """Paths of recorded files: trials/ and the file's name, which is {userId}/{file}.

    Parts of a name that would leave the folder, or that files cannot have, are percent-encoded. So are
    the capital letters of `colliding` names, which differ from another name only in case.
    """

    def __init__(
        self, directory: Path, limits: FileSystem = FileSystem(), colliding: Collection[str] = ()
    ) -> None:
        self._folder = directory / TRIALS
        self._limits = limits
        self._colliding = colliding

    def find(self, name: str) -> Path:
        """Return the file's path."""
        return self._build(name, keeps_case=name not in self._colliding)

    def find_former(self, name: str) -> Path | None:
        """Return the path that the file had if its name was colliding and no longer is, otherwise None."""
        if not self._limits.ignores_case or name in self._colliding:
            return None
        former = self._build(name, keeps_case=False)
        return former if former != self.find(name) else None

    def _build(self, name: str, *, keeps_case: bool) -> Path:
        parts = [self._encode(part) for part in name.split("/")]
        return self._folder.joinpath(*(parts if keeps_case else map(_encode_case, parts)))

    def _encode(self, part: str) -> str:
        if not part:
            return "%2F"
        if part in (".", ".."):
            return part.replace(".", "%2E")
        is_plain = self._limits == FileSystem()
        part = (_AMBIGUOUS if is_plain else _AMBIGUOUS_ELSEWHERE).sub("%25", part)
        part = (_BAD_ON_WINDOWS if self._limits.is_windows else _BAD).sub(lambda m: _percent(m[0]), part)
        if self._limits.is_windows and _DEVICE.match(part):
            part = _percent(part[0]) + part[1:]
        return part


def _encode_case(part: str) -> str:
    """Encode letters that have another case, except in characters that are encoded already."""
    return _CASED.sub(lambda match: match[0] if match[0][0] == "%" else _percent(match[0]), part)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
