"""Tests of API Gateway: an API with a custom domain name, without a base path."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.gaps.apigateway.test_responses import FUNCTION, proxy
from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for
from tests.gaps.test_route53 import make_zone

# The emulator answers to names of this machine only.
NAME = "api.localhost"


def list_resources(emulator: Emulator, zone: str, name: str) -> dict[str, Any]:
    """Return the API, its certificate, its domain name, and the name's records."""
    function = emulator.make_function(FUNCTION)
    signed = proxy(function, **{"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})
    body = {
        "swagger": "2.0",
        "info": {"title": "named", "version": "1"},
        "paths": {"/next": {"get": proxy(function)}, "/start": {"get": signed}},
    }
    alias = {
        "DNSName": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
        "HostedZoneId": {"Fn::GetAtt": ["Domain", "RegionalHostedZoneId"]},
    }
    records = [{"Name": name, "Type": kind, "AliasTarget": alias} for kind in ("A", "AAAA")]
    proof = {"DomainName": name, "HostedZoneId": zone}
    properties: dict[str, tuple[str, dict[str, Any]]] = {
        "Api": ("ApiGateway::RestApi", {"Body": body}),
        "Deployment": ("ApiGateway::Deployment", {"RestApiId": {"Ref": "Api"}, "StageName": "live"}),
        "Certificate": (
            "CertificateManager::Certificate",
            {"DomainName": name, "ValidationMethod": "DNS", "DomainValidationOptions": [proof]},
        ),
        "Domain": (
            "ApiGateway::DomainName",
            {
                "DomainName": name,
                "RegionalCertificateArn": {"Ref": "Certificate"},
                "SecurityPolicy": "TLS_1_2",
                "EndpointConfiguration": {"Types": ["REGIONAL"], "IpAddressType": "dualstack"},
            },
        ),
        "Mapping": (
            "ApiGateway::BasePathMapping",
            {"DomainName": {"Ref": "Domain"}, "RestApiId": {"Ref": "Api"}, "Stage": "live"},
        ),
        "Records": ("Route53::RecordSetGroup", {"HostedZoneId": zone, "RecordSets": records}),
    }
    resources: dict[str, Any] = {
        key: {"Type": f"AWS::{kind}", "Properties": value} for key, (kind, value) in properties.items()
    }
    resources["Mapping"]["DependsOn"] = "Deployment"
    return resources


@pytest.fixture(scope="module")
def zone(emulator: Emulator) -> str:
    """Deploy the API; return a hosted zone with the records of its name."""
    zone = make_zone(emulator, "localhost")
    emulator.deploy(list_resources(emulator, zone, NAME))
    return zone


def ask(emulator: Emulator, path: str) -> tuple[int, bytes]:
    """Return status and body of a request to the API at its domain name."""
    request = urllib.request.Request(emulator.endpoint + path, headers={"Host": NAME})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def list_records(emulator: Emulator, zone: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the alias targets of a name, by record type."""
    found = emulator.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {entry["Type"]: entry["AliasTarget"] for entry in found if entry["Name"] == f"{name}."}


@pytest.mark.usefixtures("zone")
def test_a_path_needs_no_stage(emulator: Emulator) -> None:
    """Given a mapping without a base path, it leads to its stage (API Gateway guide, "API mappings")."""
    assert ask(emulator, "/next") == (200, b"fine")


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("path", ["/start", "/nowhere", "/live/next"])
def test_requests_are_rejected_as_at_the_stage(emulator: Emulator, path: str) -> None:
    """Given the custom domain, IAM is enforced and unknown paths are rejected (API Gateway guide, "Control
    access … with IAM").
    """
    status, body = ask(emulator, path)

    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


def test_the_name_leads_to_the_regional_endpoint(emulator: Emulator, zone: str) -> None:
    """Given the name's records, A and AAAA are aliases of the domain's target (CloudFormation,
    AWS::ApiGateway::DomainName).
    """
    domain = emulator.client("apigateway").get_domain_name(domainName=NAME)
    target = {
        "HostedZoneId": domain["regionalHostedZoneId"],
        "DNSName": domain["regionalDomainName"] + ".",
        "EvaluateTargetHealth": False,
    }

    assert list_records(emulator, zone, NAME) == {"A": target, "AAAA": target}
    assert domain["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "dualstack"}


def test_everything_is_deleted_with_the_stack(emulator: Emulator) -> None:
    """Given a deleted stack, name, records and certificate are deleted as well (CloudFormation guide)."""
    zone, name = make_zone(emulator), "brief.example.com"
    emulator.change_stack("brief", "create", list_resources(emulator, zone, name))
    was_there = set(list_records(emulator, zone, name))

    emulator.client("cloudformation").delete_stack(StackName="brief")

    assert was_there == {"A", "AAAA"}
    assert wait_for(lambda: not list_records(emulator, zone, name))
    domains, certificates = emulator.client("apigateway"), emulator.client("acm")
    assert wait_for(lambda: name not in [d["domainName"] for d in domains.get_domain_names()["items"]])
    listed = certificates.list_certificates()["CertificateSummaryList"]
    assert name not in [certificate["DomainName"] for certificate in listed]
