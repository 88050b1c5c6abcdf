"""boto3 clients with the retries and timeouts that each kind of function can afford."""

import logging
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# It tells at INFO where it found credentials; a request's log lines are the project's own.
logging.getLogger("botocore").setLevel(logging.WARNING)

# next_step has seconds: short timeouts, and the retry over a whole request is its own (next_step/app.py).
QUICK = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "max_attempts": 2})
# The server handlers have minutes and share an account's request rates: adaptive retries slow down.
PATIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "adaptive", "max_attempts": 6})


@cache
def make_client(service: str, *, patient: bool = False) -> Any:
    """The client of a service, made once in each execution environment and only when it is used."""
    return boto3.client(service, config=PATIENT if patient else QUICK)  # type: ignore[call-overload]
