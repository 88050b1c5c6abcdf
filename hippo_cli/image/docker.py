"""Docker's command line, which builds an image from a stream and pushes it."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable
from typing import IO

from hippo_cli.errors import MachineError
from hippo_cli.image.build_context import BuildContext
from hippo_cli.image.registry import Login

# Docker's output goes to standard error: standard output is for programs.
_STANDARD_ERROR = 2
_CHECK_SECONDS = 30
_WITHOUT = "Or pass an existing image: --image REPOSITORY:TAG."


def check_docker() -> None:
    """Raise MachineError if Docker is not installed, or not running."""
    if shutil.which("docker") is None:
        raise MachineError(
            "Docker is not installed", f"Install it (https://docs.docker.com/get-docker/).\n{_WITHOUT}"
        )
    try:
        found = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=_CHECK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise MachineError("Docker does not respond", f"Restart it.\n{_WITHOUT}") from None
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1:] or ["no reason reported"]
        raise MachineError(f"Docker is not running: {reason[0]}", f"Start it.\n{_WITHOUT}")


def build_image(context: BuildContext, reference: str, platform: str) -> None:
    """Build the image with the tag `reference`. Raises MachineError; Docker's output above has the reason."""
    arguments = ["build", "--platform", platform, "--tag", reference, "--file", context.dockerfile, "-"]
    _run(arguments, "cannot build the image", context.write)


def push_image(reference: str, login: Login) -> None:
    """Log in to the registry of `reference`, and push the image."""
    registry = reference.partition("/")[0]
    arguments = ["login", "--username", login.user, "--password-stdin", registry]
    _run(arguments, f"cannot log in to {registry}", lambda stream: _write(stream, login.password))
    _run(["push", reference], "cannot push the image")


def _write(stream: IO[bytes], text: str) -> None:
    stream.write(text.encode())


def _run(arguments: list[str], failure: str, feed: Callable[[IO[bytes]], None] | None = None) -> None:
    stdin = subprocess.PIPE if feed else subprocess.DEVNULL
    with subprocess.Popen(["docker", *arguments], stdin=stdin, stdout=_STANDARD_ERROR) as process:
        try:
            if feed and process.stdin:
                # Docker may have failed already, and stopped reading.
                with contextlib.suppress(BrokenPipeError), process.stdin as stream:
                    feed(stream)
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code:
        raise MachineError(
            f"Docker {failure} (exit code {code})",
            "Docker's output above has the reason. Fix it, and run the same command again.\n"
            "A version that was published before stays live.",
        )
