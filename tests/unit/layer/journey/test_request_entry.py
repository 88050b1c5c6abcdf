"""The entry of a request in the participant's record."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.errors import BadRequestError
from hippo.http import HttpRequest
from hippo.journey.client_addresses import shorten_address
from hippo.journey.request_entry import build_entry, check_answers

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def make_request(body: str | None = None, method: str = "POST", **headers: str) -> HttpRequest:
    """Return a request with these parts."""
    parts: dict[str, Any] = {"method": method, "query": {"userId": "u"}, "headers": headers, "body": body}
    return HttpRequest(**parts, request_id="r-1")


def test_entry_holds_the_request() -> None:
    """Given a request, its entry has all parts, its time and API Gateway's id."""
    entry = build_entry(make_request('{"a": "b"}', Accept="*/*"), NOON, "none")

    assert entry == {
        "httpMethod": "POST",
        "headers": {"Accept": "*/*"},
        "queryStringParameters": {"userId": "u"},
        "body": '{"a": "b"}',
        "time": "2030-01-01T12:00:00.000+00:00",
        "requestId": "r-1",
    }
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("https://h.example/?signature=s3cret", "https://h.example/?signature="),
        ("https://h.example/?a=b&signature=s3cret&c=d#e", "https://h.example/?a=b&signature=&c=d#e"),
        ("https://h.example/?mysignature=x", "https://h.example/?mysignature=x"),
        ("https://h.example/signature=x", "https://h.example/signature=x"),
    ],
)
def test_signature_of_a_link_is_not_stored(value: str, stored: str) -> None:
    """Given a signature in the query or in a header that contains the link, only the signature is left
    out."""
    request = make_request(None, Referer=value)
    signed = HttpRequest("GET", {"userId": "u", "signature": "s3cret"}, request.headers, None, "r")

    entry = build_entry(signed, NOON, "none")

    assert entry["headers"] == {"Referer": stored}
    assert entry["queryStringParameters"] == {"userId": "u"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.23", "198.51.100.0"),
        (" 198.51.100.255 ", "198.51.100.0"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8:aaaa::"),
        ("::1", "::"),
        ("unknown", "-"),
        ("198.51.100.23:443", "198.51.100.0"),
        ("", "-"),
    ],
)
def test_addresses_are_shortened_to_their_network(address: str, network: str) -> None:
    """Given an address, 24 bits of IPv4 or 48 of IPv6 are kept; nothing is kept of other text."""
    assert shorten_address(address) == network


@pytest.mark.parametrize("body", [None, "{}", '{"a": [1, {"b": null}]}'])
def test_form_data_is_taken(body: str | None) -> None:
    """Given a JSON object, or nothing, there is no error."""
    check_answers(make_request(body))


@pytest.mark.parametrize(
    "body", ["", "a=b", "[]", "null", '"a"', "{'a': 1}", "[" * 100_000, '{"a":' * 50_000]
)
def test_other_bodies_are_refused(body: str) -> None:
    """Given anything else, however deeply nested, it is an error."""
    with pytest.raises(BadRequestError, match="body: "):
        check_answers(make_request(body))


def test_body_of_a_get_does_not_matter() -> None:
    """Given a GET, which has no form data, there is no error."""
    check_answers(make_request("a=b", method="GET"))
