"""A study's folder on this machine: its config as the platform gets it, its step files, its media."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hippo_cli.errors import UsageError
from hippo_cli.yaml_file import YamlFile, read_yaml

CONFIG_FILE = "config.yml"
STEP_FOLDER = "StepFiles"
APP_FOLDER = "App"
STEP_SUFFIXES = (".html", ".css")
PLACEHOLDER = "your-study-bucket"  # in new studies, where the bucket is not known yet


@dataclass(frozen=True)
class StudyFolder:
    """The folder, which is there; everything in it may be missing or wrong. Read once."""

    directory: Path

    @cached_property
    def config_file(self) -> YamlFile:
        """config.yml with its lines."""
        return read_yaml(self.directory / CONFIG_FILE, CONFIG_FILE)

    @cached_property
    def project(self) -> dict[str, Any]:
        """What stands under `project`, as publishing sends it; empty if unreadable.

        Where nothing else is said `ecsTask` is the id and `bucket` awsSetup's, as existing scripts set them.
        """
        project = self._read_part("project")
        setup = project.get("awsSetup")
        if project.get("ecsTask") in (None, "") and project.get("id"):
            project["ecsTask"] = str(project["id"])
        if not project.get("bucket") and isinstance(setup, Mapping) and setup.get("bucket"):
            project["bucket"] = setup["bucket"]
        return project

    @cached_property
    def trial(self) -> dict[str, Any]:
        """What stands under `trial`: the game server's own business."""
        return self._read_part("trial")

    @cached_property
    def step_files(self) -> dict[str, Path]:
        """Pages and style sheets by their names."""
        return {path.name: path for path in self._list_files() if self._is_step_file(path)}

    @cached_property
    def media_files(self) -> dict[str, Path]:
        """All else below StepFiles, by the path that pages refer to it by."""
        folder = self.directory / STEP_FOLDER
        return {
            path.relative_to(folder).as_posix(): path
            for path in self._list_files()
            if path.suffix.lower() not in STEP_SUFFIXES
        }

    @cached_property
    def strays(self) -> list[tuple[str, str]]:
        """What lies in StepFiles/ and is not published, by name, and why."""
        folder = self.directory / STEP_FOLDER
        found = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.exists() and not self._leads_nowhere_else(path):
                found.append((name, "a link that leads out of the study"))
            elif path.is_file() and path.suffix.lower() in STEP_SUFFIXES and "/" in name:
                found.append((name, f"in a folder: pages and style sheets lie in {STEP_FOLDER}/ itself"))
        return found

    def _is_step_file(self, path: Path) -> bool:
        return path.parent == self.directory / STEP_FOLDER and path.suffix.lower() in STEP_SUFFIXES

    def _list_files(self) -> list[Path]:
        folder = self.directory / STEP_FOLDER
        return [
            path
            for path in sorted(folder.rglob("*"))
            if self._leads_nowhere_else(path)
            and path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ]

    def _leads_nowhere_else(self, path: Path) -> bool:
        """What a link leads to outside of the study is nobody's to publish."""
        return Path(os.path.realpath(path)).is_relative_to(self.directory)  # which knows links in a circle

    def _read_part(self, key: str) -> dict[str, Any]:
        content = self.config_file.content
        part = content.get(key) if isinstance(content, dict) else None
        return dict(part) if isinstance(part, dict) else {}


def read_folder_project(directory: Path = Path()) -> dict[str, Any]:
    """The config of the study in a folder; empty if it holds none. Raises UsageError for a broken one."""
    if not (directory / CONFIG_FILE).is_file():
        return {}
    study = StudyFolder(directory.resolve())
    if study.config_file.content is None and study.config_file.findings:
        found = study.config_file.findings[0]
        raise UsageError(f"{found.format_location()}: {found.what}", f"{found.fix} `hippo check` says more.")
    return study.project


def open_study(directory: Path) -> StudyFolder:
    """The study in `directory`. Raises UsageError if that is no folder."""
    if not directory.is_dir():
        raise UsageError(
            f"{directory} is no folder", "Name a study's folder, or go into it; `hippo new` makes one."
        )
    return StudyFolder(directory.resolve())
