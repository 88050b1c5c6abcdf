"""docs/reference/openapi.yaml for tests: its operations, and a check of responses."""

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml
from openapi_schema_validator import OAS31Validator

from tests.support.in_memory import ROOT

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_KINDS = ("Page", "Wait", "Game", "Notice", "Refusal")


@cache
def load_description() -> dict[str, Any]:
    """Return the description in the file."""
    text = (ROOT / "docs/reference/openapi.yaml").read_text(encoding="utf-8")
    description: dict[str, Any] = yaml.safe_load(text)
    return description


def list_operations() -> list[tuple[str, str]]:
    """Return (path, METHOD) of everything that the API accepts."""
    return [
        (path, method.upper())
        for path, item in load_description()["paths"].items()
        for method in item
        if method in METHODS
    ]


def follow(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the description, or the target of its $ref."""
    if "$ref" not in part:
        return part
    found: Any = load_description()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def list_parameters(path: str, method: str) -> dict[str, dict[str, Any]]:
    """Return the schemas of an operation's parameters by name, without the recruiter's free ones."""
    operation = load_description()["paths"][path][method.lower()]
    parameters = [follow(one) for one in operation.get("parameters", ())]
    return {one["name"]: one["schema"] for one in parameters if one["name"] != "recruiter"}


def find_problems(path: str, method: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Return the parts of a response that are not as described; all keys of a 200 must be described.

    For a path or method that does not exist, the gateway's own refusal (403) is right.
    """
    operation = load_description()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        operation = {"responses": {"403": {"$ref": "#/components/responses/Forbidden"}}}
    if str(status) not in operation["responses"]:
        return [f"status {status} is not described"]
    response = follow(operation["responses"][str(status)])
    problems = list(_find_wrong_headers(response, headers))
    if method.upper() in ("HEAD", "OPTIONS"):
        return problems  # clients do not read the body
    if "content" not in response:
        return problems + ["there is a body"] * bool(body)
    try:
        content = json.loads(body)
    except ValueError:
        return [*problems, f"the body is not JSON: {text(body)}"]
    errors = _validator(status, path, method, response).iter_errors(content)
    return problems + [f"{error.json_path}: {error.message[:200]}" for error in errors]


def text(body: bytes) -> str:
    """Return the beginning of a body, for a person."""
    return repr(body[:100])


def _find_wrong_headers(response: dict[str, Any], headers: Mapping[str, str]) -> Iterator[str]:
    found = {name.lower(): value for name, value in headers.items()}
    for name, described in response.get("headers", {}).items():
        header = follow(described)
        value = found.get(name.lower())
        if value is None and header.get("required"):
            yield f"header {name} is missing"
        elif value is not None and value != header["schema"].get("const", value):
            yield f"header {name} is {value!r}"


_validators: dict[tuple[int, str, str], OAS31Validator] = {}


def _validator(status: int, path: str, method: str, response: dict[str, Any]) -> OAS31Validator:
    key = (status, path, method.upper())
    if key not in _validators:
        schema = response["content"]["application/json"]["schema"]
        _validators[key] = OAS31Validator({**schema, "components": _closed_components()})
    return _validators[key]


@cache
def _closed_components() -> dict[str, Any]:
    """Return the components with unknown keys forbidden: clients ignore unknown keys, but here they are
    errors."""
    components: dict[str, Any] = copy.deepcopy(load_description()["components"])
    for kind in _KINDS:
        components["schemas"][kind]["unevaluatedProperties"] = False
    return components
