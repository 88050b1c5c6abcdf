"""Signatures of links."""

import base64
import hashlib
import hmac

import pytest

from hippo.studies.links import name_link_key, sign_link, verify_link

KEY = b"0123456789abcdef0123456789abcdef"
SIGNATURE = sign_link(KEY, "p", "ada")


def test_signature_is_what_the_documentation_says() -> None:
    """Given a key, the signature is base64url without padding of HMAC-SHA256 over project and user."""
    digest = hmac.new(KEY, b"p/ada", hashlib.sha256).digest()

    assert base64.urlsafe_b64encode(digest).decode() == SIGNATURE + "="
    assert name_link_key("p") == "p/_keys/links"


def test_own_signature_is_valid() -> None:
    """Given what was signed, it is valid."""
    assert verify_link(KEY, "p", "ada", SIGNATURE)


@pytest.mark.parametrize(
    ("key", "project_id", "user_id", "signature"),
    [
        (KEY, "p", "ada", None),
        (KEY, "p", "ada", ""),
        (KEY, "p", "ada", SIGNATURE[:-1]),
        (KEY, "p", "ada", SIGNATURE + "="),
        (KEY, "p", "ada", SIGNATURE.swapcase()),
        (KEY, "p", "ada", "é\ud800" + SIGNATURE[2:]),
        (KEY, "p", "eve", SIGNATURE),
        (KEY, "q", "ada", SIGNATURE),
        (KEY[::-1], "p", "ada", SIGNATURE),
        (None, "p", "ada", SIGNATURE),
        (None, "p", "ada", None),
    ],
)
def test_anything_else_is_not(
    key: bytes | None, project_id: str, user_id: str, signature: str | None
) -> None:
    """Given another key, project, user or text, or none, it is not valid."""
    assert not verify_link(key, project_id, user_id, signature)
