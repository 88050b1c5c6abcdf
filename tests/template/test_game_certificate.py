"""The certificate of game servers: which roles can read it, and the value that task definitions get."""

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


def test_existing_stacks_get_no_certificate():
    """Given the default, no certificate is created, and images contain it as before."""
    assert load_template()["Parameters"]["GameCertificate"]["Default"] == "image"


def test_certificate_can_be_exported_and_covers_the_servers():
    """Given acm, the certificate covers all names below the root domain, is exportable, and is validated by
    DNS."""
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
    """Given a source, only the task role gets its one permission, on that certificate."""
    condition, action, resource = POLICIES[policy]
    found = load_template()["Resources"][policy]
    (statement,) = found["Properties"]["PolicyDocument"]["Statement"]
    assert found["Condition"] == condition
    assert found["Properties"]["Roles"] == [{"Ref": "TaskRole"}]
    assert (as_list(statement["Action"]), statement["Resource"]) == ([action], resource)


def test_output_is_a_value_that_the_server_accepts():
    """Given any source, the output is a valid value of the game server's TLS_CERTIFICATE."""
    value = load_template()["Outputs"]["GameCertificate"]["Value"]["Fn::If"]
    bucket = {"Fn::Sub": "s3://${DataBucket}/SSL"}
    assert value[:2] == ["MakesGameCertificate", {"Ref": "GameServerCertificate"}]
    assert value[2] == {"Fn::If": ["KeepsGameCertificate", bucket, "image"]}
