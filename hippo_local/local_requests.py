"""The requests that the platform's servers answer: sent by programs and pages of this machine only.

A web page from elsewhere can have a browser send requests to this machine. Three things give it away:
- a host name of its own, which its owner lets resolve to 127.0.0.1 (DNS rebinding); only names that resolve
  to this machine by definition are accepted;
- the header Origin, which names the page;
- the header Sec-Fetch-Site ("Fetch Metadata Request Headers", W3C), where a browser sends no Origin.
Programs send neither of the last two.
"""

import enum
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

# The names of this machine: RFC 6761 reserves those at and below "localhost".
_HOST = re.compile(r"(?:(?:[a-z0-9_-]+\.)*localhost|127\.0\.0\.1|\[::1\])\.?(?::\d{1,5})?", re.IGNORECASE)
_NAMES = re.compile(r"(?:[a-z0-9_-]+\.)*localhost|127\.0\.0\.1|::1")


class Audience(enum.Enum):
    """The web pages whose requests a server answers."""

    NO_PAGE = enum.auto()
    LOCAL_PAGES = enum.auto()
    # Also any link and frame that leads here; what is shown does not become readable for the page around it.
    LOCAL_PAGES_AND_LINKS = enum.auto()
    ANY_PAGE = enum.auto()


def find_refusal(headers: Iterable[tuple[str, str]], audience: Audience) -> str | None:
    """Return why a request with these headers must be refused, or None. Names may be in any case."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.strip())
    hosts = values.get("host", [])
    if not hosts or not all(map(is_local_host, hosts)):
        return (
            f"The Host header ({', '.join(hosts) or 'none'}) is not a name of this machine. Use localhost, "
            "127.0.0.1 or a name below localhost."
        )
    if audience is Audience.ANY_PAGE:
        return None
    return _find_foreign_page(values, audience)


def is_local_host(host: str) -> bool:
    """Return whether a Host header (a name, perhaps with a port) names this machine."""
    return _HOST.fullmatch(host) is not None


def is_local_origin(origin: str) -> bool:
    """Return whether an Origin header names a page of this machine, on any port. `null` does not."""
    try:
        parts = urlsplit(origin)
        name = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _NAMES.fullmatch(name) is not None


def _find_foreign_page(values: dict[str, list[str]], audience: Audience) -> str | None:
    origins = values.get("origin", [])
    sites = set(values.get("sec-fetch-site", []))
    if audience is Audience.NO_PAGE:
        if origins or sites - {"none"}:
            return "Web pages may not call AWS on this machine. Call it from a program, with the run's keys."
        return None
    if origins:
        foreign = [origin for origin in origins if not is_local_origin(origin)]
        return f"Pages of {', '.join(foreign)} may not call this machine." if foreign else None
    is_link = audience is Audience.LOCAL_PAGES_AND_LINKS and values.get("sec-fetch-mode") == ["navigate"]
    if "cross-site" in sites and not is_link:
        return "Pages of other sites may not call this machine."
    return None
