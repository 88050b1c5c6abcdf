"""AWS clients for the emulator, which never read the user's profiles, credentials or proxy settings."""

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from hippo_local.emulator.settings import PLATFORM_ID
from hippo_local.keys import AccessKeys

REGION = "ca-central-1"

_NO_USER_FILES: dict[str, tuple[Any, Any, Any, Any]] = {
    "profile": (None, [], None, None),
    "config_file": (None, [], os.devnull, None),
    "credentials_file": (None, [], os.devnull, None),
}


class Aws:
    """A factory of clients that call one emulator as its administrator, with the keys of its run.

    On AWS this is the operator's own identity.
    """

    def __init__(self, endpoint_url: str, keys: AccessKeys) -> None:
        self.endpoint_url = endpoint_url
        self.keys = keys
        core = botocore.session.Session(session_vars=_NO_USER_FILES)
        self._session = boto3.Session(keys.id, keys.secret, region_name=REGION, botocore_session=core)

    # Callers annotate the client's type: boto3 builds client classes at run time.
    def make_client(self, service: str) -> Any:
        """Return a boto3 client for `service`, for example "s3"."""
        # With http_proxy in the environment, even loopback requests would go to the proxy.
        retries: Any = {"mode": "standard", "total_max_attempts": 3}
        config = Config(proxies={}, retries=retries, read_timeout=60, user_agent_extra=f"app/{PLATFORM_ID}")
        make: Any = self._session.client
        return make(service, endpoint_url=self.endpoint_url, config=config)


def make_aws_variables(endpoint_url: str, keys: AccessKeys) -> dict[str, str]:
    """Return the variables that make AWS tools use the emulator and none of the user's settings."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": keys.id,
        "AWS_SECRET_ACCESS_KEY": keys.secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SDK_UA_APP_ID": PLATFORM_ID,
        "NO_PROXY": "*",
    }
