"""Network addresses in the headers of requests, in every form that proxies write them."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.journey.client_addresses import hide_addresses, shorten_address, shorten_addresses

PAIRS = [
    ("198.51.100.23", "198.51.100.0"),
    ("198.51.100.23:443", "198.51.100.0"),
    ("198.051.100.023", "198.51.100.0"),
    ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::"),
    ("[2001:db8:aaaa:bbbb::1]", "2001:db8:aaaa::"),
    ("[2001:db8:aaaa:bbbb::1]:4711", "2001:db8:aaaa::"),
    ("2001:0db8:85a3:0:0:8a2e:0370:7334:443", "2001:db8:85a3::"),  # as CloudFront-Viewer-Address writes it
    ("fe80::1234:5678%eth0", "fe80::"),
    ("[fe80::1234:5678%25en0]:80", "fe80::"),
    ("::ffff:198.51.100.23", "198.51.100.0"),
    ("::ffff:c633:6417", "198.51.100.0"),
    ("[::ffff:198.51.100.23]:80", "198.51.100.0"),
    ("2002:c633:6417::1", "2002:c633:6400::"),  # 6to4, which carries 198.51.100.23
    ("64:ff9b::198.51.100.23", "64:ff9b::"),
]
FRAMES = [
    "{}",
    " {} ",
    '"{}"',
    "unknown, {}",
    "{}, {}",
    "{};{}",
    "{}|{}",
    'for="{}";proto=https;by={}',
    '{{"ip":"{}"}}',
    "ip={}&port=1",
    "client:{}",
    "id:{}",
    "1.1 {} (squid/5.7)",
    "user@{}",
    "https://{}/path",
    "/{}",
    "_{}",
]


@pytest.mark.parametrize(("address", "network"), PAIRS)
def test_every_form_of_an_address_is_shortened(address: str, network: str) -> None:
    """Given an address with a port, in brackets, with a zone, or IPv4 within IPv6, its network is kept."""
    assert shorten_address(address) == network


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("address", "network"), [pair for pair in PAIRS if pair[0][0] != "["])
def test_addresses_next_to_other_text_are_shortened(frame: str, address: str, network: str) -> None:
    """Given an address in a list or next to other text, the network replaces it and the rest stays."""
    count = frame.count("{}")

    assert shorten_addresses(frame.format(*[address] * count)) == frame.format(*[network] * count)
    assert hide_addresses(frame.format(*[address] * count)) == frame.format(*["-"] * count)


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) AppleWebKit/537.36 Chrome/120.1.2.3 Safari/537.36",
        "text/html,application/xml;q=0.9,*/*;q=0.8",
        "Tue, 01 Jan 2030 12:34:56 GMT",
        "Root=1-5e1b4151-5ac6c58f4f7d1d3d7e5f1f2a",
        "5af7183fb1d4cf5f:3c1a2b:0:1",
        'W/"ab:cd"',
        "std::string",
        "1.2.3.4.5",
        "10.0.19045",
        "999.999.999.999",
        "00:11:22:33:44:55",
        "localhost:3000",
        "",
    ],
)
def test_other_text_stays(text: str) -> None:
    """Given versions, times and other numbers, nothing changes."""
    assert shorten_addresses(text) == hide_addresses(text) == text


@given(st.ip_addresses(), st.sampled_from(FRAMES))
def test_no_whole_address_remains(address: object, frame: str) -> None:
    """Given any address, in any frame, it does not remain unless it is its own network."""
    text = frame.format(*[address] * frame.count("{}"))

    assert shorten_address(str(address)) == str(address) or str(address) not in shorten_addresses(text)
    assert str(address) not in hide_addresses(text) or str(address) == "::"
    assert ip_address(shorten_address(str(address)))
