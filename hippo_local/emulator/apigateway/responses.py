"""API Gateway: responses that an OpenAPI body defines, and responses when a function fails.

AWS (API Gateway developer guide, "OpenAPI extensions for API Gateway", "Gateway responses", "CORS for REST
APIs"; Lambda developer guide, "Handling Lambda errors with an API Gateway API"):
- integrations in the body have request templates and responses, so a mock OPTIONS sends its CORS headers;
- gateway responses, in the body or as resources, shape every response that API Gateway creates itself;
- x-amazon-apigateway-auth sets a method's authorisation;
- a function that fails, or returns another format, is a 502, and one that cannot be invoked is a 500, both
  `{"message": "Internal server error"}`;
- API Gateway accepts at most 10 MB and Lambda at most 6 MB; after 29 s the client gets a 504.

MiniStack imports type and URI only, drops the gateway responses of the body, and shows the error's message.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_gateway = load("services.apigateway_v1")

_MAX_LAMBDA_PAYLOAD = 6 * 1024 * 1024
_FUNCTION_FAILED = "FUNCTION_FAILED"
_calls: set[asyncio.Future[Any]] = set()
_FAILURE_TEXT = "Internal server error"

_INTEGRATION_FIELDS = (
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "credentials",
    "contentHandling",
    "timeoutInMillis",
    "connectionType",
)


def install() -> None:
    """Patch MiniStack so that definitions are imported and failures reported as on AWS."""
    require(
        _gateway, "_put_integration_response", "_put_method_response", "_put_gateway_response", "_gw_error"
    )
    require(_gateway, "_DEFAULT_GATEWAY_RESPONSE_STATUS_CODES", "_OPENAPI_HTTP_METHODS")
    _install_import()
    # Our own type in the family of DEFAULT_5XX: AWS responds this way but has no public name for it.
    _gateway._DEFAULT_GATEWAY_RESPONSE_STATUS_CODES[_FUNCTION_FAILED] = "502"
    plain_invoke = patch(_gateway, "_invoke_lambda_proxy_v1", None)
    plain_response = patch(_gateway, "_lambda_proxy_response", None)

    def proxy_response(result: dict[str, Any]) -> tuple[Any, str | None]:
        if result.get("throttle"):
            return None, "throttled"
        if result.get("error") or not is_proxy_response(result.get("body")):
            return None, "failed"
        response: tuple[Any, str | None] = plain_response(result)
        return response

    patch(_gateway, "_lambda_proxy_response", proxy_response)
    patch(_gateway, "_invoke_lambda_proxy_v1", _guarded(plain_invoke))


def is_proxy_response(result: object) -> bool:
    """Return whether `result` has the format of a proxy integration: statusCode, headers, body text."""
    if not isinstance(result, dict):
        return False
    status, body, headers = result.get("statusCode"), result.get("body"), result.get("headers")
    return (
        isinstance(status, int | str)
        and str(status).isdigit()
        and 100 <= int(status) <= 599
        and (body is None or isinstance(body, str))
        and (headers is None or isinstance(headers, dict))
    )


def _guarded(plain: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def invoke(integration: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        body = arguments[7]
        if len(body or b"") > _MAX_LAMBDA_PAYLOAD:
            return _gateway._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        # Not cancelled when the client has its response: on AWS the function continues as well.
        call = asyncio.ensure_future(plain(integration, *arguments, **named))
        _calls.add(call)
        call.add_done_callback(_calls.discard)
        await asyncio.wait([call], timeout=int(integration.get("timeoutInMillis") or 29000) / 1000)
        if not call.done():
            return _gateway._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        response = call.result()
        if not isinstance(response, tuple):
            return response
        status, headers, text = response
        if status == 502 and text == b'{"message": "throttled"}':
            return _gateway._gw_error("API_CONFIGURATION_ERROR", _FAILURE_TEXT)
        failed = status == 502 and text == b'{"message": "failed"}'
        if failed or len(text) > _MAX_LAMBDA_PAYLOAD:
            return _gateway._GatewayError(_FUNCTION_FAILED, _FAILURE_TEXT, "InternalServerErrorException")
        return int(status), headers, text

    return invoke


def _install_import() -> None:
    plain_operation = patch(_gateway, "_import_operation", None)
    plain_api = patch(_gateway, "_import_rest_api", None)
    plain_path = patch(_gateway, "_import_path_item", None)

    def import_operation(
        api: str, resource: str, method: str, operation: dict[str, Any] | None, *rest: Any, **named: Any
    ) -> None:
        plain_operation(api, resource, method, operation, *rest, **named)
        imported = _gateway._resources[api][resource]["resourceMethods"][method]
        _import_authorisation(imported, operation or {})
        integration = (operation or {}).get("x-amazon-apigateway-integration") or {}
        for field in _INTEGRATION_FIELDS:
            if field in integration:
                imported["methodIntegration"][field] = integration[field]
        for pattern, response in (integration.get("responses") or {}).items():
            _import_response(api, resource, method, pattern, response)

    def import_path(api: str, path: str, item: dict[str, Any], *rest: Any, **named: Any) -> None:
        renamed = {
            "any" if key == "x-amazon-apigateway-any-method" else key: value for key, value in item.items()
        }
        plain_path(api, path, renamed, *rest, **named)

    def import_api(spec: dict[str, Any], base: dict[str, Any] | None = None) -> str:
        binary = (
            (base or {}).get("binaryMediaTypes") or spec.get("x-amazon-apigateway-binary-media-types") or []
        )
        types = [media_type.replace("~1", "/") for media_type in binary]
        api: str = plain_api(spec, {**(base or {}), "binaryMediaTypes": types})
        for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
            _gateway._put_gateway_response(api, kind, response)
        return api

    _gateway._OPENAPI_HTTP_METHODS.add("any")
    patch(_gateway, "_import_operation", import_operation)
    patch(_gateway, "_import_path_item", import_path)
    patch(_gateway, "_import_rest_api", import_api)


def _import_authorisation(method: dict[str, Any], operation: dict[str, Any]) -> None:
    kind = (operation.get("x-amazon-apigateway-auth") or {}).get("type")
    if kind:
        method["authorizationType"] = str(kind).upper()


def _import_response(api: str, resource: str, method: str, pattern: str, response: dict[str, Any]) -> None:
    status = str(response.get("statusCode", 200))
    parameters = response.get("responseParameters") or {}
    _gateway._put_method_response(
        api, resource, method, status, {"responseParameters": dict.fromkeys(parameters, False)}
    )
    _gateway._put_integration_response(
        api,
        resource,
        method,
        status,
        {
            "selectionPattern": "" if pattern == "default" else pattern,
            "responseParameters": parameters,
            "responseTemplates": response.get("responseTemplates") or {},
        },
    )
