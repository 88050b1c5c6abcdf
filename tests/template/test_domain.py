"""Names of the API and the page, with and without a domain; the API's log and its web ACL."""

import json
import re

import pytest
from evaluated_template import evaluate
from template_file import load_template

RESOURCES = load_template()["Resources"]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/a"
API = ("ApiCertificate", "ApiDomain", "ApiMapping", "ApiRecords")
SITE = ("SiteCertificate", "SiteRecords")
OUTPUTS = ("NextUrl", "StartUrl", "StopUrl", "SiteUrl")


def list_made(template, names):
    """Return those of the resources that the stack has."""
    return [name for name in names if template.is_made(name)]


def get_outputs(template):
    """Return the addresses among the outputs."""
    return {name: template.resolve("Outputs", name, "Value") for name in OUTPUTS}


def test_without_a_domain_all_works_at_addresses_of_aws():
    """Given no label, no resource of a domain is created, and the outputs name execute-api and CloudFront."""
    template = evaluate()

    assert list_made(template, API + SITE) == []
    outputs = get_outputs(template)
    base = "https://id of Api.execute-api.ca-central-1.amazonaws.com/v1"
    assert [outputs[n] for n in OUTPUTS[:3]] == [f"{base}/next", f"{base}/start", f"{base}/stop"]
    assert template.resolve("Resources", "SitePage", "Properties")["NextUrl"] == f"{base}/next"
    distribution = template.resolve("Resources", "SiteDistribution", "Properties", "DistributionConfig")
    assert not {"Aliases", "ViewerCertificate"} & set(distribution)


def test_the_api_has_a_name_where_existing_front_ends_look_for_it():
    """Given a label, the API is at https://<label>.<root domain>/next, also for the page."""
    template = evaluate(ApiLabel="api")

    assert list_made(template, API) == list(API)
    assert template.resolve("Resources", "ApiDomain", "Properties")["DomainName"] == "api.example.org"
    assert "BasePath" not in RESOURCES["ApiMapping"]["Properties"]
    assert get_outputs(template)["NextUrl"] == "https://api.example.org/next"
    assert get_outputs(template)["StopUrl"] == "https://api.example.org/stop"
    page = template.resolve("Resources", "SitePage", "Properties")
    assert page["NextUrl"] == "https://api.example.org/next"


@pytest.mark.parametrize(
    ("region", "certificate", "used"),
    [
        ("us-east-1", "", "id of SiteCertificate"),
        ("us-east-1", CERTIFICATE, CERTIFICATE),
        ("ca-central-1", CERTIFICATE, CERTIFICATE),
    ],
)
def test_the_page_has_a_name(region, certificate, used):
    """Given a label, page, headers and outputs have the name, and its certificate is created in us-east-1
    only."""
    template = evaluate(region, SiteLabel="study", SiteCertificateArn=certificate)

    made = ["SiteRecords"] if certificate else ["SiteCertificate", "SiteRecords"]
    assert list_made(template, SITE) == made
    config = template.resolve("Resources", "SiteDistribution", "Properties", "DistributionConfig")
    assert config["Aliases"] == ["study.example.org"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == used
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert get_outputs(template)["SiteUrl"] == "https://study.example.org"
    assert template.get_variables("UpdateProjectMasterList")["SITE_URL"] == "https://study.example.org"
    headers = template.resolve("Resources", "PageHeaders", "Properties", "ResponseHeadersPolicyConfig")
    policy = headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy == "frame-ancestors 'self' https://study.example.org"


@pytest.mark.parametrize("certificate", ["", CERTIFICATE])
def test_a_name_outside_the_stack_works_as_before(certificate):
    """Given SiteUrl, with or without a certificate, no record and no certificate is created."""
    template = evaluate(SiteUrl="https://study.example.com:8443", SiteCertificateArn=certificate)

    assert list_made(template, SITE) == []
    config = template.resolve("Resources", "SiteDistribution", "Properties", "DistributionConfig")
    assert config.get("Aliases") == (["study.example.com"] if certificate else None)
    assert config.get("ViewerCertificate", {}).get("AcmCertificateArn") == (certificate or None)
    assert get_outputs(template)["SiteUrl"] == "https://study.example.com:8443"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"SiteLabel": "study"}, "needs SiteCertificateArn"),
        (
            {"SiteLabel": "s", "SiteUrl": "https://a.example.com", "SiteCertificateArn": CERTIFICATE},
            "Leave one",
        ),
        ({"SiteLabel": "api", "ApiLabel": "api", "SiteCertificateArn": CERTIFICATE}, "must differ"),
        ({"ApiLabel": "api.example.org"}, "one label"),
        ({"SiteLabel": "-study"}, "one label"),
        ({"WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"}, "regional"),
        ({"SiteWebAclArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b"}, "scope CLOUDFRONT"),
        ({"SiteWebAclArn": "arn:aws:wafv2:eu-west-1:123456789012:global/webacl/a/b"}, "us-east-1"),
    ],
)
def test_names_that_cannot_work_are_refused(parameters, said):
    """Given names or ARNs that AWS would refuse later, the deployment is refused before it begins."""
    with pytest.raises(ValueError, match=said):
        evaluate(**parameters)


