"""Paths of the files in an export, and names that files cannot have."""

import errno
import os
import re
from pathlib import Path

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
_BAD = re.compile(r'[\x00-\x1f\\<>:"|?*]' if os.name == "nt" else r"[\x00-\x1f\\]")
# Text that looks like an encoded character.
_AMBIGUOUS = re.compile(r"%(?=2E|2F|5C|[01][0-9A-F])")


def find_trial_path(directory: Path, name: str) -> Path:
    """Return the path of a recorded file: trials/ and its name, which is {userId}/{file}.

    Parts of the name that would leave the folder, or that files cannot have, are percent-encoded.
    """
    return directory.joinpath(TRIALS, *(_encode(part) for part in name.split("/")))


def _encode(part: str) -> str:
    if not part:
        return "%2F"
    if part in (".", ".."):
        return part.replace(".", "%2E")
    return _BAD.sub(lambda match: f"%{ord(match[0]):02X}", _AMBIGUOUS.sub("%25", part))
