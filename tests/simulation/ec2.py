"""EC2: the network interfaces of tasks, visible a little after their creation."""

from typing import Any

from tests.simulation.boundary import Boundary, operation
from tests.simulation.ecs import SimulatedEcs
from tests.simulation.refusals import refuse


class SimulatedEc2:
    """The interfaces of ECS's tasks."""

    def __init__(self, boundary: Boundary, ecs: SimulatedEcs) -> None:
        self.boundary, self._ecs = boundary, ecs
        self.seconds_until_seen = 1.0

    @operation("ec2:DescribeNetworkInterfaces")
    def describe_network_interfaces(self, *, NetworkInterfaceIds: list[str]) -> dict[str, Any]:  # noqa: N803
        """Return the interface with its public address."""
        task = self._ecs.find_by_interface(NetworkInterfaceIds[0])
        if task is None or not task.has_interface(self.boundary.scheduler.time - self.seconds_until_seen):
            raise refuse("ec2:DescribeNetworkInterfaces", "InvalidNetworkInterfaceID.NotFound")
        return {"NetworkInterfaces": [{"Association": {"PublicIp": task.address}}]}
