"""Docker's command line: it builds the image from a stream and pushes it."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable
from typing import IO

from hippo_cli.errors import MachineError
from hippo_cli.image.build_context import BuildContext
from hippo_cli.image.registry import Login

# Docker's own lines: standard output is for what programs read.
_STANDARD_ERROR = 2
_CHECK_SECONDS = 30
_WITHOUT = "Or name an image that is built already: --image REPOSITORY:TAG."


def check_docker() -> None:
    """Raises MachineError if there is no Docker, or if it does not run."""
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
        raise MachineError("Docker does not answer", f"Start it again.\n{_WITHOUT}") from None
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise MachineError(f"Docker does not run: {reason[0]}", f"Start it.\n{_WITHOUT}")


def build_image(context: BuildContext, reference: str, platform: str) -> None:
    """Builds the image and calls it `reference`. Raises MachineError; Docker itself says why above."""
    words = ["build", "--platform", platform, "--tag", reference, "--file", context.dockerfile, "-"]
    _run(words, "cannot build the image", context.write)


def push_image(reference: str, login: Login) -> None:
    """Logs in to the registry of `reference` and pushes."""
    registry = reference.partition("/")[0]
    words = ["login", "--username", login.user, "--password-stdin", registry]
    _run(words, f"cannot log in to {registry}", lambda stream: _write(stream, login.password))
    _run(["push", reference], "cannot push the image")


def _write(stream: IO[bytes], text: str) -> None:
    stream.write(text.encode())


def _run(words: list[str], failure: str, feed: Callable[[IO[bytes]], None] | None = None) -> None:
    stdin = subprocess.PIPE if feed else subprocess.DEVNULL
    with subprocess.Popen(["docker", *words], stdin=stdin, stdout=_STANDARD_ERROR) as process:
        try:
            if feed and process.stdin:
                # Docker may have said already what is wrong, and read no further.
                with contextlib.suppress(BrokenPipeError), process.stdin as stream:
                    feed(stream)
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code:
        raise MachineError(
            f"Docker {failure} (exit code {code})",
            "Why stands above. What was live before still is; mend it, and run the same command again.",
        )
