"""How participants prove to their recruiter that they have finished: a code, a link back, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]{1,64})\}")
_LOCAL_HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Completion:
    """What the config says: the code, and the URL with its placeholders; either may be absent."""

    code: str | None = None
    url: str | None = None


def fill_completion(
    completion: Completion | None, user_id: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """`{"code", "url"}` for one participant, without what the config does not name.

    The URL's `{code}`, `{userId}` and `{recorded parameter}` are filled in, each percent-encoded; what was
    not recorded becomes empty.
    """
    if completion is None:
        return {}
    values = {**parameters, "code": completion.code or "", "userId": user_id}
    answer = {"code": completion.code} if completion.code else {}
    if completion.url:
        answer["url"] = _PLACEHOLDER.sub(
            lambda match: quote(values.get(match[1], ""), safe="", errors="replace"), completion.url
        )
    return answer


def check_url(url: object) -> str:
    """A completion URL as it may stand in a config. Raises ValueError that says what is wrong."""
    if not isinstance(url, str) or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("a URL without spaces is needed")
    if "{" in (rest := _PLACEHOLDER.sub("", url)) or "}" in rest:
        raise ValueError("placeholders are {code}, {userId} or the {name} of a link's parameter")
    try:
        parts = urlsplit(_PLACEHOLDER.sub("\0", url))
        host = parts.hostname
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError("a URL with a host is needed") from None
    if not host or "\0" in parts.netloc:
        raise ValueError("a host is needed, and no placeholder in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL_HOSTS):
        raise ValueError("https:// is needed (http:// for localhost only)")
    return url
