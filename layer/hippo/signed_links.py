"""Links that let in nobody but the participant they were made for."""

import base64
import hashlib
import hmac

LEAST_KEY_LENGTH = 32  # characters; shorter ones can be guessed


def link_key_of(project_id: str) -> str:
    """Where the key of a project's links lies in its bucket."""
    return f"{project_id}/_keys/links"


def sign_link(key: bytes, project_id: str, user_id: str) -> str:
    """The `signature` of a participant's link: base64url without padding of an HMAC-SHA256.

    `user_id` in lower case; with `onePer` the one that `derive_user_id` gives.
    """
    digest = hmac.new(key, f"{project_id}/{user_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify_link(key: bytes | None, project_id: str, user_id: str, signature: str | None) -> bool:
    """Whether the signature is the one that this key makes; without a key none is."""
    if key is None or not signature:
        return False
    expected = sign_link(key, project_id, user_id)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
