"""The game servers' network: given or created by the stack, open only for TCP 5000."""

import pytest
from evaluated_template import GIVEN, evaluate
from template_file import load_template

RESOURCES = load_template()["Resources"]
NETWORK = [name for name, r in RESOURCES.items() if r["Type"].startswith("AWS::EC2::")]
START = "StartServer"


def test_a_network_is_made_where_none_is_given():
    """Given neither subnets nor a group, the functions get those that the stack creates."""
    template = evaluate()

    assert all(template.is_made(name) for name in NETWORK)
    variables = template.get_variables(START)
    assert variables["SUBNET"] == "id of FirstSubnet,id of SecondSubnet"
    assert variables["SECURITY_GROUP"] == "id of GameServerSecurityGroup"
    assert template.resolve("Outputs", "Subnets", "Value") == variables["SUBNET"]
    assert template.resolve("Outputs", "SecurityGroupId", "Value") == variables["SECURITY_GROUP"]


def test_a_given_network_is_used_as_it_is():
    """Given subnets and a group, as earlier stacks required, the stack creates no part of a network."""
    template = evaluate(**GIVEN)

    assert [name for name in NETWORK if template.is_made(name)] == []
    variables = template.get_variables(START)
    assert (variables["SUBNET"], variables["SECURITY_GROUP"]) == (GIVEN["Subnet"], GIVEN["SecurityGroup"])


def test_a_group_is_made_in_a_given_network():
    """Given subnets and their VPC, the stack adds only the group."""
    template = evaluate(Subnet="subnet-1", VpcId="vpc-1")

    assert [name for name in NETWORK if template.is_made(name)] == ["GameServerSecurityGroup"]
    assert template.resolve("Resources", "GameServerSecurityGroup", "Properties", "VpcId") == "vpc-1"
    assert template.get_variables(START)["SECURITY_GROUP"] == "id of GameServerSecurityGroup"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Subnet": "subnet-1"}, "Set VpcId to the VPC of Subnet"),
        ({"SecurityGroup": "sg-1"}, "Set Subnet too"),
        ({"VpcId": "vpc-1"}, "VpcId is the VPC of Subnet"),
        ({"Subnet": "subnet-1 subnet-2"}, "separated by commas"),
        ({"Subnet": "none"}, "subnet ids"),
        ({"SecurityGroup": "default"}, "security group"),
        ({"VpcCidr": "10.0.0.0/24"}, "between /16 and /23"),
    ],
)
def test_half_a_network_is_refused(parameters, said):
    """Given parameters that do not make up a network, the deployment is refused with the reason."""
    with pytest.raises(ValueError, match=said):
        evaluate(**parameters)


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.10.0/23"])
def test_subnets_are_in_the_network_and_in_two_zones(cidr):
    """Given any allowed network, it has two subnets of 251 addresses in two zones."""
    template = evaluate(VpcCidr=cidr)

    first, second = (
        template.resolve("Resources", name, "Properties") for name in ("FirstSubnet", "SecondSubnet")
    )
    start = cidr.split("/")[0].rsplit(".", 2)
    assert first["CidrBlock"] == f"{start[0]}.{start[1]}.0/24"
    assert second["CidrBlock"] == f"{start[0]}.{int(start[1]) + 1}.0/24"
    assert first["AvailabilityZone"] != second["AvailabilityZone"]


def test_only_the_game_comes_in():
    """Given the group that the stack creates, it allows only TCP 5000 in."""
    properties = RESOURCES["GameServerSecurityGroup"]["Properties"]
    (rule,) = properties["SecurityGroupIngress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5000, 5000)
    assert [name for name, r in RESOURCES.items() if r["Type"] == "AWS::EC2::SecurityGroupIngress"] == []


def test_both_subnets_lead_to_the_internet():
    """Given the created network, each subnet has the route table whose route leads to the gateway."""
    associations = [
        r["Properties"] for r in RESOURCES.values() if r["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
    ]
    tables = {a["SubnetId"]["Ref"]: a["RouteTableId"]["Ref"] for a in associations}
    assert tables == {"FirstSubnet": "RouteTable", "SecondSubnet": "RouteTable"}
    route = RESOURCES["InternetRoute"]
    assert route["Properties"]["GatewayId"] == {"Ref": "InternetGateway"}
    assert route["DependsOn"] == "InternetGatewayAttachment"
