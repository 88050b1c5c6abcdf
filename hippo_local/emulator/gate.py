"""The gate in front of the emulator: what it lets in, from whom, and with which signature.

Closed unless one of these opens it:
- a method of a deployed API or a path of a deployed distribution is open to everyone on this machine, as on
  AWS to everyone, and to the pages that may use it;
- the state of the emulator, and the address that CloudFormation gives a function for its response (it ends in
  a random token), are open to programs;
- everything else is AWS itself, and needs a signature with a key of this run.

MiniStack accepts any Host, serves some paths of its own and the image registry to everyone, and answers every
Origin with `Access-Control-Allow-Origin: *`.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote

from hippo_local.emulator.apigateway.requests import Application
from hippo_local.emulator.iam.signatures import (
    Request,
    Response,
    check_installation,
    find_failure,
    is_of_root,
)
from hippo_local.emulator.ministack import load, require
from hippo_local.local_requests import Audience, find_refusal

_app = load("app")
_cloudfront = load("services.cloudfront")
_gateway = load("services.apigateway_v1")
_responses = load("core.responses")
_sigv4 = load("core.sigv4")

_HEALTH = "/_ministack/health"
_CALLBACKS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
# MiniStack's controls, such as the one that deletes everything. Nothing here uses them.
_CONTROLS = ("/_ministack/", "/_localstack/")
# MiniStack looks at these paths before it looks for an API or a distribution with the request's host name.
_BEFORE_HOSTS = ("/_", "/iceberg", "/v2", "/v20180820/")


def close(application: Application) -> Application:
    """Wrap MiniStack's application, whose header names are in lower case."""
    check_installation()
    require(_app, "_parse_cloudfront_dataplane_host", "_parse_execute_api_url")
    require(_app, "_resolve_custom_domain_request")
    require(_cloudfront, "find_distribution_for_label")
    require(_gateway, "find_api_scope")

    async def gated(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
        elif scope["type"] == "http":
            await _serve(application, scope, receive, send)
        else:  # no service that a study uses speaks WebSocket
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    return gated


async def _serve(application: Application, scope: Any, receive: Any, send: Any) -> None:
    request = _read_request(scope)
    audience = _find_audience(request)
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    if refusal := find_refusal(pairs, audience):
        await _respond(send, request, _refuse(refusal))
    elif _is_control(request):
        await _respond(send, request, _refuse("The emulator's own controls are switched off."))
    elif _is_open(request, audience):
        await application(scope, receive, send)
    else:
        body = await _read_body(receive)
        if body is None:  # the client has gone
            return
        if failure := find_failure(request, body):
            await _respond(send, request, failure)
        else:
            await application(scope, _replay(body, receive), send)


def _read_request(scope: Any) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), _sigv4.decode_header_value(raw_value)
        # A signature covers a header that comes twice as its values joined by a comma.
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    return Request(scope["method"], scope["path"], raw_path.decode("latin-1"), headers, query)


def _find_audience(request: Request) -> Audience:
    host = request.headers.get("host", "")
    if _is_api(host, request.path):
        return Audience.LOCAL_PAGES
    if request.path.startswith(_BEFORE_HOSTS):
        return Audience.NO_PAGE
    label = _app._parse_cloudfront_dataplane_host(host)
    is_distribution = label is not None and _cloudfront.find_distribution_for_label(label) is not None
    return Audience.ANY_PAGE if is_distribution else Audience.NO_PAGE


def _is_api(host: str, path: str) -> bool:
    address = _app._parse_execute_api_url("localhost", path)
    if address is None and not path.startswith(_BEFORE_HOSTS):
        by_name = _app._resolve_custom_domain_request(host, path)
        address = by_name or _app._parse_execute_api_url(host, path)
    return address is not None and _gateway.find_api_scope(address[0]) is not None


def _is_control(request: Request) -> bool:
    return request.path.startswith(_CONTROLS) and not _is_open_to_programs(request)


def _is_open_to_programs(request: Request) -> bool:
    if request.method == "PUT":
        return request.path.startswith(_CALLBACKS)
    return request.method in ("GET", "HEAD") and request.path == _HEALTH


def _is_open(request: Request, audience: Audience) -> bool:
    if audience is Audience.NO_PAGE:
        return _is_open_to_programs(request)
    # MiniStack takes root at its word where a method of an API needs a signature.
    return not is_of_root(request)


async def _read_body(receive: Callable[[], Any]) -> bytes | None:
    chunks: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
    return None


def _replay(body: bytes, receive: Callable[[], Any]) -> Callable[[], Any]:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Any:
        return messages.pop() if messages else await receive()

    return replayed


def _refuse(message: str) -> Response:
    return 403, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


async def _respond(send: Any, request: Request, response: Response) -> None:
    status, headers, body = response
    names = {"x-amzn-requestid": _responses.new_uuid(), **headers, "Content-Length": str(len(body))}
    pairs = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in names.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
