"""This machine: Docker, which publishing builds images with."""

import shutil
import subprocess
from collections.abc import Iterator

from hippo_cli.doctor.results import Result, ok, warning

DOCKER = "Docker"
_SECONDS = 15
_ONLY = "Only publishing with an image built here needs it; `hippo publish --image URI` takes a ready one."


def check_docker() -> Iterator[Result]:
    """Whether its client is there, and its daemon answers."""
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
        yield warning(DOCKER, f"does not answer within {_SECONDS} seconds", f"Start it again. {_ONLY}")
        return
    except OSError as error:
        yield warning(DOCKER, f"cannot be started: {error}", _ONLY)
        return
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        yield warning(DOCKER, f"does not run: {lines[-1]}", f"Start it. {_ONLY}")
    else:
        yield ok(DOCKER, f"version {done.stdout.strip()}")
