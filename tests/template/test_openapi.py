"""docs/openapi.yaml describes the API that the template deploys and the rules that the layer keeps."""

import re

import pytest
import yaml
from openapi_spec_validator import validate
from template_file import ROOT, load_template

from hippo import http
from hippo.errors import BadRequestError
from hippo.ids import is_project_id, parse_user_id
from hippo.journey import admission
from hippo.records.messages import MAX_DELAY_MINUTES
from hippo.studies import links as recruiters
from hippo.studies.study import read_number

DESCRIPTION = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text(encoding="utf-8"))
COMPONENTS = DESCRIPTION["components"]
HEADERS = {"Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"}


def body_of_the_api():
    """Return the API definition in the template."""
    return load_template()["Resources"]["Api"]["Properties"]["DefinitionBody"]


def parameter_names(path, method):
    """Return the names of the parameters of an operation."""
    operation = DESCRIPTION["paths"][path][method]
    return {one["$ref"].rsplit("/", 1)[1] for one in operation.get("parameters", ())}


def test_description_is_valid():
    """Given the description, it conforms to the OpenAPI specification."""
    validate(DESCRIPTION)


def test_paths_and_methods_are_those_of_the_template():
    """Given the paths and methods of the template, the description has exactly these."""
    deployed = {path: set(item) for path, item in body_of_the_api()["paths"].items()}
    assert {path: set(item) for path, item in DESCRIPTION["paths"].items()} == deployed


def test_security_is_that_of_the_template():
    """Given the operations that require a signed request by default, the description marks exactly these."""
    for path, item in body_of_the_api()["paths"].items():
        for method, operation in item.items():
            closed = operation.get("security", {}).get("Fn::If", [None, None, []])[2]
            assert DESCRIPTION["paths"][path][method]["security"] == closed, (path, method)
    schemes = body_of_the_api()["components"]["securitySchemes"]
    described = {k: {**v} for k, v in COMPONENTS["securitySchemes"].items()}
    for scheme in described.values():
        del scheme["description"]
    assert described == schemes


def test_refusals_of_the_gateway_are_those_of_the_template():
    """Given API Gateway's own error responses, they carry the header that the description gives them."""
    responses = body_of_the_api()["x-amazon-apigateway-gateway-responses"]
    assert set(responses) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for name in ("Forbidden", "TooLarge", "TooMany", "Failed", "Refused"):
        assert set(COMPONENTS["responses"][name]["headers"]) == {"Access-Control-Allow-Origin"}
    for response in responses.values():
        headers = response["responseParameters"]
        assert set(headers) == {"gatewayresponse.header.Access-Control-Allow-Origin"}


def test_preflight_is_that_of_the_template():
    """Given OPTIONS, the response has the described headers and their values."""
    for path, item in body_of_the_api()["paths"].items():
        integration = item["options"]["x-amazon-apigateway-integration"]
        parameters = integration["responses"]["default"]["responseParameters"]
        sent = {name.rsplit(".", 1)[1]: value.strip("'") for name, value in parameters.items()}
        described = DESCRIPTION["paths"][path]["options"]["responses"]["200"]["headers"]
        assert set(sent) == set(described) == HEADERS
        methods = described["Access-Control-Allow-Methods"]["schema"]["const"]
        assert sent["Access-Control-Allow-Methods"] == methods


def test_headers_are_those_of_the_handlers():
    """Given a response of a handler, it carries the described headers with the described values."""
    names = {"AllowOrigin", "AllowHeaders", "AllowMethods"}
    described = {COMPONENTS["headers"][name]["schema"]["const"] for name in names}
    assert described == set(http.CORS_HEADERS.values())
    answer = http.build_response(200)["headers"]
    assert set(COMPONENTS["responses"]["Step"]["headers"]) == set(answer) - {"Content-Type"}
    assert (
        f"{http.MAX_BODY_BYTES // 1024} KiB"
        in DESCRIPTION["paths"]["/next"]["post"]["requestBody"]["description"]
    )


@pytest.mark.parametrize(
    "value", ["a", "A-1", "a" * 48, "a" * 49, "-a", "a-", "a_b", "a.b", "", "é", "a/b", "a\n", "0"]
)
def test_pattern_of_user_ids_is_the_layers(value):
    """Given a user id, the description allows it exactly if the layer accepts it."""
    described = re.search(COMPONENTS["parameters"]["userId"]["schema"]["pattern"].replace("$", r"\Z"), value)
    try:
        parse_user_id(value)
    except BadRequestError:
        assert described is None
    else:
        assert described


@pytest.mark.parametrize("value", ["a", "A_1", "a" * 64, "a" * 65, "_a", "-a", "a b", "", "é", "a/b", "a\n"])
def test_pattern_of_project_ids_is_the_layers(value):
    """Given a project id, the description allows it exactly if the layer accepts it."""
    pattern = COMPONENTS["parameters"]["projectId"]["schema"]["pattern"].replace("$", r"\Z")
    assert (re.search(pattern, value) is not None) == is_project_id(value)


def test_numbers_are_the_layers():
    """Given whole numbers and delays, the described limits are those of the layer."""
    for name in ("step", "screenWidth"):
        schema = COMPONENTS["parameters"][name]["schema"]
        assert read_number(str(schema["maximum"])) == schema["maximum"]
        assert read_number(str(schema["maximum"] + 1)) is read_number(str(schema["minimum"] - 1)) is None
    assert COMPONENTS["parameters"]["delay"]["schema"]["maximum"] == MAX_DELAY_MINUTES


def test_parameters_are_the_platforms_own():
    """Given the parameters that the platform reads, the description has each of them, and none that only the
    page reads."""
    of_the_page = {"css", "redirect", "debug", "server"}
    described = parameter_names("/next", "get") - {"recruiter"}
    assert described == recruiters.OWN_PARAMETERS - of_the_page
    assert parameter_names("/next", "post") == parameter_names("/next", "get")


def test_reasons_are_the_layers():
    """Given the reasons for which people are refused, the description has all of them."""
    assert COMPONENTS["schemas"]["Refusal"]["properties"]["reason"]["enum"] == list(admission.REASONS)


def test_readme_leads_to_the_description():
    """Given the README, it links the description."""
    assert "(docs/openapi.yaml)" in (ROOT / "README.md").read_text(encoding="utf-8")
