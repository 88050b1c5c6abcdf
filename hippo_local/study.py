"""A study folder (config.yml, StepFiles/, local.yml) as the local platform runs it.

`hippo_cli.study_folder` reads the folder. This module reports at once all problems that keep it from running.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hippo.ids import compose_name, is_project_id
from hippo_cli.new_study import quote
from hippo_cli.similar_names import advise_similar
from hippo_cli.study_folder import CONFIG_FILE, STEP_FOLDER, StudyFolder
from hippo_cli.yaml_file import YamlFile, read_yaml
from hippo_local.errors import LocalPlatformError

IMAGES_FILE = "local.yml"
# `ecsTask` is not required: publishing sets it to the project id, as the existing deployment script does.
_REQUIRED_KEYS = ("id", "name", "steps", "events", "maxRuntime")


class StudyError(LocalPlatformError):
    """A study folder that cannot be run; the text names each file and key."""

    def __init__(self, directory: Path, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The study folder {directory} cannot be run:\n{lines}")


@dataclass(frozen=True)
class Study:
    """A complete study folder, and the command that runs each container image (`images`)."""

    folder: StudyFolder
    images: dict[str, list[str]]

    @property
    def directory(self) -> Path:
        """The folder itself."""
        return self.folder.directory

    @property
    def project(self) -> dict[str, Any]:
        """The part of config.yml that is published."""
        return self.folder.project

    @property
    def trial(self) -> dict[str, Any]:
        """The game server's settings."""
        return self.folder.trial

    @property
    def project_id(self) -> str:
        """The project's id, which is also the name of its container image and task definition."""
        return str(self.project["id"])


def read_study(directory: Path) -> Study:
    """Return the study in `directory`. Raises StudyError with everything that keeps it from running."""
    directory = directory.resolve()
    if not directory.is_dir():
        raise StudyError(directory, ["the folder does not exist: set STUDY to a study's folder"])
    folder = StudyFolder(directory)
    problems: list[str] = []
    config = _get_content(folder.config_file, problems)
    project, images = {}, {}
    if config is not None:
        project = _get_mapping(config, "project", CONFIG_FILE, problems, required=True)
        _get_mapping(config, "trial", CONFIG_FILE, problems, required=False)
        problems += _check_project(project, folder.step_files) if project else []
    images = _read_images(directory, project.get("id"), problems)
    if problems:
        raise StudyError(directory, problems)
    return Study(folder, {name: _resolve_command(command) for name, command in images.items()})


def _read_images(directory: Path, project_id: Any, problems: list[str]) -> dict[str, Any]:
    """Return the commands in local.yml. If they are missing, a problem says what to write there."""
    path, found = directory / IMAGES_FILE, len(problems)
    images: dict[str, Any] = {}
    if not os.path.lexists(path):
        problems.append(f"{IMAGES_FILE} is missing")
        names = [one.name for one in directory.iterdir()]
        if similar := advise_similar(IMAGES_FILE, names, renames=True):
            problems[-1] += f". {similar}"
            return images
    elif (local := _get_content(read_yaml(path, IMAGES_FILE), problems)) is not None:
        images = _get_mapping(local, "images", IMAGES_FILE, problems, required=True)
    if len(problems) > found:
        name = quote(project_id) if is_project_id(project_id) else "PROJECT_ID"
        problems[-1] += (
            f". Write into {path} which command runs in place of the study's image, for example:\n"
            f"      images:\n        {name}: [python, App/server.py]\n"
            "    Replace App/server.py by the program that the Dockerfile starts."
        )
    problems += _check_images(images, project_id, directory) if images else []
    return images


def _get_content(file: YamlFile, problems: list[str]) -> dict[str, Any] | None:
    if isinstance(file.content, dict):
        return file.content
    if file.content is None and file.findings:
        problems += [f"{found.format_location()}: {found.what}. {found.fix}" for found in file.findings]
    else:
        problems.append(f"{file.name} must hold keys and values, but is {_name_type(file.content)}")
    return None


def _get_mapping(
    content: dict[str, Any], key: str, file: str, problems: list[str], *, required: bool
) -> dict[str, Any]:
    value = content.get(key)
    if isinstance(value, dict) and (value or not required):
        return value
    if value is not None or required:
        found = "is missing" if value is None else f"must hold keys and values, but is {_name_type(value)}"
        problems.append(f"{file}: `{key}` {found}")
    return {}


def _check_project(project: dict[str, Any], files: Mapping[str, Path]) -> list[str]:
    problems = [
        f"{CONFIG_FILE}: `project.{key}` is missing" for key in _REQUIRED_KEYS if project.get(key) is None
    ]
    project_id = project.get("id")
    if project_id is not None and not is_project_id(project_id):
        problems.append(
            f"{CONFIG_FILE}: `project.id` must be 1 to 64 letters, digits, - or _, not beginning with _: "
            f"{project_id!r}"
        )
    pages = {"css": project["css"]} if project.get("css") else {}
    steps = project.get("steps")
    if isinstance(steps, dict):
        pages |= {f"steps.{key}": page for key, page in steps.items() if page != "game"}
    elif steps is not None:
        problems.append(
            f"{CONFIG_FILE}: `project.steps` must map 1, 2, 3 … and finalStep to a page or `game`"
        )
    return problems + [problem for key, page in pages.items() for problem in _check_page(key, page, files)]


def _check_page(key: str, page: Any, files: Mapping[str, Path]) -> list[str]:
    if not isinstance(page, str) or not page or Path(page).name != page:
        return [
            f"{CONFIG_FILE}: `project.{key}` must be the name of a file in {STEP_FOLDER}/ or `game`: {page!r}"
        ]
    page = compose_name(page)
    first_variant = f"{Path(page).stem}-0{Path(page).suffix}"
    found = files.get(page) or files.get(first_variant)
    if found is None:
        advice = advise_similar(page, files)
        text = f"{STEP_FOLDER}/{page} is missing ({CONFIG_FILE}: `project.{key}` names it)"
        return [f"{text}. {advice}" if advice else text]
    try:
        found.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return [f"{STEP_FOLDER}/{found.name} is not UTF-8 text: {error}"]
    return []


def _check_images(images: dict[str, Any], project_id: Any, directory: Path) -> list[str]:
    problems = []
    if isinstance(project_id, str) and project_id not in images:
        problems.append(
            f"{IMAGES_FILE}: `images.{project_id}` is missing: add the command for this project's server, "
            f"for example `{quote(project_id)}: [python, App/server.py]`"
        )
    for name, command in images.items():
        if not (isinstance(command, list) and command and all(isinstance(part, str) for part in command)):
            problems.append(
                f"{IMAGES_FILE}: `images.{name}` must be a command as a list of strings, "
                f"for example [python, App/server.py]: {command!r}"
            )
        elif command[0] == "python" and len(command) > 1 and command[1].endswith(".py"):
            if not (directory / command[1]).is_file():
                problems.append(f"{IMAGES_FILE}: `images.{name}` runs {command[1]}, which is missing")
        elif not _is_program(command[0], directory):
            problems.append(f"{IMAGES_FILE}: `images.{name}` runs {command[0]}, which is not on this machine")
    return problems


def _is_program(name: str, directory: Path) -> bool:
    return name == "python" or (directory / name).is_file() or shutil.which(name) is not None


def _resolve_command(command: list[str]) -> list[str]:
    """Replace `python` by this interpreter, whose environment has what game servers import."""
    return [sys.executable, *command[1:]] if command[0] == "python" else list(command)


def _name_type(value: Any) -> str:
    return "empty" if value is None or value == {} else f"a {type(value).__name__}"
