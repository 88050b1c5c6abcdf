"""The proof for recruiters that a participant has finished: a code, a link back, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]{1,64})\}")
ORIGIN_EXPECTED = (
    "must be an origin: https:// or wss:// and a host, such as https://survey.example.org or "
    "wss://games.example.org:5000, without a path"
)
_LOCAL_HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Completion:
    """The config's code, and its URL with placeholders; either may be absent."""

    code: str | None = None
    url: str | None = None


def fill_completion(
    completion: Completion | None, user_id: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return `{"code", "url"}` for one participant, without those that the config does not name.

    The URL's `{code}`, `{userId}` and `{recorded parameter}` are filled in, each percent-encoded. A parameter
    that was not recorded becomes empty.
    """
    if completion is None:
        return {}
    values = {**parameters, "code": completion.code or "", "userId": user_id}
    proof = {"code": completion.code} if completion.code else {}
    if completion.url:
        proof["url"] = PLACEHOLDER.sub(
            lambda match: quote(values.get(match[1], ""), safe="", errors="replace"), completion.url
        )
    return proof


def find_origin(url: str) -> str:
    """Return scheme, host and port of a URL that `check_url` or `check_origin` accepts."""
    parts = urlsplit(PLACEHOLDER.sub("", url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def check_origin(origin: object) -> str:
    """Return an origin of a page or of a game server. Raises ValueError that says what it must be."""
    if not isinstance(origin, str) or not origin.isprintable() or any(c in origin for c in " \\@?#*{}"):
        raise ValueError(ORIGIN_EXPECTED)
    try:
        parts = urlsplit(origin)
        host = parts.hostname
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError(ORIGIN_EXPECTED) from None
    is_safe = parts.scheme in ("https", "wss")
    is_local = parts.scheme in ("http", "ws") and host in _LOCAL_HOSTS
    if not host or parts.path not in ("", "/") or not (is_safe or is_local):
        raise ValueError(ORIGIN_EXPECTED)
    return find_origin(origin)


def check_url(url: object) -> str:
    """Return a valid completion URL. Raises ValueError that says what it must be."""
    if not isinstance(url, str) or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("must be a URL without spaces")
    if "{" in (rest := PLACEHOLDER.sub("", url)) or "}" in rest:
        raise ValueError(
            "may have only the placeholders {code}, {userId} and the {name} of a link's parameter"
        )
    try:
        parts = urlsplit(PLACEHOLDER.sub("\0", url))
        host = parts.hostname
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError("must be a URL with a host") from None
    if not host or "\0" in parts.netloc:
        raise ValueError("must have a host without a placeholder")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL_HOSTS):
        raise ValueError("must begin with https:// (http:// for localhost only)")
    return url
