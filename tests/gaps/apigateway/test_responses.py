"""Tests of API Gateway: CORS, gateway responses, authorisation, and functions that fail."""

import json
import time
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.gaps.emulators import ACCOUNT, REGION, Emulator

# A function that behaves as its query says.
FUNCTION = """
def handler(event, context):
    wish = (event["queryStringParameters"] or {}).get("do")
    if wish == "crash":
        raise ValueError("the secret of the crash")
    return {
        "text": "not an object",
        "no-status": {"body": "x"},
        "object-body": {"statusCode": 200, "body": {"a": 1}},
        "huge": {"statusCode": 200, "body": "x" * 7_000_000},
        "binary": {"statusCode": 200, "body": "AAEC", "isBase64Encoded": True},
    }.get(wish, {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "fine"})
"""
CORS = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
}
MOCK_OPTIONS = {
    "responses": {"200": {}},
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 204}'},
        "responses": {
            "default": {
                "statusCode": "204",
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                    "method.response.header.Access-Control-Allow-Methods": "'GET,POST,OPTIONS'",
                },
            }
        },
    },
}


def proxy(function: str, **members: Any) -> dict[str, Any]:
    """Return an operation that invokes `function`."""
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    return {"x-amazon-apigateway-integration": integration, **members}


def make_api(emulator: Emulator, paths: dict[str, Any], **members: Any) -> str:
    """Create an API from an OpenAPI body and deploy it to the stage `live`; return its id."""
    body = {"swagger": "2.0", "info": {"title": "test", "version": "1"}, "paths": paths, **members}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live"},
        },
    }
    return emulator.deploy(resources)["Api"]


@pytest.fixture(scope="module")
def function(emulator: Emulator) -> str:
    return emulator.make_function(FUNCTION, Timeout=30)


@pytest.fixture(scope="module")
def api(emulator: Emulator, function: str) -> str:
    """Create an API with the kinds of responses that the tests need."""
    paths = {
        "/next": {"get": proxy(function), "post": proxy(function), "options": MOCK_OPTIONS},
        "/signed": {"get": proxy(function, **{"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})},
        "/scheme": {"get": proxy(function, security=[{"sigv4": []}])},
        "/any": {"x-amazon-apigateway-any-method": proxy(function)},
    }
    sigv4 = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    responses = {kind: {"responseParameters": CORS} for kind in ("DEFAULT_4XX", "DEFAULT_5XX")}
    return make_api(
        emulator,
        paths,
        securityDefinitions={"sigv4": sigv4},
        **{
            "x-amazon-apigateway-gateway-responses": responses,
            "x-amazon-apigateway-binary-media-types": ["image/png"],
        },
    )


def test_a_mock_responds_with_the_headers_of_its_integration_response(emulator: Emulator, api: str) -> None:
    """Given a mock integration, the preflight has its CORS headers (API Gateway developer guide, "CORS for
    REST APIs").
    """
    status, headers, _ = emulator.request("OPTIONS", api, "/next")

    assert status == 204
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET,POST,OPTIONS"


def test_gateway_responses_of_the_body_apply(emulator: Emulator, api: str) -> None:
    """Given x-amazon-apigateway-gateway-responses, they apply (API Gateway developer guide, "OpenAPI
    extensions").
    """
    status, headers, body = emulator.request("GET", api, "/nowhere")

    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})
    assert headers["access-control-allow-origin"] == "*"


def test_gateway_responses_made_as_resources_apply(emulator: Emulator, function: str) -> None:
    """Given AWS::ApiGateway::GatewayResponse, it applies (CloudFormation template reference)."""
    body = {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/next": {"get": proxy(function)}},
    }
    response = {"RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX", "ResponseParameters": CORS}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        "Cors": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": response},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": "Cors",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live"},
        },
    }
    made = emulator.deploy(resources)["Api"]

    _, headers, _ = emulator.request("GET", made, "/nowhere")

    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("wish", ["crash", "text", "no-status", "object-body", "huge"])
def test_a_function_that_fails_is_a_bad_gateway(emulator: Emulator, api: str, wish: str) -> None:
    """Given a function that fails, the response is 502 with CORS, without a reason (Lambda guide, "Handling
    Lambda errors with an API Gateway API").
    """
    status, headers, body = emulator.request("GET", api, f"/next?do={wish}")

    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})
    assert headers["access-control-allow-origin"] == "*"


