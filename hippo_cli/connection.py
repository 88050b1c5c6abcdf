"""Which account, region and stack a command is about: flags, environment, config.yml's awsSetup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import InvalidRegionError

from hippo_cli.errors import UsageError

_RETRIES = 4
_CONNECT_SECONDS = 5
_READ_SECONDS = 65  # publishing may take the update function a minute


@dataclass(frozen=True)
class Flags:
    """What was given before or after any command, or by its variable.

    `profile` only by its option: botocore itself reads AWS_PROFILE, and keys in the environment go before.
    """

    stack: str | None = None
    profile: str | None = None
    region: str | None = None
    debug: bool = False


@dataclass(frozen=True)
class Connection:
    """AWS as one command sees it; AWS_ENDPOINT_URL leads it to a local platform."""

    session: Any
    region: str
    stack: str | None

    def make_client(self, service: str) -> Any:
        """A client that tries again by itself when AWS is busy or a connection breaks."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": _RETRIES},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
        )
        try:
            return self.session.client(service, region_name=self.region, config=config)
        except InvalidRegionError:  # a ValueError too
            raise
        except ValueError as error:  # botocore's own for an endpoint that is no URL
            raise UsageError(
                f"{error}",
                "AWS_ENDPOINT_URL has to be one such as http://localhost:4566; usually it is not set.",
            ) from error


def connect(flags: Flags, project: Mapping[str, Any] | None = None) -> Connection:
    """The connection for `project`, a study's config, if the command has one. No call is made yet.

    Raises UsageError without a region, botocore's ProfileNotFound for an unknown profile.
    """
    setup = (project or {}).get("awsSetup")
    setup = setup if isinstance(setup, Mapping) else {}
    session = boto3.Session(profile_name=flags.profile)
    region = (
        flags.region or setup.get("region") or session.region_name  # the profile's
    )
    if not region:
        raise UsageError(
            "no AWS region is given",
            "Give --region, set AWS_REGION, or name it under project.awsSetup.region in config.yml.",
        )
    stack = flags.stack or setup.get("stack")
    return Connection(session, str(region), str(stack) if stack else None)
