"""The check of this machine: Docker, with which publishing builds images."""

import shutil
import subprocess
from collections.abc import Iterator

from hippo_cli.doctor.results import Result, ok, warning

DOCKER = "Docker"
_SECONDS = 15
_ONLY = "Docker is only needed to build images here. `hippo publish --image URI` uses an existing image."


def check_docker() -> Iterator[Result]:
    """Check that the Docker client is installed and its daemon responds."""
    program = shutil.which("docker")
    if program is None:
        yield warning(DOCKER, "not installed", _ONLY)
        return
    try:
        done = subprocess.run(
            [program, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        yield warning(DOCKER, f"does not respond within {_SECONDS} seconds", f"Restart it. {_ONLY}")
        return
    except OSError as error:
        yield warning(DOCKER, f"cannot be started: {error}", _ONLY)
        return
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        yield warning(DOCKER, f"is not running: {lines[-1]}", f"Start it. {_ONLY}")
    else:
        yield ok(DOCKER, f"version {done.stdout.strip()}")
