"""Tasks and clusters of ECS on Fargate: what they show depends on the time.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
A task goes PROVISIONING → PENDING → RUNNING → DEACTIVATING → STOPPED by itself.
"""

from dataclasses import dataclass, field

ATTACHED, RUNNING, ANSWERS = 8.0, 20.0, 25.0  # seconds after RunTask
STOPPING = 12.0  # seconds from StopTask to STOPPED: SIGTERM, which the game server obeys


@dataclass(slots=True)
class Task:
    """One task; what it shows depends on the time."""

    arn: str
    cluster: str
    user: str
    provider: str
    made: float
    address: str
    ends_from: float | None = None  # when it begins to stop
    stop_code: str = ""
    stopped_reason: str = ""
    seconds_to_stop: float = STOPPING
    exit_code: int = 1
    variables: dict[str, str] = field(default_factory=dict)  # of RunTask's overrides

    @property
    def interface(self) -> str:
        """The id of its network interface."""
        return f"eni-{self.address}"

    def status(self, time: float) -> str:
        """Its lastStatus."""
        if self.ends_from is not None and time >= self.ends_from:
            return "STOPPED" if time >= self.ends_from + self.seconds_to_stop else "DEACTIVATING"
        age = time - self.made
        return "PROVISIONING" if age < ATTACHED else "PENDING" if age < RUNNING else "RUNNING"

    def is_living(self, time: float) -> bool:
        """Return whether it costs money."""
        return self.status(time) != "STOPPED"

    def is_ending(self, time: float) -> bool:
        """Return whether it has begun to stop."""
        return self.ends_from is not None and time >= self.ends_from

    def has_interface(self, time: float) -> bool:
        """Return whether its network interface is attached."""
        return time >= self.made + ATTACHED and self.is_living(time)

    def answers(self, time: float) -> bool:
        """Return whether its port accepts connections."""
        return time >= self.made + ANSWERS and not self.is_ending(time)


@dataclass(slots=True)
class Cluster:
    """A cluster; it leaves PROVISIONING at `active_from` and is INACTIVE from `gone_from`."""

    active_from: float
    gone_from: float | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def status(self, time: float) -> str:
        """Its status."""
        if self.gone_from is not None:
            return "INACTIVE" if time >= self.gone_from else "DEPROVISIONING"
        return "ACTIVE" if time >= self.active_from else "PROVISIONING"
