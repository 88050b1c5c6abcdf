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
    """What the template tells API Gateway."""
    return load_template()["Resources"]["Api"]["Properties"]["DefinitionBody"]


def parameter_names(path, method):
    """The names of an operation's parameters."""
    operation = DESCRIPTION["paths"][path][method]
    return {one["$ref"].rsplit("/", 1)[1] for one in operation.get("parameters", ())}


def test_description_is_valid():
    """The description keeps to the OpenAPI specification."""
    validate(DESCRIPTION)


def test_paths_and_methods_are_those_of_the_template():
    """Everything that API Gateway takes is described, and nothing else."""
    deployed = {path: set(item) for path, item in body_of_the_api()["paths"].items()}
    assert {path: set(item) for path, item in DESCRIPTION["paths"].items()} == deployed


def test_security_is_that_of_the_template():
    """What asks for a signed request by default is described so, and nothing else is."""
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
    """Answers that API Gateway makes itself carry the header that they are described with."""
    responses = body_of_the_api()["x-amazon-apigateway-gateway-responses"]
    assert set(responses) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for name in ("Forbidden", "TooLarge", "TooMany", "Failed", "Refused"):
        assert set(COMPONENTS["responses"][name]["headers"]) == {"Access-Control-Allow-Origin"}
    for response in responses.values():
        headers = response["responseParameters"]
        assert set(headers) == {"gatewayresponse.header.Access-Control-Allow-Origin"}


def test_preflight_is_that_of_the_template():
    """OPTIONS answers with the described headers and their values."""
    for path, item in body_of_the_api()["paths"].items():
        integration = item["options"]["x-amazon-apigateway-integration"]
        parameters = integration["responses"]["default"]["responseParameters"]
        sent = {name.rsplit(".", 1)[1]: value.strip("'") for name, value in parameters.items()}
        described = DESCRIPTION["paths"][path]["options"]["responses"]["200"]["headers"]
        assert set(sent) == set(described) == HEADERS
        methods = described["Access-Control-Allow-Methods"]["schema"]["const"]
        assert sent["Access-Control-Allow-Methods"] == methods


def test_headers_are_those_of_the_handlers():
    """Each answer of a handler carries the described headers with the described values."""
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
    """What the description allows is what the layer takes."""
    described = re.search(COMPONENTS["parameters"]["userId"]["schema"]["pattern"].replace("$", r"\Z"), value)
    try:
        parse_user_id(value)
    except BadRequestError:
        assert described is None
    else:
        assert described


@pytest.mark.parametrize("value", ["a", "A_1", "a" * 64, "a" * 65, "_a", "-a", "a b", "", "é", "a/b", "a\n"])
def test_pattern_of_project_ids_is_the_layers(value):
    """What the description allows is what the layer takes."""
    pattern = COMPONENTS["parameters"]["projectId"]["schema"]["pattern"].replace("$", r"\Z")
    assert (re.search(pattern, value) is not None) == is_project_id(value)


def test_numbers_are_the_layers():
    """The limits of whole numbers and of delays are the ones that the layer keeps."""
    for name in ("step", "screenWidth"):
        schema = COMPONENTS["parameters"][name]["schema"]
        assert read_number(str(schema["maximum"])) == schema["maximum"]
        assert read_number(str(schema["maximum"] + 1)) is read_number(str(schema["minimum"] - 1)) is None
    assert COMPONENTS["parameters"]["delay"]["schema"]["maximum"] == MAX_DELAY_MINUTES


def test_parameters_are_the_platforms_own():
    """Each parameter that the platform reads is described; what only the page reads is not the API's."""
    of_the_page = {"css", "redirect", "debug", "server"}
    described = parameter_names("/next", "get") - {"recruiter"}
    assert described == recruiters.OWN_PARAMETERS - of_the_page
    assert parameter_names("/next", "post") == parameter_names("/next", "get")


def test_reasons_are_the_layers():
    """The reasons for which people are turned away are described, all of them."""
    assert COMPONENTS["schemas"]["Refusal"]["properties"]["reason"]["enum"] == list(admission.REASONS)


def test_readme_leads_to_the_description():
    """Whoever writes a client finds it."""
    assert "(docs/openapi.yaml)" in (ROOT / "README.md").read_text(encoding="utf-8")
