"""API Gateway: compressed responses.

AWS (API Gateway developer guide, "Payload compression for REST APIs in API Gateway"): if the API has a
minimum compression size, a response body of at least that size is compressed for a client whose
Accept-Encoding allows it.

MiniStack stores the size and never compresses.
"""

from typing import Any

from hippo_local.compression import accepts_gzip, compress
from hippo_local.emulator.ministack import load, patch, require

_gateway = load("services.apigateway_v1")


def install() -> None:
    """Patch MiniStack so that an API's minimum compression size has its effect."""
    require(_gateway, "_rest_apis", "_header_ci")
    plain_handle = patch(_gateway, "_handle_execute_in_scope", None)

    async def handle(
        api_id: str, stage: str, method: str, path: str, headers: Any, *rest: Any, **named: Any
    ) -> Any:
        response = await plain_handle(api_id, stage, method, path, headers, *rest, **named)
        least = (_gateway._rest_apis.get(api_id) or {}).get("minimumCompressionSize")
        if least is None or not isinstance(response, tuple):
            return response
        status, response_headers, body = response
        accepted = accepts_gzip(_gateway._header_ci(headers, "accept-encoding"))
        if len(body or b"") < int(least) or not accepted:
            return response
        return status, {**response_headers, "Content-Encoding": "gzip"}, compress(body)

    patch(_gateway, "_handle_execute_in_scope", handle)
