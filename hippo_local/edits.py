"""Edits made while the platform runs, found by polling the files."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.study_folder import CONFIG_FILE, STEP_FOLDER
from hippo_local.console import Console
from hippo_local.emulator.faults.control_file import FaultFileError, read_faults
from hippo_local.errors import LocalPlatformError
from hippo_local.study import IMAGES_FILE, Study, read_study

_POLL_SECONDS = 0.4
_SOURCES = ("functions", "layer", "template.yaml")
Snapshot = dict[Path, tuple[int, int]]


class FileWatch:
    """The files below some paths (which need not exist), compared with their previous state."""

    def __init__(self, *roots: Path) -> None:
        self._roots = roots
        self._known = self._scan()
        self._seen = self._known

    def take_changes(self) -> list[Path]:
        """Return the files changed, created or removed since the last call, once they have settled.

        An editor, or a checkout, writes one file after another. Files that have changed since the last scan
        may still be changing, so they are returned by the next call.
        """
        before, self._seen = self._seen, self._scan()
        if self._seen != before or self._seen == self._known:
            return []
        changed = {path for path, _ in self._known.items() ^ self._seen.items()}
        self._known = self._seen
        return sorted(changed)

    def _scan(self) -> Snapshot:
        found: Snapshot = {}
        for path in (path for root in self._roots for path in _list_files(root)):
            try:
                status = path.stat()
            except OSError:
                continue  # removed after the listing
            found[path] = (status.st_mtime_ns, status.st_size)
        return found


def _list_files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        # Editors keep drafts next to the file: .name.swp, name~, 4913.
        yield from (Path(folder, name) for name in files if not name.startswith(".") and "." in name)


@dataclass(frozen=True)
class EditedFiles:
    """The files watched for edits: the repository, the study's folder, and the control file of faults."""

    repository: Path
    study: Path
    faults: Path


class Edits:
    """Edits applied to a running platform; an edit that fails is reported and changes nothing."""

    def __init__(
        self,
        files: EditedFiles,
        console: Console,
        republish: Callable[[Study], None],
        redeploy: Callable[[], None],
    ) -> None:
        """Watch for edits from now on. `republish` and `redeploy` raise LocalPlatformError."""
        self._files = files
        self._console = console
        self._republish = republish
        self._redeploy = redeploy
        self._next_poll = 0.0
        study, repository = files.study, files.repository
        self._watches = [
            (
                FileWatch(study / CONFIG_FILE, study / IMAGES_FILE, study / STEP_FOLDER),
                study,
                self._edit_study,
            ),
            (FileWatch(study / "App"), study, self._edit_game),
            (FileWatch(*(repository / source for source in _SOURCES)), repository, self._edit_code),
            (FileWatch(repository / "web"), repository, self._edit_page),
            (FileWatch(files.faults), files.faults.parent, self._edit_faults),
        ]

    def apply(self) -> None:
        """Poll, if a poll is due, and apply what has changed. Raises no error that an edit can cause."""
        if time.monotonic() < self._next_poll:
            return
        for watch, root, apply_changes in self._watches:
            changed = watch.take_changes()
            if changed:
                self._apply_changes(changed, root, apply_changes)
        self._next_poll = time.monotonic() + _POLL_SECONDS

    def show_faults(self) -> None:
        """Report which faults are active from the start, if there is a control file already."""
        if self._files.faults.exists():
            self._edit_faults([])

    def _apply_changes(
        self, changed: list[Path], root: Path, apply_changes: Callable[[list[Path]], None]
    ) -> None:
        names = ", ".join(str(path.relative_to(root)) for path in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        self._console.report(f"edited: {names}{more}")
        try:
            apply_changes(changed)
        except (LocalPlatformError, BotoCoreError, ClientError, OSError) as error:
            self._console.report(f"not applied, the last working version keeps running: {error}")

    def _edit_study(self, _: list[Path]) -> None:
        self._republish(read_study(self._files.study))
        # A handler caches the list of projects in memory (ProjectCacheSeconds).
        self._console.report(
            "published: participants who begin 10 s from now get it, the others keep their version"
        )

    def _edit_game(self, changed: list[Path]) -> None:
        check_syntax(changed)
        self._console.report("game servers that start from now on use it")

    def _edit_code(self, changed: list[Path]) -> None:
        check_syntax(changed)
        self._redeploy()
        self._console.report("deployed: requests from now on use it")

    def _edit_page(self, _: list[Path]) -> None:
        self._console.report("reload the page to see it")

    def _edit_faults(self, _: list[Path]) -> None:
        try:
            faults = read_faults(self._files.faults)
        except FaultFileError as error:
            self._console.report(f"{self._files.faults} is not valid, so no fault is active. Fix it: {error}")
            return
        self._console.report(f"faults: {'; '.join(map(str, faults)) or 'none'}")


def check_syntax(paths: list[Path]) -> None:
    """Raise LocalPlatformError if there are syntax errors, naming each; skip other and removed files."""
    problems = []
    for path in (path for path in paths if path.suffix == ".py" and path.exists()):
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            problems.append(f"{path}, line {line}: {getattr(error, 'msg', None) or error}")
    if problems:
        raise LocalPlatformError("; ".join(problems))
