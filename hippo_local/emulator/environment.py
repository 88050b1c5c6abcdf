"""The environment that the emulator runs in, which its Lambda workers inherit."""

import os

from hippo_local.emulator.settings import REGION, Settings

# A Lambda function sees none of what the person at the keyboard has exported: credentials, profiles, proxies.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")

# MiniStack's own settings. It reads most of them while it is imported, so they are set before that.
_FIXED = {
    "AUTH": "true",  # signatures, policies and the functions' roles count
    "BIND_HOST": "127.0.0.1",  # its default is every interface
    "IOT_MTLS_ENABLED": "0",  # else it listens on 0.0.0.0:8883 too
    "SFTP_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",  # a Docker that the machine may have is left alone
    "MINISTACK_HOST": "localhost",
    "MINISTACK_REGION": REGION,
    "LOG_LEVEL": "INFO",
}

# Whoever runs inside has the credentials that it is given here, looks for no others, and lives in UTC.
ISOLATION = {
    "TZ": "UTC",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def prepare_environment(settings: Settings) -> None:
    """Replace the process's environment by what MiniStack and the workers need, and nothing else."""
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
    """The variables that concern the emulator only, which a function on AWS would not see."""
    return (*_FIXED, "GATEWAY_PORT", "S3_PERSIST", "S3_DATA_DIR")
