"""The emulator's settings, from its command line."""

from dataclasses import dataclass, field
from pathlib import Path

from hippo_local.keys import AccessKeys, make_keys

REGION = "ca-central-1"
# The application id in the user agent of the platform's own calls, which faults do not affect.
PLATFORM_ID = "hippo-local"


@dataclass(frozen=True)
class Settings:
    """The emulator's settings: absolute paths, or None to keep nothing of that kind; times in seconds."""

    port: int
    # The administrator's. Unless they are given, they are unknown.
    keys: AccessKeys = field(default_factory=make_keys)
    images: Path | None = None
    lambda_python: Path | None = None
    task_port: int = 5000
    task_logs: Path | None = None
    data: Path | None = None
    log: Path | None = None
    # The control file of faults on demand.
    faults: Path | None = None
    # IAM's decisions, which prove that no role may do more than it needs.
    permissions: Path | None = None
    # How long a task stays in each state. On AWS all states together take most of a minute.
    state_delay: float = 0.5
    # The time between a container's SIGTERM and SIGKILL (AWS: stopTimeout, 30 s by default).
    stop_timeout: float = 30.0
    # Pauses before the retries of an asynchronous invocation (AWS: 60 s and 120 s).
    retry_delays: tuple[float, ...] = (2.0, 4.0)

    @property
    def endpoint(self) -> str:
        """The address of every service, for example for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"
