"""outputs.json, from which other programs find a running platform; one platform per directory."""

import contextlib
import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hippo_local.aws import make_aws_variables
from hippo_local.errors import LocalPlatformError
from hippo_local.keys import AccessKeys
from hippo_local.private_files import make_private

OUTPUTS_FILE = "outputs.json"
# For a shell: AWS tools then use the platform.
VARIABLES_FILE = "aws.env"


@contextlib.contextmanager
def claim_directory(directory: Path) -> Iterator[None]:
    """Lock `directory` for one platform at a time; the system releases the lock however the platform ends.

    Only the owner may read it from then on, also what a platform before this one has written.
    An outputs.json that a killed platform left behind is removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for written in (directory / "logs", directory / "data"):
        if written.is_dir():
            make_private(written)
    with (directory / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LocalPlatformError(
                f"A platform is already running in {directory}. Stop it (Ctrl-C in its terminal), or start "
                "this one in another directory and on free ports: --directory PATH."
            ) from error
        remove_outputs(directory)
        yield


@contextlib.contextmanager
def publish_outputs(directory: Path, outputs: Mapping[str, Any]) -> Iterator[Path]:
    """Write outputs.json, and remove it at the end."""
    write_outputs(directory, outputs)
    try:
        yield directory / OUTPUTS_FILE
    finally:
        remove_outputs(directory)


def write_outputs(directory: Path, outputs: Mapping[str, Any]) -> None:
    """Write outputs.json in one step, so that no reader sees half of it."""
    path = directory / OUTPUTS_FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(outputs, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def read_outputs(directory: Path) -> dict[str, Any]:
    """Return what the platform in `directory` has written. Raises LocalPlatformError if none is running."""
    try:
        outputs: dict[str, Any] = json.loads((directory / OUTPUTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalPlatformError(
            f"No platform is running in {directory}. Start one with `make local`."
        ) from error
    return outputs


def write_aws_variables(directory: Path, endpoint_url: str, keys: AccessKeys) -> None:
    """Write aws.env, from which a shell reads the variables that make AWS tools use the platform."""
    variables = make_aws_variables(endpoint_url, keys)
    lines = ["unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if "AWS" in name]
    (directory / VARIABLES_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_keys(outputs: Mapping[str, Any]) -> AccessKeys:
    """Return the administrator's keys of a running platform."""
    return AccessKeys(outputs["credentials"]["accessKeyId"], outputs["credentials"]["secretAccessKey"])


def remove_outputs(directory: Path) -> None:
    """Remove outputs.json and aws.env if they exist."""
    for name in (OUTPUTS_FILE, VARIABLES_FILE):
        (directory / name).unlink(missing_ok=True)
