"""Tests of what the platform's servers accept: names of this machine, and pages of this machine."""

import pytest

from hippo_local.local_requests import Audience, find_refusal, is_local_host, is_local_origin

LOCAL = ("Host", "localhost:8000")
FOREIGN = ("Origin", "https://evil.example")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1",
        "127.0.0.1:4566",
        "[::1]:4566",
        "u-1.localhost:5000",
        "abcd1234.execute-api.localhost:4566",
        "localhost.",
    ],
)
def test_names_of_this_machine_are_accepted(host: str) -> None:
    """Given a name that resolves to this machine by definition, it is accepted, with a port or without."""
    assert is_local_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0:4566",
        "192.168.1.2:4566",
        "d111.cloudfront.net",
        "localhost:80:80",
        "localhost@evil.example",
        "localhost\nevil.example",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    """Given a name whose owner decides where it leads, or an address that is not this machine's, it is
    refused.
    """
    assert not is_local_host(host)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:3000", True),
        ("https://localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://study.localhost:8000", True),
        ("null", False),
        ("file://", False),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("chrome-extension://localhost", False),
        ("http://[", False),
    ],
)
def test_origins_of_this_machine(origin: str, expected: bool) -> None:
    """Given an origin, it is local if its host is this machine, whatever its port."""
    assert is_local_origin(origin) is expected


@pytest.mark.parametrize("audience", Audience)
def test_a_foreign_host_is_refused_for_every_audience(audience: Audience) -> None:
    """Given a Host of another owner, or none, or two of which one is foreign, the request is refused."""
    for headers in (
        [("Host", "evil.example")],
        [],
        [LOCAL, ("host", "evil.example")],
    ):
        assert find_refusal(headers, audience)


@pytest.mark.parametrize("audience", Audience)
def test_programs_are_accepted_by_every_audience(audience: Audience) -> None:
    """Given a request without Origin and fetch metadata, it is accepted."""
    assert find_refusal([LOCAL, ("User-Agent", "Boto3")], audience) is None


@pytest.mark.parametrize(
    ("more", "accepted_by"),
    [
        ([("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")], "pages links any"),
        # A development server that is opened at 127.0.0.1 calls the API at localhost.
        ([("Origin", "http://127.0.0.1:3000"), ("Sec-Fetch-Site", "cross-site")], "pages links any"),
        ([("Sec-Fetch-Site", "same-origin")], "pages links any"),
        ([("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")], "none pages links any"),
        ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], "links any"),
        ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")], "any"),
        ([FOREIGN], "any"),
        ([("Origin", "null")], "any"),
        ([("Origin", "http://localhost:3000"), FOREIGN], "any"),
        ([FOREIGN, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], "any"),
    ],
)
def test_pages_are_accepted_where_they_may_call(more: list[tuple[str, str]], accepted_by: str) -> None:
    """Given a request of a page, the servers for which the page is an audience accept it, and no others."""
    names = {
        "none": Audience.NO_PAGE,
        "pages": Audience.LOCAL_PAGES,
        "links": Audience.LOCAL_PAGES_AND_LINKS,
        "any": Audience.ANY_PAGE,
    }

    accepted = {name for name, audience in names.items() if find_refusal([LOCAL, *more], audience) is None}

    assert accepted == set(accepted_by.split())
