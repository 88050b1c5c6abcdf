"""What the emulator is told on its command line."""

from dataclasses import dataclass
from pathlib import Path

REGION = "ca-central-1"
# The application id in the user agent of the platform's own calls, which faults spare.
PLATFORM_ID = "hippo-local"


@dataclass(frozen=True)
class Settings:
    """Paths are absolute, times in seconds. `None` for a path means: keep nothing of that kind."""

    port: int
    images: Path | None = None
    lambda_python: Path | None = None
    task_port: int = 5000
    task_logs: Path | None = None
    data: Path | None = None
    log: Path | None = None
    # The control file of faults on demand.
    faults: Path | None = None
    # What IAM has judged, for the proof that no role may more than it uses.
    permissions: Path | None = None
    # How long a task stays in each state that it passes through. On AWS most of a minute in all.
    state_delay: float = 0.5
    # How long a container has between SIGTERM and SIGKILL (AWS: stopTimeout, 30 s unless set otherwise).
    stop_timeout: float = 30.0
    # Pauses before the retries of an asynchronous invocation (AWS: 60 s and 120 s).
    retry_delays: tuple[float, ...] = (2.0, 4.0)

    @property
    def endpoint(self) -> str:
        """Where every service answers, e.g. for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"
