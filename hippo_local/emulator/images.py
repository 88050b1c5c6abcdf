"""Which command stands in for which container image."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path


class CannotPullContainerError(RuntimeError):
    """No command is known for an image: what AWS calls an image that is not in its registry."""


@dataclass(frozen=True)
class LocalImage:
    """The command that an image's entry point and arguments come to, and the directory that it runs in."""

    command: tuple[str, ...]
    directory: Path | None


def find_image(images_file: Path | None, image: str) -> LocalImage:
    """The command for `image` (a reference as in a task definition). Raises CannotPullContainerError.

    The file is read each time, so an edit counts from the next task on. An image is looked up as it is
    written, then without its registry, then without its tag. `python` as the first word means the
    interpreter that runs the platform, which has what the example study imports.
    """
    table = _read_table(images_file)
    short = image.rsplit("/", 1)[-1]
    entry = table.get(image) or table.get(short) or table.get(short.split("@")[0].split(":")[0])
    if not isinstance(entry, dict) or not entry.get("command"):
        known = ", ".join(sorted(table)) or "none"
        raise CannotPullContainerError(
            f"no local command for image {image}: name one under `images:` in the study's local.yml "
            f"(known here: {known})"
        )
    command = [str(word) for word in entry["command"]]
    if command[0] == "python":
        command[0] = sys.executable
    return LocalImage(tuple(command), Path(entry["cwd"]) if entry.get("cwd") else None)


def _read_table(images_file: Path | None) -> dict[str, object]:
    if images_file is None or not images_file.exists():
        return {}
    try:
        table = json.loads(images_file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CannotPullContainerError(f"{images_file} is not JSON: {error}") from error
    return table if isinstance(table, dict) else {}
