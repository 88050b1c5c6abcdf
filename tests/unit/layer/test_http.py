"""Proxy events and proxy responses."""

import base64
import json
from typing import Any

import pytest

from hippo.errors import BadRequestError, ProjectNotFoundError, TransientError
from hippo.http import build_response, parse_request, respond_to


def test_sample_event_is_read_whole(load_event: Any) -> None:
    """Given the sample POST, the request has method, query, headers, body and API request id."""
    event = load_event("next_post")

    request = parse_request(event)

    assert (request.method, request.query, request.headers) == (
        "POST",
        event["queryStringParameters"],
        event["headers"],
    )
    assert (request.body, request.request_id) == (event["body"], event["requestContext"]["requestId"])


@pytest.mark.parametrize(
    "event",
    [
        {},
        {
            "queryStringParameters": None,
            "headers": None,
            "body": None,
            "requestContext": None,
            "httpMethod": None,
        },
    ],
)
def test_absent_parts_are_empty(event: dict[str, Any]) -> None:
    """Given an event whose parts are absent or null, it is an empty GET."""
    request = parse_request(event)

    assert (request.method, dict(request.query), dict(request.headers)) == ("GET", {}, {})
    assert (request.body, request.request_id) == (None, "")


def test_empty_body_is_no_body() -> None:
    """Given an empty body, it is None."""
    assert parse_request({"body": ""}).body is None


def test_base64_body_is_text() -> None:
    """Given a body in base64, its text is decoded."""
    body = base64.b64encode("Zoë".encode()).decode()

    assert parse_request({"body": body, "isBase64Encoded": True}).body == "Zoë"


@pytest.mark.parametrize("body", ["*", "AA", base64.b64encode(b"\xff").decode()])
def test_base64_body_that_is_no_text_is_refused(body: str) -> None:
    """Given a body that is not base64 or not UTF-8 text, an error is raised."""
    with pytest.raises(BadRequestError, match="UTF-8"):
        parse_request({"body": body, "isBase64Encoded": True})


@pytest.mark.parametrize("encoded", [True, False])
def test_body_of_256_kib_is_the_largest(encoded: bool) -> None:
    """Given 256 KiB of text, it is accepted; one byte more is refused."""

    def parse(text: str) -> str | None:
        body = base64.b64encode(text.encode()).decode() if encoded else text
        return parse_request({"body": body, "isBase64Encoded": encoded}).body

    assert parse("x" * 262_144) == "x" * 262_144
    with pytest.raises(BadRequestError, match="256 KiB"):
        parse("x" * 262_145)


def test_body_that_is_not_text_is_refused() -> None:
    """Given a test event whose body is JSON itself, not its text, the error says so."""
    with pytest.raises(BadRequestError, match="must be text"):
        parse_request({"body": {"a": 1}})


def test_answer_without_content_is_empty() -> None:
    """Given no content, the body is empty, not null."""
    assert build_response(200)["body"] == ""


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (BadRequestError("step: no"), 400, "step: no"),
        (ProjectNotFoundError(), 400, "Project ID Not Found"),
        (TransientError("s3 down, with details"), 503, "The service is busy. Please try again in a moment."),
    ],
)
def test_errors_become_answers(error: Exception, status: int, text: str) -> None:
    """Given one of our errors, the response has its status and a JSON string; details stay in the log."""

    def fail(_request: Any) -> dict[str, Any]:
        raise error

    response = respond_to({}, fail)

    assert (response["statusCode"], json.loads(response["body"])) == (status, text)


def test_defects_leave_the_handler() -> None:
    """Given any other exception, it counts as an error of the function."""
    with pytest.raises(ZeroDivisionError):
        respond_to({}, lambda _request: {"never": 1 // 0})