def test_a_function_that_cannot_be_invoked_is_an_internal_error(emulator: Emulator) -> None:
    """Given a throttled function, the response is 500 (Lambda developer guide, "Handling Lambda errors with
    an API Gateway API").
    """
    function = emulator.make_function(FUNCTION)
    emulator.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    api = make_api(emulator, {"/next": {"get": proxy(function)}})

    status, _, body = emulator.request("GET", api, "/next")

    assert (status, json.loads(body)) == (500, {"message": "Internal server error"})


def test_a_function_that_takes_too_long_is_a_gateway_timeout(emulator: Emulator) -> None:
    """Given a slow function, the response is 504 after the integration's timeout, 29 s by default (API
    Gateway developer guide, "Quotas").
    """
    source = "import time\ndef handler(event, context):\n    time.sleep(2)\n"
    operation = proxy(emulator.make_function(source, Timeout=5))
    operation["x-amazon-apigateway-integration"]["timeoutInMillis"] = 300
    api = make_api(emulator, {"/next": {"get": operation}})

    begun = time.monotonic()
    status, _, body = emulator.request("GET", api, "/next")

    assert (status, json.loads(body)) == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - begun < 1.5


def test_a_body_beyond_the_quota_of_lambda_is_rejected(emulator: Emulator, api: str) -> None:
    """Given a body above 6 MB, the response is 413 (Lambda developer guide, "Lambda quotas")."""
    status, headers, _ = emulator.request("POST", api, "/next", body=b"x" * 6_500_000)

    assert status == 413
    assert headers["access-control-allow-origin"] == "*"


def test_a_binary_response_is_decoded_for_a_binary_media_type(emulator: Emulator, api: str) -> None:
    """Given x-amazon-apigateway-binary-media-types, a binary response is decoded (API Gateway developer
    guide, "Binary media types").
    """
    _, _, body = emulator.request("GET", api, "/next?do=binary", headers={"Accept": "image/png"})

    assert body == b"\x00\x01\x02"


def test_any_method_reaches_the_function(emulator: Emulator, api: str) -> None:
    """Given x-amazon-apigateway-any-method, every method invokes the function (API Gateway developer guide,
    "OpenAPI extensions").
    """
    assert emulator.request("PUT", api, "/any")[0] == 200


@pytest.mark.parametrize("path", ["/signed", "/scheme"])
def test_an_unsigned_request_is_rejected_if_iam_is_required(emulator: Emulator, api: str, path: str) -> None:
    """Given a method with IAM, an unsigned request is 403 Missing Authentication Token, with CORS (API
    Gateway guide, "Control access … with IAM").
    """
    status, headers, body = emulator.request("GET", api, path)

    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})
    assert headers["access-control-allow-origin"] == "*"


def test_a_method_resource_can_require_iam(emulator: Emulator, function: str) -> None:
    """Given AuthorizationType of AWS::ApiGateway::Method, IAM is enforced (CloudFormation template
    reference).
    """
    integration = proxy(function)["x-amazon-apigateway-integration"]
    method = {
        "RestApiId": {"Ref": "Api"},
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "GET",
        "AuthorizationType": "AWS_IAM",
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": integration["uri"]},
    }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "test"}},
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": "Method",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live"},
        },
    }
    made = emulator.deploy(resources)["Api"]

    assert emulator.request("GET", made, "/")[0] == 403


def sign(emulator: Emulator, api: str, path: str, keys: dict[str, str]) -> dict[str, str]:
    """Return the headers of a signed GET."""
    host = f"{api}.execute-api.localhost:{emulator.port}"
    request = AWSRequest("GET", f"http://{host}/live{path}", headers={"Host": host})
    credentials = Credentials(
        keys["aws_access_key_id"], keys["aws_secret_access_key"], keys["aws_session_token"]
    )
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 403)])
def test_a_signed_request_needs_the_permission_to_invoke(
    emulator: Emulator, api: str, method: str, status: int
) -> None:
    """Given a signed request, execute-api:Invoke is needed on API, stage, method and path (Service
    Authorization Reference).
    """
    resource = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/live/{method}/signed"
    keys = emulator.assume({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource})

    assert emulator.request("GET", api, "/signed", headers=sign(emulator, api, "/signed", keys))[0] == status
