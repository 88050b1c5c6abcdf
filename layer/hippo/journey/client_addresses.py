"""Network addresses in request headers, shortened to the participant's network or left out."""

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_UNKNOWN = "-"
_PORT = r"(?::[0-9]{1,5})?"
_ZONE = r"(?:%[\w.~-]+)?"
# After an end of a word, or after its colon, as in `ip:2001:db8::1`.
_IPV6_START = r"(?:(?<![0-9A-Za-z:.])|(?<=[G-Zg-z]:)|(?<=[0-9A-Za-z][A-Fa-f]:))"
# Two colons, then whatever remains at once: an optional repetition would take quadratic time on `[::::…`.
_IPV6 = r"(?:[0-9A-Fa-f]{0,4}:){2}[0-9A-Fa-f:.]*+"
# Not within a word or after its slash: the version in `Chrome/120.0.0.0` is not an address.
_IPV4_START, _IPV4_END = r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z]/)", r"(?!\.?[0-9A-Za-z])"
_IPV4 = rf"{_IPV4_START}[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}{_IPV4_END}"
_ONE_IPV4 = re.compile(_IPV4 + _PORT)
_ONE = re.compile(rf"\[{_IPV6}{_ZONE}\]{_PORT}|{_IPV6_START}{_IPV6}{_ZONE}|{_IPV4}{_PORT}")
_WHOLE = re.compile(rf"\[?(?P<address>[0-9A-Fa-f:.]+){_ZONE}\]?{_PORT}")
_BITS_OF_IPV4, _BITS_OF_IPV6 = 24, 48
# 6to4 carries an IPv4 address after its first 16 bits.
_BITS_OF_6TO4 = 16 + _BITS_OF_IPV4


def shorten_address(text: str) -> str:
    """Return the network of an address: 24 bits of IPv4, 48 of IPv6; `-` for what is not an address.

    Quotes, brackets, a port and a zone are left out.
    """
    return _shorten(text.strip().strip('"')) or _UNKNOWN


def shorten_addresses(text: str) -> str:
    """Return text in which the network replaces each address, also in a list or next to other text."""
    return _replace(text, _shorten)


def hide_addresses(text: str) -> str:
    """Return text in which `-` replaces each address."""
    return _replace(text, lambda found: _UNKNOWN if _shorten(found) else None)


def _replace(text: str, change: Callable[[str], str | None]) -> str:
    def change_one(found: re.Match[str]) -> str:
        # Text that only looks like IPv6 may still end with an IPv4 address.
        return change(found[0]) or _ONE_IPV4.sub(lambda inner: change(inner[0]) or inner[0], found[0])

    return _ONE.sub(change_one, text)


def _shorten(text: str) -> str | None:
    found = _WHOLE.fullmatch(text)
    for reading in _list_readings(found["address"]) if found else ():
        try:
            return _find_network(ip_address(reading))
        except ValueError:
            continue
    return None


def _list_readings(text: str) -> Iterator[str]:
    """Yield the text, and the address in it without a port, a full stop, a colon or leading zeros."""
    yield text
    yield text.strip(".")
    yield text.rpartition(":")[0]
    yield text.removeprefix(":")
    yield ".".join(part.lstrip("0") or "0" for part in text.split("."))


def _find_network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if isinstance(address, IPv4Address):
        bits = _BITS_OF_IPV4
    else:
        bits = _BITS_OF_6TO4 if address.sixtofour else _BITS_OF_IPV6
    return str(ip_network((address, bits), strict=False).network_address)
