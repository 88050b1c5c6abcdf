"""Combinations of template parameters that matter: each deploys completely, and its API responds."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from hippo_local.account import ROOT_DOMAIN
from tests.deployments.local_account import REPOSITORY, Build, LocalAccount

pytestmark = pytest.mark.e2e

HOME, US = "ca-central-1", "us-east-1"
SITE_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/made-by-hand"
WEB_ACL = "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/hippo/11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Combination:
    """A region and the parameters of a stack in addition to zone and root domain."""

    region: str
    parameters: dict[str, str]
    network: str

    def has(self, name: str, value: str = "") -> bool:
        """Return whether a parameter is given, or has this value."""
        given = self.parameters.get(name, "")
        return given == value if value else bool(given)


# Network, names, control endpoints, options, region: each useful pair of choices is in one of them.
# Without the TLS-only policies of the buckets, because there is no TLS here.
COMBINATIONS = {
    "named": Combination(
        HOME,
        {
            "ApiLabel": "api1",
            "SiteLabel": "study1",
            "SiteCertificateArn": SITE_CERTIFICATE,
            "GameCertificate": "acm",
            "AlarmEmail": "operator@example.org",
            "MonthlyBudget": "50",
            "Tracing": "Active",
        },
        "made",
    ),
    "plain": Combination(
        HOME,
        {
            "ControlAuthorization": "NONE",
            "ExtraBuckets": "first-extra,second-extra",
            "ParticipantRetentionDays": "30",
            "Dashboard": "no",
            "ApiLogs": "account-role",
        },
        "given",
    ),
    "virginia": Combination(
        US,
        {
            "ApiLabel": "api2",
            "SiteLabel": "study2",
            "ApiLogs": "make-role",
            "WebAclArn": WEB_ACL,
            "GameCertificate": "bucket",
            "AlarmEmail": "operator@example.org",
            "MonthlyBudget": "50",
            "BudgetScope": "stack",
        },
        "group made",
    ),
    "proxied": Combination(
        HOME,
        {
            "SiteUrl": "https://study.example.com",
            "ControlAuthorization": "NONE",
            "ExtraBuckets": "first-extra",
            "Tracing": "Active",
            "OldVersionDays": "0",
            "VpcCidr": "172.20.0.0/20",
        },
        "made",
    ),
}


@dataclass(frozen=True)
class Deployed:
    """A deployed combination."""

    combination: Combination
    account: LocalAccount
    stack: str
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """Return a client in its region."""
        return self.account.client(service, self.combination.region)

    def ask(self, path: str) -> tuple[int, bytes]:
        """Return status and body of the API's response, at its own name if it has one."""
        url, headers = f"{self.account.endpoint_url}/{path}", {}
        if label := self.combination.parameters.get("ApiLabel"):
            headers["Host"] = f"{label}.{ROOT_DOMAIN}"
        else:
            url = f"{self.account.describe(self.outputs)['nextUrl'].removesuffix('next')}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module", params=COMBINATIONS)
def deployed(request: pytest.FixtureRequest, account: LocalAccount, current: Build) -> Deployed:
    """Deploy a combination and return it."""
    combination = COMBINATIONS[request.param]
    parameters = account.make_parameters(
        Prefix=request.param, UpdateFunctionName=f"{request.param}_update", **combination.parameters
    )
    parameters |= choose_network(account, combination)
    outputs = account.deploy(request.param, current, parameters, region=combination.region)
    return Deployed(combination, account, request.param, outputs)


def choose_network(account: LocalAccount, combination: Combination) -> dict[str, str]:
    """Return the parameters for the network that the combination calls for."""
    if combination.network == "made":
        return {}
    if combination.network == "given":
        return {"Subnet": account.given.subnet_id, "SecurityGroup": account.given.security_group_id}
    ec2 = account.client("ec2", combination.region)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
    return {"Subnet": ",".join(subnets), "VpcId": vpc}


def test_outputs_are_complete(deployed: Deployed) -> None:
    """Given the stack, each output that its parameters call for exists and has a value."""
    conditions = {"HasExtraBuckets": "ExtraBuckets"}
    wanted = {
        name
        for name, output in read_template()["Outputs"].items()
        if (condition := output.get("Condition")) is None
        or (condition == "HasDashboard" and not deployed.combination.has("Dashboard", "no"))
        or (condition in conditions and deployed.combination.has(conditions[condition]))
    }

    assert deployed.outputs.keys() == wanted
    assert [name for name, value in deployed.outputs.items() if not value or "${" in value] == []


