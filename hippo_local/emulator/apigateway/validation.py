"""API Gateway: request validators that an OpenAPI body names.

AWS (API Gateway developer guide, "Request validation for REST APIs", "OpenAPI extensions for API Gateway"):
the body defines validators by name and chooses one for all methods; an operation may choose another. A
request without a required query parameter or header is a 400 `Missing required request parameters: […]`, and
one whose JSON does not match the schema is a 400 `Invalid request body`. The function is not invoked.

MiniStack validates requests only for methods created as resources, and imports no validators from a body.
"""

import json
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_gateway = load("services.apigateway_v1")

_CHOICE = "x-amazon-apigateway-request-validator"
_LOCATIONS = {"query": "querystring", "header": "header", "path": "path"}
_ANY = "x-amazon-apigateway-any-method"


def install() -> None:
    """Patch MiniStack so that it imports validators."""
    require(_gateway, "_create_request_validator", "_create_model", "_check_request_validation", "_resources")
    plain = patch(_gateway, "_import_rest_api", None)

    def import_api(spec: dict[str, Any], base: dict[str, Any] | None = None) -> str:
        api: str = plain(spec, base)
        _import_validators(api, spec)
        return api

    patch(_gateway, "_import_rest_api", import_api)


def _import_validators(api: str, spec: dict[str, Any]) -> None:
    validators = {
        name: _create(_gateway._create_request_validator, api, {**settings, "name": name})["id"]
        for name, settings in (spec.get(_CHOICE + "s") or {}).items()
    }
    methods = {entry["path"]: entry["resourceMethods"] for entry in _gateway._resources[api].values()}
    for path, item in (spec.get("paths") or {}).items():
        for key, operation in item.items():
            method = methods.get(path, {}).get("ANY" if key == _ANY else key.upper())
            chosen = (operation or {}).get(_CHOICE, spec.get(_CHOICE)) if method else None
            if chosen is None:
                continue
            parameters = [_resolve(spec, entry) for entry in (item.get("parameters") or [])]
            parameters += [_resolve(spec, entry) for entry in (operation.get("parameters") or [])]
            method["requestValidatorId"] = validators[chosen]
            method["requestParameters"] = _required(parameters)
            method["requestModels"] = _import_models(api, spec, operation, parameters)


def _create(create: Any, api: str, data: dict[str, Any]) -> dict[str, Any]:
    _status, _headers, body = create(api, data)
    created: dict[str, Any] = json.loads(body)
    return created


def _resolve(spec: dict[str, Any], parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the parameter, or the one that its $ref names in the body."""
    if "$ref" not in parameter:
        return parameter
    found: dict[str, Any] = _gateway._resolve_schema_ref(parameter["$ref"], spec)[0]
    return found


def _required(parameters: list[dict[str, Any]]) -> dict[str, bool]:
    return {
        f"method.request.{_LOCATIONS[entry['in']]}.{entry['name']}": bool(entry.get("required"))
        for entry in parameters
        if entry["in"] in _LOCATIONS
    }


def _import_models(
    api: str, spec: dict[str, Any], operation: dict[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, str]:
    """Create models and return their names by content type; their $refs into the body keep working."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    schemas = {kind: entry["schema"] for kind, entry in content.items() if "schema" in entry}
    for parameter in parameters:
        if parameter["in"] == "body":
            schemas["application/json"] = parameter["schema"]
    shared = {key: spec[key] for key in ("components", "definitions") if key in spec}
    models = {}
    for kind, schema in schemas.items():
        name = f"Body{len(_gateway._models.get(api, {}))}"
        model = {"name": name, "schema": json.dumps({"allOf": [schema], **shared})}
        models[kind] = _create(_gateway._create_model, api, model)["name"]
    return models