@pytest.mark.parametrize(
    "function", ["NextStep", "StartServer", "SendStartServerMessage", "SendStopServerMessage"]
)
def test_participants_cannot_take_the_names_of_api_and_page(function):
    """Given labels other than the reserved ones, all functions refuse them as user ids."""
    parameters = {"ApiLabel": "play", "SiteLabel": "study", "SiteCertificateArn": CERTIFICATE}
    reserved = evaluate(**parameters).get_variables(function)["RESERVED_NAMES"].split(",")
    assert {"www", "api", "mail", "ns*", "play", "study"} == set(reserved)


@pytest.mark.parametrize("name", ["ApiRecords", "SiteRecords"])
def test_names_are_known_over_both_protocols(name):
    """Given a name, its A and AAAA records are aliases of the same target."""
    a, aaaa = RESOURCES[name]["Properties"]["RecordSets"]
    assert (a["Type"], aaaa["Type"]) == ("A", "AAAA")
    assert (a["Name"], a["AliasTarget"]) == (aaaa["Name"], aaaa["AliasTarget"])


@pytest.mark.parametrize("name", ["ApiCertificate", "SiteCertificate"])
def test_certificates_are_validated_in_the_hosted_zone(name):
    """Given a certificate, its validation record is created in the zone without manual steps."""
    properties = RESOURCES[name]["Properties"]
    (option,) = properties["DomainValidationOptions"]
    assert properties["ValidationMethod"] == "DNS"
    assert (option["DomainName"], option["HostedZoneId"]) == (
        properties["DomainName"],
        {"Ref": "HostedZoneId"},
    )


@pytest.mark.parametrize(
    ("value", "group", "role"),
    [("none", False, False), ("account-role", True, False), ("make-role", True, True)],
)
def test_requests_are_logged_where_asked_for(value, group, role):
    """Given ApiLogs, the log group and the account's role are created only where it asks for them."""
    template = evaluate(ApiLogs=value)

    assert template.is_made("ApiLogGroup") is group
    assert template.is_made("ApiLogAccount") is template.is_made("ApiLogRole") is role
    setting = template.resolve("Resources", "Api", "Properties").get("AccessLogSetting")
    assert (setting or {}).get("DestinationArn") == ("Arn of ApiLogGroup" if group else None)


def test_no_request_is_logged_by_default():
    """Given no parameters, a deployment does not need the account's role, without which it would fail."""
    assert load_template()["Parameters"]["ApiLogs"]["Default"] == "none"


def test_the_log_holds_nothing_that_a_client_writes():
    """Given a request, its log line is JSON without address, path, query, user agent or ids."""
    text = RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Fn::If"][1]["Format"]
    fields = json.loads(re.sub(r"\$context\.[a-zA-Z.]+", "x", text))
    assert fields
    assert set(fields.values()) == {"x"}
    assert "\n" not in text
    assert set(re.findall(r"\$context\.([a-zA-Z.]+)", text)) == {
        "requestTime",
        "requestId",
        "httpMethod",
        "resourcePath",
        "status",
        "error.responseType",
        "responseLatency",
        "responseLength",
    }


def test_the_accounts_log_role_outlives_the_stack():
    """Given a deleted stack, other APIs of the account still log under the role that it had set."""
    for name in ("ApiLogRole", "ApiLogAccount"):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("arn", ["", "arn:aws:wafv2:ca-central-1:123456789012:regional/webacl/a/b"])
def test_a_web_acl_is_put_before_the_api_where_one_is_given(arn):
    """Given a web ACL or none, it is associated with the stage, or no association is created."""
    assert evaluate(WebAclArn=arn).is_made("WebAclAssociation") is bool(arn)


@pytest.mark.parametrize("arn", ["", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"])
def test_a_web_acl_is_put_before_the_site_where_one_is_given(arn):
    """Given a web ACL of CloudFront or none, the distribution has it, and the API is not affected."""
    template = evaluate(SiteWebAclArn=arn)

    config = template.resolve("Resources", "SiteDistribution", "Properties", "DistributionConfig")
    assert config.get("WebACLId") == (arn or None)
    assert not template.is_made("WebAclAssociation")


def test_the_start_message_says_who_chose_the_id():
    """Given /start open to anyone, the function that publishes its messages knows."""
    for value in ("AWS_IAM", "NONE"):
        variables = evaluate(ControlAuthorization=value).get_variables("SendStartServerMessage")
        assert variables["CONTROL_AUTHORIZATION"] == value
