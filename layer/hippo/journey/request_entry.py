"""The stored entry of a request: the complete answer, and personal data in headers as the operator chose."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hippo.clock import to_wire
from hippo.errors import BadRequestError
from hippo.http import HttpRequest
from hippo.journey.client_addresses import hide_addresses, shorten_address, shorten_addresses

NEVER_STORED = {"authorization", "cookie", "proxy-authorization", "x-amz-security-token", "x-api-key"}
# The signature of a link admits its bearer, and a Referer may contain the whole link.
SIGNATURE = "signature"
_SIGNED = re.compile(r"([?&;]signature=)[^&#]*")  # after `;` in a link whose `&` was copied as `&amp;`
# Nothing but addresses: what is not an address, such as a host name, identifies a client too.
ADDRESS_HEADERS = {
    "x-forwarded-for",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cloudfront-viewer-address",
}
_FORWARDED = "forwarded"
# Content delivery networks add where they believe the client to be, such as CloudFront-Viewer-Latitude.
_LOCATION = re.compile(r"latitude|longitude|lat-?long|coordinates|geo-?location|edgescape|postal|zip-?code")


def build_entry(request: HttpRequest, now: datetime, client_address: str) -> dict[str, Any]:
    """Return one element of a record's `requests`; `client_address` is whole, shortened or none."""
    return {
        "httpMethod": request.method,
        "headers": _filter_headers(request.headers, client_address),
        "queryStringParameters": {k: v for k, v in request.query.items() if k != SIGNATURE},
        "body": request.body,
        "time": to_wire(now),
        "requestId": request.request_id,
    }


def check_answers(request: HttpRequest) -> None:
    """Raise BadRequestError unless the body of a POST is a JSON object or empty."""
    if request.method != "POST" or request.body is None:
        return
    try:
        answers = json.loads(request.body)
    except (ValueError, RecursionError):  # the latter: a thousand nested brackets
        raise BadRequestError("body: must be JSON") from None
    if not isinstance(answers, dict):
        raise BadRequestError("body: must be a JSON object of form fields")


def _filter_headers(headers: Mapping[str, Any], client_address: str) -> dict[str, Any]:
    kept = {}
    for name, value in headers.items():
        if name.lower() in NEVER_STORED:
            continue
        if client_address != "whole":
            value = _filter_value(name.lower(), str(value), client_address)
            if value is None:
                continue
        kept[name] = _SIGNED.sub(r"\1", value) if isinstance(value, str) else value
    return kept


def _filter_value(name: str, value: str, client_address: str) -> str | None:
    """Return a header's value without what says where the client is; None if nothing of it may be stored."""
    if _LOCATION.search(name):
        return None
    is_address = name in ADDRESS_HEADERS or name == _FORWARDED
    if client_address != "shortened":
        return None if is_address else hide_addresses(value)
    if name in ADDRESS_HEADERS:
        return ", ".join(shorten_address(part) for part in value.split(","))
    if name == _FORWARDED:
        return ", ".join(_shorten_forwarded(part) for part in value.split(","))
    return shorten_addresses(value)


def _shorten_forwarded(element: str) -> str:
    """Return an element of `Forwarded` with networks; `-` if it has no address, and so may name a host."""
    element = element.strip()
    return shorten_addresses(element) if hide_addresses(element) != element else "-"
