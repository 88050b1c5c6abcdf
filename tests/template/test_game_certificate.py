"""The certificate of game servers: who may have it, and what task definitions are told."""

import pytest
from template_file import as_list, load_template

POLICIES = {
    "TaskAcmCertificatePolicy": (
        "MakesGameCertificate",
        "acm:ExportCertificate",
        {"Ref": "GameServerCertificate"},
    ),
    "TaskBucketCertificatePolicy": (
        "KeepsGameCertificate",
        "s3:GetObject",
        [
            {"Fn::Sub": "${DataBucket.Arn}/SSL/fullchain.pem"},
            {"Fn::Sub": "${DataBucket.Arn}/SSL/privkey.pem"},
        ],
    ),
}


def test_stacks_that_exist_get_no_certificate():
    """Given nothing but the default, images hold the certificate as they did before."""
    assert load_template()["Parameters"]["GameCertificate"]["Default"] == "image"


def test_certificate_can_be_exported_and_covers_the_servers():
    """Given acm, the certificate is for all names below the root domain, exportable, and validated by DNS."""
    certificate = load_template()["Resources"]["GameServerCertificate"]
    name = {"Fn::Sub": "*.${RootDomain}"}
    zone = {"Ref": "HostedZoneId"}
    assert certificate["Condition"] == "MakesGameCertificate"
    assert certificate["Properties"] == {
        "DomainName": name,
        "CertificateExport": "ENABLED",
        "ValidationMethod": "DNS",
        "DomainValidationOptions": [{"DomainName": name, "HostedZoneId": zone}],
    }


@pytest.mark.parametrize("policy", POLICIES)
def test_task_may_read_this_certificate_only(policy):
    """Given a way, the task role alone gets the one permission that it takes, on that certificate."""
    condition, action, resource = POLICIES[policy]
    found = load_template()["Resources"][policy]
    (statement,) = found["Properties"]["PolicyDocument"]["Statement"]
    assert found["Condition"] == condition
    assert found["Properties"]["Roles"] == [{"Ref": "TaskRole"}]
    assert (as_list(statement["Action"]), statement["Resource"]) == ([action], resource)


def test_output_is_what_the_server_understands():
    """Given any way, the output is a value of the game server's TLS_CERTIFICATE."""
    value = load_template()["Outputs"]["GameCertificate"]["Value"]["Fn::If"]
    bucket = {"Fn::Sub": "s3://${DataBucket}/SSL"}
    assert value[:2] == ["MakesGameCertificate", {"Ref": "GameServerCertificate"}]
    assert value[2] == {"Fn::If": ["KeepsGameCertificate", bucket, "image"]}
