"""A study's folder on this machine: its config as the platform receives it, its step files and media."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hippo.ids import compose_name
from hippo.studies.study import compose_names
from hippo_cli.errors import UsageError
from hippo_cli.yaml_file import YamlFile, read_yaml

CONFIG_FILE = "config.yml"
STEP_FOLDER = "StepFiles"
APP_FOLDER = "App"
STEP_SUFFIXES = (".html", ".css")
# Publishing reads these, or writes in them, by their names. None may be a link to a file outside the study or
# to a hidden one, and no page a link to any of these.
OWN_FILES = (
    CONFIG_FILE,
    "local.yml",
    "image.env",
    ".dockerignore",
    "Dockerfile",
    "Dockerfile.dockerignore",
    APP_FOLDER,
    f"{APP_FOLDER}/Dockerfile",
    f"{APP_FOLDER}/Dockerfile.dockerignore",
)
PLACEHOLDER = "your-study-bucket"  # in new studies, whose bucket is not known yet


@dataclass(frozen=True)
class StudyFolder:
    """An existing folder, whose contents may be missing or wrong. Each part is read once."""

    directory: Path

    @cached_property
    def config_file(self) -> YamlFile:
        """config.yml, with the line of each key."""
        return read_yaml(self.directory / CONFIG_FILE, CONFIG_FILE)

    @cached_property
    def project(self) -> dict[str, Any]:
        """The `project` part, as publishing sends it; empty if it cannot be read.

        By default, `ecsTask` is the id and `bucket` is awsSetup's, as existing scripts set them. Names of
        files are in composed form.
        """
        project = compose_names(self._read_part("project"))
        setup = project.get("awsSetup")
        if project.get("ecsTask") in (None, "") and project.get("id"):
            project["ecsTask"] = str(project["id"])
        if not project.get("bucket") and isinstance(setup, Mapping) and setup.get("bucket"):
            project["bucket"] = setup["bucket"]
        return project

    @cached_property
    def trial(self) -> dict[str, Any]:
        """The `trial` part: settings that only the game server reads."""
        return self._read_part("trial")

    @cached_property
    def step_files(self) -> dict[str, Path]:
        """Pages and style sheets, by name in composed form: é is one character, as in most editors.

        macOS, archives and git may keep names in another form.
        """
        return {compose_name(path.name): path for path in self._list_files() if self._is_step_file(path)}

    @cached_property
    def media_files(self) -> dict[str, Path]:
        """All other files below StepFiles, by the path with which pages refer to them, in composed form."""
        folder = self.directory / STEP_FOLDER
        return {
            compose_name(path.relative_to(folder).as_posix()): path
            for path in self._list_files()
            if path.suffix.lower() not in STEP_SUFFIXES
        }

    @cached_property
    def strays(self) -> list[tuple[str, str]]:
        """Files below StepFiles/ that are not published, by name, with the reason."""
        folder = self.directory / STEP_FOLDER
        found = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if _is_left_by_system(path.relative_to(folder)):
                continue
            if path.exists() and not self._is_inside(path):
                found.append((name, "a link to a file outside the study"))
            elif path.exists() and not self._may_show(path):
                found.append((name, "a link to a hidden file, or to one that is not for participants"))
            elif path.is_file() and self._is_hidden_by_twin(path, compose_name(name)):
                found.append((name, "another file has the same name, with its accents encoded differently"))
            elif path.is_file() and path.suffix.lower() in STEP_SUFFIXES and "/" in name:
                found.append(
                    (name, f"in a subfolder; pages and style sheets belong in {STEP_FOLDER}/ itself")
                )
        return found

    def _is_hidden_by_twin(self, path: Path, name: str) -> bool:
        known = self.step_files.get(name) or self.media_files.get(name)
        return known is not None and known != path

    def _is_step_file(self, path: Path) -> bool:
        return path.parent == self.directory / STEP_FOLDER and path.suffix.lower() in STEP_SUFFIXES

    def _list_files(self) -> list[Path]:
        folder = self.directory / STEP_FOLDER
        return [
            path
            for path in sorted(folder.rglob("*"))
            if self._may_show(path) and path.is_file() and not _is_left_by_system(path.relative_to(folder))
        ]

    def may_read(self, path: Path) -> bool:
        """Return whether a path is in the study with its links resolved, and no link shows a hidden file."""
        real = Path(os.path.realpath(path))
        if not self._is_inside(path):
            return False
        own = path.relative_to(self.directory)
        is_hidden = _is_left_by_system(own)  # such as .dockerignore, which may be a link to .gitignore
        return real == path or is_hidden or not _is_left_by_system(real.relative_to(self.directory))

    def _may_show(self, path: Path) -> bool:
        real = Path(os.path.realpath(path))
        own = {name.casefold() for name in OWN_FILES}
        return self.may_read(path) and real.relative_to(self.directory).as_posix().casefold() not in own

    def _is_inside(self, path: Path) -> bool:
        """Return whether a path, with its links resolved, is inside the study; others are never published."""
        return Path(os.path.realpath(path)).is_relative_to(self.directory)  # which handles circular links

    def _read_part(self, key: str) -> dict[str, Any]:
        content = self.config_file.content
        part = content.get(key) if isinstance(content, dict) else None
        return dict(part) if isinstance(part, dict) else {}


def _is_left_by_system(path: Path) -> bool:
    """Return whether a path is hidden, or from an archive of macOS, or marks a document as open."""
    return any(part.startswith((".", "~$")) or part == "__MACOSX" for part in path.parts)


def read_folder_project(directory: Path = Path()) -> dict[str, Any]:
    """Return the config of the study in a folder, or {} without one. Raises UsageError if it is broken."""
    if not (directory / CONFIG_FILE).is_file():
        return {}
    study = StudyFolder(directory.resolve())
    if study.config_file.content is None and study.config_file.findings:
        found = study.config_file.findings[0]
        raise UsageError(
            f"{found.format_location()}: {found.what}", f"{found.fix} Run `hippo check` for details."
        )
    return study.project


def open_study(directory: Path) -> StudyFolder:
    """Return the study in `directory`. Raises UsageError if that is not a folder."""
    if not directory.is_dir():
        raise UsageError(
            f"{directory} is not a folder",
            "Name a study's folder, or run this in one; `hippo new` creates one.",
        )
    return StudyFolder(directory.resolve())
