"""List prices of a game server and the sizes that Fargate has: every figure on costs comes from here."""

from dataclasses import dataclass

# US East (N. Virginia), Linux/x86, USD an hour, March 2026: https://aws.amazon.com/fargate/pricing/ and
# https://aws.amazon.com/vpc/pricing/ (public IPv4). Other regions differ by up to a third.
VCPU_HOUR = 0.04048
GB_HOUR = 0.004445
ADDRESS_HOUR = 0.005
SOURCE = "list prices of US East (N. Virginia), March 2026, https://aws.amazon.com/fargate/pricing/"

# GB of memory by vCPUs, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
MEMORY_BY_CPU: dict[float, tuple[float, ...]] = {
    0.25: (0.5, 1, 2),
    0.5: (1, 2, 3, 4),
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
}
# What publishing takes where a config says nothing, as existing deployment scripts do.
DEFAULT_CPU = 2.0
DEFAULT_MEMORY = 10.0


@dataclass(frozen=True, slots=True)
class ServerCost:
    """What one server costs at most, in USD: on demand, until maxRuntime; its replacement costs too."""

    cpu: float
    memory: float
    minutes: int

    @property
    def dollars(self) -> float:
        """vCPUs, memory and the public address, each by the hour."""
        return (self.cpu * VCPU_HOUR + self.memory * GB_HOUR + ADDRESS_HOUR) * self.minutes / 60


def list_sizes(cpu: float) -> str:
    """The memory that goes with so many vCPUs, in words; empty for a number of vCPUs that there is not."""
    sizes = MEMORY_BY_CPU.get(cpu)
    if not sizes:
        return ""
    if len(sizes) <= 4:
        return ", ".join(f"{size:g}" for size in sizes)
    step = sizes[1] - sizes[0]
    return f"{sizes[0]:g} to {sizes[-1]:g}" + (f" in steps of {step:g}" if step != 1 else "")
