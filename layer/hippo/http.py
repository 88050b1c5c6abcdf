"""API Gateway's proxy events and responses; the only module where errors become HTTP responses."""

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hippo import metrics
from hippo.errors import BadRequestError, TransientError

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024

# On every response, errors included: a browser hides a response without them from the page.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Allow-Methods": "OPTIONS,GET,POST",
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as a handler sees it; `body` is text, None if it is empty.

    `address` is the client's as API Gateway itself saw it; a header could say anything. It is in no log.
    """

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None
    request_id: str
    address: str = field(default="", repr=False)


def parse_request(event: Mapping[str, Any]) -> HttpRequest:
    """Read a REST API proxy event, in which absent parts are null.

    Raises BadRequestError for a body over 256 KiB or one that is not UTF-8 text.
    """
    context = event.get("requestContext") or {}
    identity = context.get("identity") or {}
    return HttpRequest(
        method=str(event.get("httpMethod") or "GET").upper(),
        query=_restore_names(event.get("queryStringParameters") or {}),
        headers=event.get("headers") or {},
        body=_decode_body(event),
        request_id=str(context.get("requestId") or ""),
        address=str(identity.get("sourceIp") or ""),
    )


def _restore_names(query: Mapping[str, str]) -> dict[str, str]:
    """Return the query of a link whose `&` was copied as `&amp;`. A plain name takes precedence."""
    escaped = {re.sub("^(?:amp;)+", "", name): value for name, value in query.items()}
    return escaped | {name: value for name, value in query.items() if not name.startswith("amp;")}


def _decode_body(event: Mapping[str, Any]) -> str | None:
    body = event.get("body")
    if body is None or body == "":
        return None
    if not isinstance(body, str):
        raise BadRequestError("body: must be text")
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise BadRequestError("body: must be UTF-8 text") from None
    if len(body.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        raise BadRequestError("body: larger than 256 KiB")
    return body


def build_response(status: int, content: object = None) -> dict[str, Any]:
    """Return a proxy response with `content` as JSON; without content the body is empty."""
    return {
        "statusCode": status,
        "headers": {**CORS_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store"},
        "body": "" if content is None else json.dumps(content),
        "isBase64Encoded": False,
    }


def respond_to(event: Mapping[str, Any], work: Callable[[HttpRequest], dict[str, Any]]) -> dict[str, Any]:
    """Parse the request and return the response of `work`.

    A BadRequestError becomes 400 and a TransientError 503, each with a JSON string. Any other exception is a
    defect and leaves the handler, so that it counts as an error of the function. API Gateway then returns 502
    with the CORS headers of its gateway response.
    """
    try:
        return work(parse_request(event))
    except BadRequestError as error:
        logger.info("refused", extra={"status": 400, "reason": str(error)})
        metrics.record({"BadRequests": 1})
        return build_response(400, str(error))
    except TransientError as error:
        logger.error("unavailable", extra={"status": 503, "reason": str(error)[:200]})
        metrics.record({"Unavailable": 1})
        return build_response(503, "The service is busy. Please try again in a moment.")
