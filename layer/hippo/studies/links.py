"""The parameters and signatures of a study's links, and user ids derived from a recruiter's ids."""

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping

from hippo.studies.placeholders import PREVIEW_PARAMETER, PREVIEW_VALUE, names_no_person, trim_value

LEAST_KEY_LENGTH = 32  # characters; shorter ones can be guessed


def name_link_key(project_id: str) -> str:
    """Return the S3 key of the secret that signs a project's links."""
    return f"{project_id}/_keys/links"


def sign_link(key: bytes, project_id: str, user_id: str) -> str:
    """Return the `signature` of a participant's link: base64url without padding of an HMAC-SHA256.

    `user_id` is in lower case; with `onePer` it is the one that `derive_user_id` returns.
    """
    digest = hmac.new(key, f"{project_id}/{user_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify_link(key: bytes | None, project_id: str, user_id: str, signature: str | None) -> bool:
    """Return whether this key made the signature; without a key no signature is valid."""
    if key is None or not signature:
        return False
    expected = sign_link(key, project_id, user_id)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


# The parameters that the platform reads itself; all others belong to the recruiter.
OWN_PARAMETERS = frozenset(
    {
        "projectId",
        "userId",
        "step",
        "retry",
        "signature",
        "screenWidth",
        "mobile",
        "css",
        "redirect",
        "debug",
        "server",
    }
)
MOST_PARAMETERS = 50
LONGEST_VALUE = 512
PARAMETER_NAME = "[A-Za-z0-9_.-]{1,64}"
_NAME = re.compile(PARAMETER_NAME)


def is_parameter_name(value: object) -> bool:
    """Return whether a value can be the name of a recruiter's parameter."""
    return isinstance(value, str) and value not in OWN_PARAMETERS and _NAME.fullmatch(value) is not None


def collect_parameters(query: Mapping[str, str], one_per: str | None = None) -> dict[str, str]:
    """Return the recruiter's parameters of a request, as the participant's record keeps them: as given.

    Only the parameter `one_per`, which identifies participants, is trimmed.
    """
    found = {
        name: trim_value(str(value)) if name == one_per else str(value)
        for name, value in query.items()
        if is_parameter_name(name) and value is not None and len(str(value)) <= LONGEST_VALUE
    }
    return dict(list(found.items())[:MOST_PARAMETERS])


def read_recruiter_id(query: Mapping[str, str], name: str) -> str | None:
    """Return the trimmed value of the parameter that identifies participants.

    Return None if it names no person: it is missing, empty, too long, or a placeholder.
    """
    value = query.get(name)
    if not value or len(value) > LONGEST_VALUE:
        return None
    value = trim_value(value)
    return None if names_no_person(name, value) else value


def is_preview(query: Mapping[str, str]) -> bool:
    """Return whether an MTurk worker previews the task, and has not accepted it."""
    return any(
        name.lower() == PREVIEW_PARAMETER and trim_value(str(value)) == PREVIEW_VALUE
        for name, value in query.items()
    )


def identify(project_id: str, one_per: str | None, query: Mapping[str, str]) -> str | None:
    """Return the user id of the person whom the recruiter's parameter names.

    Return None if the study has no such parameter, or it names no person. Everything that decides who a
    participant is calls this function.
    """
    value = read_recruiter_id(query, one_per) if one_per else None
    return derive_user_id(project_id, one_per, value) if one_per and value else None


def derive_user_id(project_id: str, name: str, value: str) -> str:
    """Return the user id for one value of a recruiter's parameter in one project, always the same.

    It is a UUID (version 8: custom, RFC 9562), because clients and groups expect that.
    """
    # Neither a project id nor a parameter's name can contain a line break, so different triples differ here.
    text = f"{project_id}\n{name}\n{value}".encode("utf-8", "surrogatepass")
    octets = bytearray(hashlib.sha256(text).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(octets)))
