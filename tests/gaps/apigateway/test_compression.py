"""Tests of API Gateway: compressed responses."""

import gzip
from typing import Any

import pytest

from tests.gaps.apigateway.test_responses import proxy
from tests.gaps.emulators import Emulator

LONG = "a page of a study\n" * 100
FUNCTION = f"""
def handler(event, context):
    is_long = event["path"].endswith("long")
    headers = {{"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}}
    return {{"statusCode": 200, "headers": headers, "body": {LONG!r} if is_long else "short"}}
"""


def make_api(emulator: Emulator, function: str, **properties: Any) -> str:
    """Create an API with these properties and deploy it to the stage `live`; return its id."""
    paths = {path: {"get": proxy(function)} for path in ("/long", "/short")}
    body = {"swagger": "2.0", "info": {"title": "test", "version": "1"}, "paths": paths}
    stage = {"RestApiId": {"Ref": "Api"}, "StageName": "live"}
    return emulator.deploy(
        {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body, **properties}},
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": stage},
        }
    )["Api"]


@pytest.fixture(scope="module")
def function(emulator: Emulator) -> str:
    """Create a function with a long and a short response."""
    return emulator.make_function(FUNCTION)


@pytest.fixture(scope="module")
def api(emulator: Emulator, function: str) -> str:
    """Create an API that compresses bodies of 1,000 bytes or more."""
    return make_api(emulator, function, MinimumCompressionSize=1000)


def test_a_long_body_is_compressed_for_a_client_that_accepts_it(emulator: Emulator, api: str) -> None:
    """Given a minimum size and gzip in Accept-Encoding, a longer body is compressed, with all its headers
    (API Gateway developer guide, "Payload compression for REST APIs in API Gateway").
    """
    status, headers, body = emulator.request("GET", api, "/long", {"Accept-Encoding": "gzip, deflate, br"})

    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert headers["access-control-allow-origin"] == "*"
    assert gzip.decompress(body).decode() == LONG
    assert int(headers["content-length"]) == len(body) < len(LONG)


@pytest.mark.parametrize(
    ("path", "accepted", "expected"),
    [("/long", "identity", LONG), ("/long", "gzip;q=0", LONG), ("/short", "gzip", "short")],
)
def test_other_bodies_are_plain(
    emulator: Emulator, api: str, path: str, accepted: str, expected: str
) -> None:
    """Given a client that does not accept gzip, or a shorter body, it is not compressed (the same page)."""
    _, headers, body = emulator.request("GET", api, path, {"Accept-Encoding": accepted})

    assert "content-encoding" not in headers
    assert body.decode() == expected


def test_an_api_without_a_minimum_size_compresses_nothing(emulator: Emulator, function: str) -> None:
    """Given no minimum size, a long body is not compressed (the same page)."""
    api = make_api(emulator, function)

    assert emulator.request("GET", api, "/long", {"Accept-Encoding": "gzip"})[2].decode() == LONG
