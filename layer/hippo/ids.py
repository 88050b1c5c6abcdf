"""Every id is checked here before it becomes a key, a host name or an ARN."""

import hashlib
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from hippo.errors import BadRequestError

# A DNS label holds 63 characters; 48 leave room for the prefix and attempt in names made of it.
_USER_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
_PROJECT_ID = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,63}")
# Step files lie flat below the project: no folder, so none can reach Users/, Trials/ or _versions/.
_FILE_NAME = re.compile(r"[^\W_][\w .()+-]{0,126}\w")
_LONGEST_NAME = 64  # EventBridge's limit for a rule's name, the tightest of those that carry these names


def parse_user_id(value: object, reserved: Iterable[str] = ()) -> str:
    """The user id in lower case; it becomes the host name `<userId>.<root domain>`.

    Raises BadRequestError for anything but letters, digits and inner hyphens, for more than 48
    characters, and for a label that matches one of the `reserved` patterns (`www`, `ns*`).
    """
    # Some letters beyond ASCII have a lower case within it, such as the Kelvin sign.
    if not isinstance(value, str) or not value.isascii() or not _USER_ID.fullmatch(user_id := value.lower()):
        raise BadRequestError("userId: 1 to 48 letters, digits or inner hyphens are needed")
    if any(fnmatchcase(user_id, pattern.lower()) for pattern in reserved):
        raise BadRequestError("userId: this name is reserved")
    return user_id


def parse_project_id(value: object) -> str:
    """The project id as given. Raises BadRequestError; ids that begin with `_` are the platform's own."""
    if not isinstance(value, str) or not _PROJECT_ID.fullmatch(value):
        raise BadRequestError("projectId: 1 to 64 letters, digits, - or _ are needed, not beginning with _")
    return value


def is_project_id(value: object) -> bool:
    """Whether it can be a project's id."""
    return isinstance(value, str) and _PROJECT_ID.fullmatch(value) is not None


def is_file_name(value: object, ending: str) -> bool:
    """Whether it can name a file of a study: a plain file name with that ending, no folders."""
    if not isinstance(value, str) or not value.endswith(ending) or ".." in value:
        return False
    return _FILE_NAME.fullmatch(value) is not None


def name_resources(prefix: str, attempt: int, user_id: str) -> str:
    """The name of the cluster and of the rule of one attempt, at most 64 characters.

    A short stack prefix lets policies be scoped by name and two stacks share an account.
    """
    name = f"{prefix}-{attempt}-{user_id}"
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(user_id.encode()).hexdigest()
    head = f"{prefix}-{attempt}-"
    return head + digest[: _LONGEST_NAME - len(head)]


def parse_resource_name(prefix: str, name: str) -> tuple[int, str] | None:
    """Attempt and user id of a name that `name_resources` made; None for any other.

    None too for one as long as those that hold a hash instead of the id: it cannot be told apart.
    """
    parts = re.fullmatch(rf"{re.escape(prefix)}-([1-9][0-9]{{0,5}})-(.+)", name)
    if parts is None or len(name) >= _LONGEST_NAME or not _USER_ID.fullmatch(parts[2]):
        return None
    return int(parts[1]), parts[2]
