"""The stored entry of a request: the complete answer, and personal data in headers as the operator chose."""

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hippo.clock import to_wire
from hippo.errors import BadRequestError
from hippo.http import HttpRequest

NEVER_STORED = {"authorization", "cookie", "proxy-authorization", "x-amz-security-token", "x-api-key"}
# The signature of a link admits its bearer, and a Referer may contain the whole link.
SIGNATURE = "signature"
_SIGNED = re.compile(r"([?&;]signature=)[^&#]*")  # after `;` in a link whose `&` was copied as `&amp;`
ADDRESS_HEADERS = {
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cloudfront-viewer-address",
}


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
        if name.lower() in ADDRESS_HEADERS and client_address != "whole":
            if client_address != "shortened":
                continue
            value = ", ".join(shorten_address(part) for part in str(value).split(","))
        kept[name] = _SIGNED.sub(r"\1", value) if isinstance(value, str) else value
    return kept


def shorten_address(text: str) -> str:
    """Return the network of an address: 24 bits of IPv4, 48 of IPv6; `-` for what is not an address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return "-"
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    return str(network.network_address)
