"""Local commands that run in place of container images."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path


class CannotPullContainerError(RuntimeError):
    """No command is known for an image; AWS uses this name for an image that is not in its registry."""


@dataclass(frozen=True)
class LocalImage:
    """The command that replaces an image's entry point and arguments, and its working directory."""

    command: tuple[str, ...]
    directory: Path | None


def find_image(images_file: Path | None, image: str) -> LocalImage:
    """Return the command for `image`, a reference as in a task definition. Raises CannotPullContainerError.

    The file is read each time, so an edit takes effect with the next task. An image is looked up as written,
    then without its registry, then without its tag. `python` as the first word means the interpreter that
    runs the platform, which has everything that the example study imports.
    """
    table = _read_table(images_file)
    short = image.rsplit("/", 1)[-1]
    entry = table.get(image) or table.get(short) or table.get(short.split("@")[0].split(":")[0])
    if not isinstance(entry, dict) or not entry.get("command"):
        known = ", ".join(sorted(table)) or "none"
        raise CannotPullContainerError(
            f"no local command for image {image}. Add one under `images:` in the study's local.yml "
            f"(known images: {known})"
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
