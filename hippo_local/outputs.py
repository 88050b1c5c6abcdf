"""outputs.json: how other programs find a platform that is up; one platform per directory."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hippo_local.errors import LocalPlatformError

OUTPUTS_FILE = "outputs.json"


@contextlib.contextmanager
def claim_directory(directory: Path) -> Iterator[None]:
    """Holds `directory` for one platform at a time; the system lets go of it however the platform ends.

    What a killed platform left in outputs.json is removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LocalPlatformError(
                f"A platform is already running with {directory}. Stop it (Ctrl-C in its terminal), "
                "or give this one another place: --directory PATH, and free ports."
            ) from error
        remove_outputs(directory)
        yield


@contextlib.contextmanager
def publish_outputs(directory: Path, outputs: Mapping[str, Any]) -> Iterator[Path]:
    """Writes outputs.json; removes it at the end."""
    write_outputs(directory, outputs)
    try:
        yield directory / OUTPUTS_FILE
    finally:
        remove_outputs(directory)


def write_outputs(directory: Path, outputs: Mapping[str, Any]) -> None:
    """Writes outputs.json in one step, so that no reader sees half of it."""
    path = directory / OUTPUTS_FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(outputs, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def read_outputs(directory: Path) -> dict[str, Any]:
    """Gives what the platform in `directory` has written; LocalPlatformError when none is up."""
    try:
        outputs: dict[str, Any] = json.loads((directory / OUTPUTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalPlatformError(f"No platform is up in {directory}: start one with `make local`.") from error
    return outputs


def remove_outputs(directory: Path) -> None:
    """Removes outputs.json, if it is there."""
    (directory / OUTPUTS_FILE).unlink(missing_ok=True)
