"""API Gateway: the event that a REST API sends to a function.

AWS (API Gateway developer guide, "Set up Lambda proxy integrations in API Gateway", input format):
- header names reach the function as the client wrote them; API Gateway adds Host, X-Forwarded-For,
  X-Forwarded-Port, X-Forwarded-Proto and X-Amzn-Trace-Id;
- if a header or query parameter comes twice, the single-valued map holds the last value;
- queryStringParameters is null without parameters; the source address is that of the connection;
- requestContext.requestId is also the response's x-amzn-RequestId.

MiniStack passes header names in lower case and the first value, trusts X-Forwarded-For, and uses two ids.
"""

import contextvars
import time
from collections.abc import Awaitable, Callable
from typing import Any

from hippo_local.emulator.ministack import load, patch

Application = Callable[[Any, Any, Any], Awaitable[None]]

_gateway = load("services.apigateway_v1")
_responses = load("core.responses")

_connection: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "connection", default=None
)

# API Gateway sends these spellings whatever the client wrote.
_CANONICAL = {"host": "Host", "user-agent": "User-Agent"}


def keep_header_names(application: Application) -> Application:
    """Wrap MiniStack's application so that the event keeps the header names that the client wrote."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await application(scope, receive, send)
            return
        _connection.set(
            {
                "headers": [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
                ],
                "address": (scope.get("client") or ("127.0.0.1",))[0],
            }
        )
        lowered = [(name.lower(), value) for name, value in scope["headers"]]
        await application({**scope, "headers": lowered}, receive, send)

    return wrapped


def install() -> None:
    """Patch MiniStack so that events are built as on AWS."""
    plain_event = patch(_gateway, "_build_lambda_event_v1", None)
    plain_invoke = patch(_gateway, "_invoke_lambda_proxy_v1", None)

    def build_event(*arguments: Any, **named: Any) -> dict[str, Any]:
        event: dict[str, Any] = plain_event(*arguments, **named)
        connection = _connection.get()
        if connection is not None:
            _correct(event, connection)
        return event

    async def invoke(*arguments: Any, **named: Any) -> Any:
        response = await plain_invoke(*arguments, **named)
        connection = _connection.get() or {}
        if isinstance(response, tuple) and "request_id" in connection:
            response[1].setdefault("x-amzn-requestid", connection["request_id"])
        return response

    patch(_gateway, "_build_lambda_event_v1", build_event)
    patch(_gateway, "_invoke_lambda_proxy_v1", invoke)


def _correct(event: dict[str, Any], connection: dict[str, Any]) -> None:
    event.pop("version", None)
    multi = _multi_value_headers(connection)
    event["multiValueHeaders"] = multi
    event["headers"] = {name: values[-1] for name, values in multi.items()}
    parameters = event["multiValueQueryStringParameters"]
    if parameters:
        event["queryStringParameters"] = {name: values[-1] for name, values in parameters.items()}
    context = event["requestContext"]
    host = event["headers"].get("Host", "")
    context["domainName"] = host.split(":")[0]
    context["domainPrefix"] = host.split(".")[0]
    context["identity"]["sourceIp"] = connection["address"]
    connection["request_id"] = context["requestId"]


def _multi_value_headers(connection: dict[str, Any]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in connection["headers"]:
        headers.setdefault(_CANONICAL.get(name.lower(), name), []).append(value)
    forwarded = [
        value for name, values in headers.items() if name.lower() == "x-forwarded-for" for value in values
    ]
    own = {
        "X-Forwarded-For": ", ".join([*forwarded, connection["address"]]),
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "X-Amzn-Trace-Id": f"Root=1-{int(time.time()):08x}-{_responses.new_uuid().replace('-', '')[:24]}",
    }
    replaced = {name.lower() for name in own}
    kept = {name: values for name, values in headers.items() if name.lower() not in replaced}
    return {**kept, **{name: [value] for name, value in own.items()}}
