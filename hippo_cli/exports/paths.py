"""Where the files of an export lie, and names that no file can have."""

import errno
import os
import re
from pathlib import Path

PRIVATE = "private"  # all that says who participants are; the rest can be shared
TRIALS = "trials"
STATE_FILE = "state.sqlite"
PART = ".part"  # ends the name of a file that is being written
# A name that is too long, or that is a file in one key and a folder in another: of no use here, and no fault
# of the disk.
UNUSABLE_NAME = {
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.EINVAL,
    errno.ENOTEMPTY,
    errno.EILSEQ,
}
_BAD = re.compile(r'[\x00-\x1f\\<>:"|?*]' if os.name == "nt" else r"[\x00-\x1f\\]")
# What would look like a character that was replaced.
_AMBIGUOUS = re.compile(r"%(?=2E|2F|5C|[01][0-9A-F])")


def find_trial_path(directory: Path, name: str) -> Path:
    """Where a recorded file is kept: below trials/ under its own name, `name` being {userId}/{file}.

    Parts of a name that would lead elsewhere, or that no file can have, are percent-encoded.
    """
    return directory.joinpath(TRIALS, *(_encode(part) for part in name.split("/")))


def _encode(part: str) -> str:
    if not part:
        return "%2F"
    if part in (".", ".."):
        return part.replace(".", "%2E")
    return _BAD.sub(lambda match: f"%{ord(match[0]):02X}", _AMBIGUOUS.sub("%25", part))
