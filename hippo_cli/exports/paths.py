"""Paths of the files in an export, and names that files cannot have."""

import errno
import os
import re
import unicodedata
from collections.abc import Callable, Collection
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
# Characters that change how a name looks and not how it reads: controls, line separators, and those that
# Unicode calls "default ignorable", which some file systems ignore when they compare names.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_UNSEEN = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_BAD = re.compile(rf"[{_UNSEEN}\\]|\A\.")
# A tilde and a digit may be the short name of another file: git~1 is .git.
_BAD_ON_WINDOWS = re.compile(rf'[{_UNSEEN}\\<>:"|?*]|[. ]\Z|\A\.|~(?=\d)')
# Files that programs run or obey without being asked when they start in a folder or show it. A folder with
# a HEAD may be a bare repository of git, whose configuration can name programs.
_OBEYED = re.compile(
    r"HEAD|_darcs|_FOSSIL_|desktop\.ini|autorun\.inf|startup\.m|finish\.m|profile\.do|autoexec\.sas",
    re.IGNORECASE | re.ASCII,
)
# Names of devices, with any suffix:
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=[ .]|\Z)", re.IGNORECASE)
# Text that may look like an encoded character, or like such text that is encoded in turn.
_ENCODED = re.compile(r"%(?=(?:25)*(?P<codes>[0-9A-F]{2}(?:%[0-9A-F]{2}){,3}))")
_ENCODED_FIRST = re.compile(r"\A%(?:25)*([0-7][0-9A-F])")
_AMBIGUOUS_ELSEWHERE = re.compile(r"%(?=[0-9A-F]{2})")  # where more characters are encoded
# The same as releases up to 0.2 had them.
_EARLIER_BAD = re.compile(r"[\x00-\x1f\\]")
_EARLIER_BAD_ON_WINDOWS = re.compile(r'[\x00-\x1f\\<>:"|?*]|[. ]\Z')
_EARLIER_AMBIGUOUS = re.compile(r"%(?=2E|2F|5C|[01][0-9A-F])")
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

    Parts of a name that would leave the folder, that are hidden, that programs obey, or that files cannot
    have, are percent-encoded, because any image may have chosen the name. So are characters that are not
    seen, and the capital letters of `colliding` names, which differ from another name only in case.
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

    def find_earlier(self, name: str) -> Path:
        """Return the path that the file had before hidden names were encoded."""
        return self._build(name, keeps_case=name not in self._colliding, encode=self._encode_earlier)

    def _build(self, name: str, *, keeps_case: bool, encode: Callable[[str], str] | None = None) -> Path:
        parts = [(encode or self._encode)(part) for part in name.split("/")]
        return self._folder.joinpath(*(parts if keeps_case else map(_encode_case, parts)))

    def _encode(self, part: str) -> str:
        if not part:
            return "%2F"
        if part in (".", ".."):
            return part.replace(".", "%2E")
        if _OBEYED.fullmatch(_ENCODED_FIRST.sub(lambda match: chr(int(match[1], 16)), part)):
            return _percent(part[0]) + part[1:]
        if self._limits == FileSystem():
            part = _ENCODED.sub(_encode_ambiguous, part)
        else:
            part = _AMBIGUOUS_ELSEWHERE.sub("%25", part)
        part = (_BAD_ON_WINDOWS if self._limits.is_windows else _BAD).sub(lambda m: _percent(m[0]), part)
        return self._encode_device(part)

    def _encode_earlier(self, part: str) -> str:
        if not part:
            return "%2F"
        if part in (".", ".."):
            return part.replace(".", "%2E")
        is_plain = self._limits == FileSystem()
        part = (_EARLIER_AMBIGUOUS if is_plain else _AMBIGUOUS_ELSEWHERE).sub("%25", part)
        bad = _EARLIER_BAD_ON_WINDOWS if self._limits.is_windows else _EARLIER_BAD
        return self._encode_device(bad.sub(lambda match: _percent(match[0]), part))

    def _encode_device(self, part: str) -> str:
        return _percent(part[0]) + part[1:] if self._limits.is_windows and _DEVICE.match(part) else part


def _encode_ambiguous(match: re.Match[str]) -> str:
    """Encode the percent sign of text that looks like a character that is encoded."""
    text = bytes.fromhex(match["codes"].replace("%", "")).decode(errors="replace")
    return "%25" if text[0] in "./" or _BAD.match(text) else "%"


def _encode_case(part: str) -> str:
    """Encode letters that have another case, except in characters that are encoded already."""
    return _CASED.sub(lambda match: match[0] if match[0][0] == "%" else _percent(match[0]), part)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
