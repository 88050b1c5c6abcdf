"""EC2: the network interface of a Fargate task."""

from typing import Any

from botocore.exceptions import ClientError

from hippo.aws.failures import read_code, translate


class NetworkInterfaces:
    """The network interfaces of tasks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find_public_ip(self, interface_id: str) -> str | None:
        """Return the public IPv4 address, or None if it does not have one yet."""
        with translate("ec2:DescribeNetworkInterfaces"):
            try:
                response = self._client.describe_network_interfaces(NetworkInterfaceIds=[interface_id])
            except ClientError as error:
                if read_code(error) == "InvalidNetworkInterfaceID.NotFound":  # EC2 is eventually consistent
                    return None
                raise
        interfaces = response.get("NetworkInterfaces") or [{}]
        public_ip = (interfaces[0].get("Association") or {}).get("PublicIp")
        return str(public_ip) if public_ip else None
