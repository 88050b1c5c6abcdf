"""The checks that every id passes before it becomes a key, a host name or an ARN."""

import hashlib
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any
from unicodedata import category, normalize

from hippo.errors import BadRequestError, ReservedNameError

# A DNS label has at most 63 characters; 48 leave room for prefix and attempt in names that contain the id.
_USER_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
_PROJECT_ID = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,63}")
# Step files are directly below the project: without folders none can reach Users/, Trials/ or _versions/.
_FILE_NAME = re.compile(r"[^\W_][\w .()+-]{0,126}\w")
_SIGNS = ("Mn", "Mc", "So", "Sk")  # of Hindi and other scripts, and emoji
_JOINERS = "\u200c\u200d"
# The default of stacks. It means the name servers ns, ns1, ns2 …, but nsmith and NS001 are participants.
_NAME_SERVERS = "ns*"
_NAME_SERVER = re.compile(r"ns(?:0|[1-9][0-9]?)?")
_LONGEST_NAME = 64  # EventBridge's limit for the name of a rule, the tightest that applies


def parse_user_id(value: object, reserved: Iterable[str] = ()) -> str:
    """Return the user id in lower case; it becomes the host name `<userId>.<root domain>`.

    Raises BadRequestError for anything but letters, digits and inner hyphens, and for more than 48
    characters; ReservedNameError for a label that matches one of the `reserved` patterns (`www`, `db-*`).
    `ns*` stands for ns and for ns with a number up to 99.
    """
    # Some letters beyond ASCII have a lower case within it, such as the Kelvin sign.
    if not isinstance(value, str) or not value.isascii() or not _USER_ID.fullmatch(user_id := value.lower()):
        raise BadRequestError("userId: must be 1 to 48 letters, digits or inner hyphens")
    if any(_is_reserved(user_id, pattern.lower()) for pattern in reserved):
        raise ReservedNameError
    return user_id


def is_user_id(value: object) -> bool:
    """Return whether the value is a user id in the form in which it is stored: in lower case."""
    return isinstance(value, str) and value.isascii() and _USER_ID.fullmatch(value) is not None


def _is_reserved(label: str, pattern: str) -> bool:
    if pattern == _NAME_SERVERS:
        return _NAME_SERVER.fullmatch(label) is not None
    return fnmatchcase(label, pattern)


def parse_project_id(value: object) -> str:
    """Return the project id as given. Raises BadRequestError; the platform owns ids that begin with `_`."""
    if not isinstance(value, str) or not _PROJECT_ID.fullmatch(value):
        raise BadRequestError("projectId: must be 1 to 64 letters, digits, - or _, and not begin with _")
    return value


def is_project_id(value: object) -> bool:
    """Return whether the value can be a project id."""
    return isinstance(value, str) and _PROJECT_ID.fullmatch(value) is not None


def compose_name(value: Any) -> Any:
    """Return a file name or path with é as one character, as editors write it; macOS may write it as two."""
    return normalize("NFC", value) if isinstance(value, str) else value


def is_file_name(value: object, ending: str) -> bool:
    """Return whether the value can name a file of a study: a file name with that ending, no folders."""
    if not isinstance(value, str) or not value.endswith(ending) or ".." in value:
        return False
    return _FILE_NAME.fullmatch(_simplify(value)) is not None


def _simplify(name: str) -> str:
    """Return a name with a letter in place of each sign of a word that is not a letter."""
    return "".join(
        "x" if _is_sign(char, before) else char for before, char in zip(" " + name, name, strict=False)
    )


def _is_sign(char: str, before: str) -> bool:
    if char.isascii():
        return False
    return category(char) in _SIGNS or (char in _JOINERS and not before.isascii())


def name_resources(prefix: str, attempt: int, user_id: str) -> str:
    """Return the name of an attempt's cluster and rule, at most 64 characters.

    The short stack prefix lets policies be scoped by name and two stacks share an account.
    """
    name = f"{prefix}-{attempt}-{user_id}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(user_id.encode()).hexdigest()
    head = f"{prefix}-{attempt}-"
    return head + digest[: _LONGEST_NAME - len(head)]


def parse_resource_name(prefix: str, name: str) -> tuple[int, str] | None:
    """Return attempt and user id of a name that `name_resources` built; None for any other.

    Names as long as those with a hash instead of the id also give None: the two cannot be distinguished.
    """
    parts = re.fullmatch(rf"{re.escape(prefix)}-([1-9][0-9]{{0,5}})-(.+)", name)
    if parts is None or len(name) >= _LONGEST_NAME or not _USER_ID.fullmatch(parts[2]):
        return None
    return int(parts[1]), parts[2]
