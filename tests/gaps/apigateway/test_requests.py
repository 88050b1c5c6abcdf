"""Tests of the event that a function gets from a REST API."""

import http.client
import json
from typing import Any

import pytest

from tests.gaps.apigateway.test_responses import make_api, proxy
from tests.gaps.emulators import Emulator

ECHO = (
    "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)


@pytest.fixture(scope="module")
def echo(emulator: Emulator) -> str:
    """Deploy an API that returns the event."""
    operation = proxy(emulator.make_function(ECHO))
    return make_api(
        emulator,
        {"/next": {"get": operation, "post": operation}},
        **{"x-amazon-apigateway-binary-media-types": ["image/png"]},
    )


def event_of(
    emulator: Emulator,
    api: str,
    query: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the event and the response's headers for a request whose header names are sent as written."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    connection.putrequest("POST" if body else "GET", f"/live/next{query}", skip_host=True)
    connection.putheader("Host", f"{api}.execute-api.localhost:{emulator.port}")
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    event = json.loads(answer.read())
    connection.close()
    return event, {name.lower(): value for name, value in answer.getheaders()}


def test_header_names_come_as_the_client_wrote_them(emulator: Emulator, echo: str) -> None:
    """Given header names in any case, the case is kept (API Gateway guide, "Set up Lambda proxy
    integrations", input format).
    """
    event, _ = event_of(emulator, echo, headers=(("X-Study", "a"), ("x-lower", "b"), ("user-agent", "c")))

    assert event["headers"]["X-Study"] == "a"
    assert event["headers"]["x-lower"] == "b"
    assert event["headers"]["User-Agent"] == "c"


def test_the_gateway_adds_its_own_headers(emulator: Emulator, echo: str) -> None:
    """Given a request, Host, X-Forwarded-… and X-Amzn-Trace-Id are added (API Gateway guide, "Set up Lambda
    proxy integrations").
    """
    event, _ = event_of(emulator, echo)

    assert {"Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"} <= set(
        event["headers"]
    )


def test_the_last_value_of_a_repeated_parameter_counts(emulator: Emulator, echo: str) -> None:
    """Given a repeated parameter, the single-valued map has the last value and the multi-valued one all (API
    Gateway guide, "… proxy integrations").
    """
    event, _ = event_of(emulator, echo, "?step=1&step=2")

    assert event["queryStringParameters"] == {"step": "2"}
    assert event["multiValueQueryStringParameters"] == {"step": ["1", "2"]}


def test_the_last_value_of_a_repeated_header_counts(emulator: Emulator, echo: str) -> None:
    """Given a repeated header, the single-valued map has the last value (API Gateway guide, "Set up Lambda
    proxy integrations").
    """
    event, _ = event_of(emulator, echo, headers=(("X-Study", "a"), ("X-Study", "b")))

    assert event["headers"]["X-Study"] == "b"
    assert event["multiValueHeaders"]["X-Study"] == ["a", "b"]


def test_no_parameters_are_null(emulator: Emulator, echo: str) -> None:
    """Given no parameters and no body, both are null, not empty (API Gateway guide, input format)."""
    event, _ = event_of(emulator, echo)

    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None


def test_a_body_of_a_binary_media_type_is_base64(emulator: Emulator, echo: str) -> None:
    """Given a binary media type, isBase64Encoded is true (API Gateway developer guide, "Binary media types
    for REST APIs").
    """
    binary, _ = event_of(emulator, echo, headers=(("Content-Type", "image/png"),), body=b"\x00\x01")
    text, _ = event_of(emulator, echo, headers=(("Content-Type", "application/json"),), body=b"{}")

    assert (binary["body"], binary["isBase64Encoded"]) == ("AAE=", True)
    assert (text["body"], text["isBase64Encoded"]) == ("{}", False)


def test_the_source_address_is_that_of_the_connection(emulator: Emulator, echo: str) -> None:
    """Given a client that claims another address, identity.sourceIp is the connection's (API Gateway guide,
    "$context").
    """
    event, _ = event_of(emulator, echo, headers=(("X-Forwarded-For", "203.0.113.9"),))

    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"


def test_the_response_has_the_request_id_of_the_event(emulator: Emulator, echo: str) -> None:
    """Given a response, its x-amzn-RequestId is requestContext.requestId (API Gateway developer guide,
    "$context variables").
    """
    event, headers = event_of(emulator, echo)

    assert headers["x-amzn-requestid"] == event["requestContext"]["requestId"]


def test_the_event_has_no_version(emulator: Emulator, echo: str) -> None:
    """Given a REST API, the event has no payload version, which only HTTP APIs send (API Gateway developer
    guide, input format of REST APIs).
    """
    event, _ = event_of(emulator, echo)

    assert "version" not in event
    assert event["path"] == "/next"
    assert event["requestContext"]["path"] == "/live/next"
