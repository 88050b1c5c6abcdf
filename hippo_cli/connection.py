"""The account, region and stack of a command, from options, environment and config.yml's awsSetup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import InvalidRegionError

from hippo_cli.credentials import ProfileSession
from hippo_cli.errors import UsageError

_RETRIES = 4
_CONNECT_SECONDS = 5
_READ_SECONDS = 65  # the update function may take a minute to publish


@dataclass(frozen=True)
class Flags:
    """The global options, or the environment variables behind them.

    `profile` is only the option: botocore reads AWS_PROFILE itself, and prefers keys in the environment.
    """

    stack: str | None = None
    profile: str | None = None
    region: str | None = None
    debug: bool = False


@dataclass(frozen=True)
class Connection:
    """One command's connection to AWS, or to a local platform with AWS_ENDPOINT_URL."""

    session: Any
    region: str
    stack: str | None

    def make_client(self, service: str) -> Any:
        """Return a client that retries when AWS is busy or a connection breaks."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": _RETRIES},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
        )
        try:
            return self.session.client(service, region_name=self.region, config=config)
        except InvalidRegionError:  # a ValueError too
            raise
        except ValueError as error:  # botocore's error for an endpoint that is not a URL
            raise UsageError(
                f"{error}",
                "Unset AWS_ENDPOINT_URL, or set it to a URL such as http://localhost:4566.",
            ) from error


def connect(flags: Flags, project: Mapping[str, Any] | None = None) -> Connection:
    """Return the connection for `project`, a study's config, if the command has one. Make no call yet.

    Raises UsageError without a region, and botocore's ProfileNotFound for an unknown profile.
    """
    setup = (project or {}).get("awsSetup")
    setup = setup if isinstance(setup, Mapping) else {}
    session = ProfileSession(flags.profile)
    region = (
        flags.region or setup.get("region") or session.region_name  # the profile's
    )
    if not region:
        raise UsageError(
            "no AWS region is set",
            "Pass --region, set AWS_REGION, or set project.awsSetup.region in config.yml.",
        )
    stack = flags.stack or setup.get("stack")
    return Connection(session, str(region), str(stack) if stack else None)