def read_template() -> Any:
    """Return template.yaml, with its short forms read as None."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    return yaml.load((REPOSITORY / "template.yaml").read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506


def test_api_responds_and_guards_starts(deployed: Deployed) -> None:
    """Given an unsigned request, /next responds, and /start only where it is open."""
    assert deployed.ask("next?projectId=nothing&userId=ada") == (400, b'"Project ID Not Found"')

    status, _ = deployed.ask("start?projectId=&userId=")
    assert status == (400 if deployed.combination.has("ControlAuthorization", "NONE") else 403)


def test_page_knows_the_api(deployed: Deployed) -> None:
    """Given the page in its bucket, its config has the same API address as the output."""
    stored = deployed.client("s3").get_object(Bucket=deployed.outputs["SiteBucketName"], Key="config.json")

    assert json.loads(stored["Body"].read())["nextUrl"] == deployed.outputs["NextUrl"]


def test_game_servers_have_a_network(deployed: Deployed) -> None:
    """Given the function that starts servers, it uses the subnets and the group of the outputs, and
    those that the stack creates are two public subnets, and a group that allows only TCP 5000 in."""
    ids = deployed.account.read_ids(deployed.stack, deployed.combination.region)
    found = deployed.client("lambda").get_function_configuration(FunctionName=ids["StartServerFunction"])
    variables = found["Environment"]["Variables"]
    assert variables["SUBNET"] == deployed.outputs["Subnets"]
    assert variables["SECURITY_GROUP"] == deployed.outputs["SecurityGroupId"]

    ec2 = deployed.client("ec2")
    if deployed.combination.network == "made":
        assert variables["SUBNET"] == f"{ids['FirstSubnet']},{ids['SecondSubnet']}"
        check_public(ec2, variables["SUBNET"].split(","))
    if deployed.combination.network != "given":
        (group,) = ec2.describe_security_groups(GroupIds=[ids["GameServerSecurityGroup"]])["SecurityGroups"]
        (rule,) = group["IpPermissions"]
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5000, 5000)
        subnets = ec2.describe_subnets(SubnetIds=variables["SUBNET"].split(","))["Subnets"]
        assert {subnet["VpcId"] for subnet in subnets} == {group["VpcId"]}


def check_public(ec2: Any, subnets: list[str]) -> None:
    """Assert that the subnets are in two zones, each with a route to the internet."""
    found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in found}) == 2
    vpc = [{"Name": "vpc-id", "Values": [found[0]["VpcId"]]}]
    routed = {
        association.get("SubnetId")
        for table in ec2.describe_route_tables(Filters=vpc)["RouteTables"]
        if any(r.get("GatewayId", "").startswith("igw-") for r in table["Routes"])
        for association in table["Associations"]
    }
    assert set(subnets) <= routed


def test_names_lead_to_the_stack(deployed: Deployed) -> None:
    """Given labels for API and page, both have A and AAAA records, and the outputs have their names."""
    zone = deployed.account.given.hosted_zone_id
    sets = deployed.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    for parameter, output in (("ApiLabel", "NextUrl"), ("SiteLabel", "SiteUrl")):
        label = deployed.combination.parameters.get(parameter)
        if label is None:
            assert f".{ROOT_DOMAIN}" not in deployed.outputs[output]
            continue
        name = f"{label}.{ROOT_DOMAIN}"
        assert deployed.outputs[output].startswith(f"https://{name}")
        kinds = {s["Type"] for s in sets if s["Name"] == f"{name}." and "AliasTarget" in s}
        assert kinds == {"A", "AAAA"}


def test_only_needed_certificates_are_created(deployed: Deployed) -> None:
    """Given the names that are served over TLS, the stack has created their certificates, and no others."""
    ids = deployed.account.read_ids(deployed.stack, deployed.combination.region)
    wanted = {
        "ApiCertificate": deployed.combination.has("ApiLabel"),
        "SiteCertificate": deployed.combination.has("SiteLabel") and deployed.combination.region == US,
        "GameServerCertificate": deployed.combination.has("GameCertificate", "acm"),
    }

    assert {name: name in ids for name in wanted} == wanted
    acm = deployed.client("acm")
    for name in (name for name in wanted if name in ids):
        assert acm.describe_certificate(CertificateArn=ids[name])["Certificate"]["DomainName"]


def test_options_have_their_resources(deployed: Deployed) -> None:
    """Given the optional parts, each exists exactly if its parameter asks for it."""
    ids = deployed.account.read_ids(deployed.stack, deployed.combination.region)
    has = deployed.combination.has
    wanted = {
        "AlarmTopic": has("AlarmEmail"),
        "Budget": has("MonthlyBudget"),
        "OperationsDashboard": not has("Dashboard", "no"),
        "TracingPolicy": has("Tracing", "Active"),
        "ApiLogGroup": has("ApiLogs"),
        "ApiLogAccount": has("ApiLogs", "make-role"),
        "WebAclAssociation": has("WebAclArn"),
        "TaskExtraBucketsPolicy": has("ExtraBuckets"),
    }

    assert {name: name in ids for name in wanted} == wanted
