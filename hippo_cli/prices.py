"""List prices of a game server and the sizes that Fargate offers. All cost figures come from here."""

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


@dataclass(frozen=True, slots=True)
class ServerCost:
    """The maximum cost of one server in USD: on demand, until maxRuntime. A replacement costs extra."""

    cpu: float
    memory: float
    minutes: int

    @property
    def dollars(self) -> float:
        """The cost of vCPUs, memory and public address, each priced by the hour."""
        return self.hour * self.minutes / 60

    @property
    def hour(self) -> float:
        """The cost of an hour."""
        return self.cpu * VCPU_HOUR + self.memory * GB_HOUR + ADDRESS_HOUR


def list_sizes(cpu: float) -> str:
    """Return the memory sizes for a number of vCPUs as text, or "" if Fargate does not offer that number."""
    sizes = MEMORY_BY_CPU.get(cpu)
    if not sizes:
        return ""
    if len(sizes) <= 4:
        return ", ".join(f"{size:g}" for size in sizes)
    step = sizes[1] - sizes[0]
    return f"{sizes[0]:g} to {sizes[-1]:g}" + (f" in steps of {step:g}" if step != 1 else "")
