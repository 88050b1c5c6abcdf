"""Tests of API Gateway: request validators of an OpenAPI body."""

import json
from typing import Any

import pytest

from tests.gaps.apigateway.test_responses import make_api, proxy
from tests.gaps.emulators import Emulator

FUNCTION = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'invoked'}\n"
VALIDATORS = {
    "all": {"validateRequestBody": True, "validateRequestParameters": True},
    "none": {"validateRequestBody": False, "validateRequestParameters": False},
}
REQUIRED = [{"name": "projectId", "in": "query", "required": True, "schema": {"type": "string"}}]
FORM = {"type": "object", "required": ["consent"], "properties": {"consent": {"type": "string"}}}


@pytest.fixture(scope="module")
def api(emulator: Emulator) -> str:
    """Create an API with a validator for all methods, and one method that chooses another."""
    function = emulator.make_function(FUNCTION)
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Form"}}}}
    unchecked = {"x-amazon-apigateway-request-validator": "none"}
    paths = {
        "/next": {"get": proxy(function), "post": proxy(function, requestBody=body), "parameters": REQUIRED},
        "/free": {"get": proxy(function, parameters=REQUIRED, **unchecked)},
    }
    members: dict[str, Any] = {
        "components": {"schemas": {"Form": FORM}},
        "x-amazon-apigateway-request-validators": VALIDATORS,
        "x-amazon-apigateway-request-validator": "all",
    }
    return make_api(emulator, paths, **members)


def test_a_missing_parameter_is_rejected(emulator: Emulator, api: str) -> None:
    """Given a missing parameter, the response is 400 with its name (API Gateway guide, "Request validation
    for REST APIs").
    """
    status, _, body = emulator.request("GET", api, "/next")

    assert status == 400
    assert json.loads(body) == {"message": "Missing required request parameters: [projectId]"}
    assert emulator.request("GET", api, "/next?projectId=p")[0] == 200


@pytest.mark.parametrize(
    ("form", "status"), [({"consent": "yes"}, 200), ({"consent": 1}, 400), ({}, 400), ("text", 400)]
)
def test_a_body_must_match_its_schema(emulator: Emulator, api: str, form: Any, status: int) -> None:
    """Given a body that does not match, the response is 400 Invalid request body (API Gateway guide,
    "Request validation for REST APIs").
    """
    got, _, body = emulator.request(
        "POST",
        api,
        "/next?projectId=p",
        headers={"Content-Type": "application/json"},
        body=json.dumps(form).encode(),
    )

    assert got == status
    assert status == 200 or json.loads(body) == {"message": "Invalid request body"}


def test_a_method_may_choose_another_validator(emulator: Emulator, api: str) -> None:
    """Given an operation with its own request validator, that one applies (API Gateway guide, "OpenAPI
    extensions").
    """
    assert emulator.request("GET", api, "/free")[0] == 200
