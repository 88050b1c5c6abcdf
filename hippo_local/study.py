"""Reads a study folder (config.yml, StepFiles/, local.yml) and says all that is wrong with it at once."""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hippo_local.errors import LocalPlatformError

CONFIG_FILE = "config.yml"
IMAGES_FILE = "local.yml"
STEP_FILES = "StepFiles"
# `ecsTask` is not among them: publishing sets it to the project id, as the existing deployment script does.
_REQUIRED_KEYS = ("id", "name", "steps", "events", "maxRuntime")
_STEP_SUFFIXES = (".html", ".css")
_PROJECT_ID = re.compile(r"(?!_)[A-Za-z0-9_-]{1,255}")


class StudyError(LocalPlatformError):
    """A study folder that cannot be run; the text names each file and key."""

    def __init__(self, directory: Path, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The study folder {directory} cannot be run:\n{lines}")


@dataclass(frozen=True)
class Study:
    """A study folder that was found complete."""

    directory: Path
    project: dict[str, Any]
    trial: dict[str, Any]
    images: dict[str, list[str]]

    @property
    def project_id(self) -> str:
        """The project's id, which is also the name of its container image and task definition."""
        return str(self.project["id"])

    def list_step_files(self) -> list[Path]:
        """Gives every page in StepFiles/ (variants and CSS included) in the order of their names."""
        return sorted(path for path in (self.directory / STEP_FILES).iterdir() if _is_step_file(path))

    def list_media_files(self) -> dict[str, Path]:
        """Gives all else below StepFiles/ (pictures, films) by the path that pages refer to it by."""
        folder = self.directory / STEP_FILES
        found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
        return {
            name.as_posix(): path
            for name, path in found.items()
            if path.suffix.lower() not in _STEP_SUFFIXES
            and not any(part.startswith(".") for part in name.parts)
        }


def read_study(directory: Path) -> Study:
    """Gives the study in `directory`; StudyError lists everything that keeps it from running."""
    directory = directory.resolve()
    if not directory.is_dir():
        raise StudyError(directory, ["there is no such folder (STUDY names it)"])
    problems: list[str] = []
    config = _read_mapping(directory / CONFIG_FILE, problems)
    local = _read_mapping(directory / IMAGES_FILE, problems)
    project, trial, images = {}, {}, {}
    if config is not None:
        project = _get_mapping(config, "project", CONFIG_FILE, problems, required=True)
        trial = _get_mapping(config, "trial", CONFIG_FILE, problems, required=False)
        problems += _check_project(project, directory / STEP_FILES) if project else []
    if local is not None:
        images = _get_mapping(local, "images", IMAGES_FILE, problems, required=True)
        problems += _check_images(images, project.get("id"), directory) if images else []
    if problems:
        raise StudyError(directory, problems)
    return Study(directory, project, trial, {name: _resolve_command(words) for name, words in images.items()})


def _is_step_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() in _STEP_SUFFIXES


def _read_mapping(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{path.name} is missing")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name} cannot be read: {error}")
    except yaml.YAMLError as error:
        problems.append(f"{path.name}{_describe_place(error)}: not valid YAML: {_describe_fault(error)}")
    else:
        if isinstance(content, dict):
            return content
        problems.append(f"{path.name} must hold keys and values, but is {_name_type(content)}")
    return None


def _describe_place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _describe_fault(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or " ".join(str(error).split()))


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


def _check_project(project: dict[str, Any], folder: Path) -> list[str]:
    problems = [
        f"{CONFIG_FILE}: `project.{key}` is missing" for key in _REQUIRED_KEYS if project.get(key) is None
    ]
    project_id = project.get("id")
    if project_id is not None and not (isinstance(project_id, str) and _PROJECT_ID.fullmatch(project_id)):
        problems.append(
            f"{CONFIG_FILE}: `project.id` must be letters, digits, - and _, not beginning with _: "
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
    return problems + [problem for key, page in pages.items() for problem in _check_page(key, page, folder)]


def _check_page(key: str, page: Any, folder: Path) -> list[str]:
    if not isinstance(page, str) or not page or Path(page).name != page:
        return [
            f"{CONFIG_FILE}: `project.{key}` must be the name of a file in {STEP_FILES}/ or `game`: {page!r}"
        ]
    first_variant = folder / f"{Path(page).stem}-0{Path(page).suffix}"
    found = next((path for path in (folder / page, first_variant) if path.is_file()), None)
    if found is None:
        return [f"{STEP_FILES}/{page} is missing ({CONFIG_FILE}: `project.{key}` names it)"]
    try:
        found.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return [f"{STEP_FILES}/{found.name} is not UTF-8 text: {error}"]
    return []


def _check_images(images: dict[str, Any], project_id: Any, directory: Path) -> list[str]:
    problems = []
    if isinstance(project_id, str) and project_id not in images:
        problems.append(
            f"{IMAGES_FILE}: `images.{project_id}` is missing: the command that runs this project's server"
        )
    for name, words in images.items():
        if not (isinstance(words, list) and words and all(isinstance(word, str) for word in words)):
            problems.append(
                f"{IMAGES_FILE}: `images.{name}` must be a command as a list of words, "
                f"for example [python, App/server.py]: {words!r}"
            )
        elif words[0] == "python" and len(words) > 1 and words[1].endswith(".py"):
            script = directory / words[1]
            if not script.is_file():
                problems.append(f"{IMAGES_FILE}: `images.{name}` runs {words[1]}, which is missing")
        elif not _is_command(words[0], directory):
            problems.append(f"{IMAGES_FILE}: `images.{name}` runs {words[0]}, which is not on this machine")
    return problems


def _is_command(word: str, directory: Path) -> bool:
    return word == "python" or (directory / word).is_file() or shutil.which(word) is not None


def _resolve_command(words: list[str]) -> list[str]:
    """`python` is this interpreter, whose environment has what game servers import."""
    return [sys.executable, *words[1:]] if words[0] == "python" else list(words)


def _name_type(value: Any) -> str:
    return "empty" if value is None or value == {} else f"a {type(value).__name__}"
