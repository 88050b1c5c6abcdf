"""AWS clients with the retries and timeouts that each kind of function can afford.

They come from botocore, on which boto3 is built: what boto3 adds to a client (for S3, file transfers with
thread pools) is not used here and takes a sixth of a cold start (docs/explanation/benchmarks.md).
"""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

# At INFO it logs where it found credentials; a request's log lines are the project's own.
logging.getLogger("botocore").setLevel(logging.WARNING)

# next_step has seconds. A call that hangs ends within ten (two tries of four, and the wait between them), and
# it retries whole requests itself (functions/next_step/app.py).
QUICK = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
# The server handlers have minutes and share an account's request rates, so adaptive retries slow them down.
PATIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "adaptive", "total_max_attempts": 6})


@cache
def open_session() -> Session:
    """Return the one session of this execution environment: data that clients share is read once."""
    return Session()


@cache
def make_client(service: str, *, patient: bool = False) -> Any:
    """Return the client of a service, created once in each execution environment."""
    with _pause_collector():
        return open_session().create_client(service, config=PATIENT if patient else QUICK)


@contextmanager
def _pause_collector() -> Iterator[None]:
    """Pause garbage collection: a service's model is tens of thousands of objects, nearly all permanent."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ClientOnDemand:
    """A client that is created at its first call, for services that an invocation may not need.

    Reading the model of a service takes 10 to 100 ms, and for EC2 20 MB.
    """

    def __init__(self, service: str, *, patient: bool = False) -> None:
        self._service = service
        self._patient = patient

    def __getattr__(self, operation: str) -> Any:
        return getattr(make_client(self._service, patient=self._patient), operation)
