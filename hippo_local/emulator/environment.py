"""The environment of the emulator, which its Lambda workers inherit."""

import os

from hippo_local.emulator.settings import REGION, Settings

# A Lambda function sees none of the user's exported variables: credentials, profiles, proxies.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")

# MiniStack's own settings. It reads most of them on import, so they are set before that.
_FIXED = {
    "AUTH": "true",  # enforce signatures, policies and the functions' roles
    "BIND_HOST": "127.0.0.1",  # its default is every interface
    "IOT_MTLS_ENABLED": "0",  # otherwise it listens on 0.0.0.0:8883 too
    "SFTP_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",  # do not use a Docker that the machine may have
    "MINISTACK_HOST": "localhost",
    "MINISTACK_REGION": REGION,
    "LOG_LEVEL": "INFO",
}

# Functions and tasks have the credentials set here, look for no others, and run in UTC.
ISOLATION = {
    "TZ": "UTC",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def prepare_environment(settings: Settings) -> None:
    """Reduce the process's environment to what MiniStack and the workers need."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(_FIXED)
    os.environ.update(ISOLATION)
    os.environ["GATEWAY_PORT"] = str(settings.port)
    if settings.data is not None:
        os.environ["S3_PERSIST"] = "1"
        os.environ["S3_DATA_DIR"] = str(settings.data)


def emulator_variables() -> tuple[str, ...]:
    """Return the variables of the emulator itself, which a function on AWS would not see."""
    return (*_FIXED, "GATEWAY_PORT", "S3_PERSIST", "S3_DATA_DIR")
