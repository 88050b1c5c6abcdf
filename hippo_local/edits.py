"""What a person edits while the platform runs, noticed by looking at the files again and again."""

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

_LOOK_SECONDS = 0.4
_SOURCES = ("functions", "layer", "template.yaml")
Snapshot = dict[Path, tuple[int, int]]


class FileWatch:
    """The files below some paths (which need not be there), compared with how they were before."""

    def __init__(self, *roots: Path) -> None:
        self._roots = roots
        self._known = self._look()
        self._seen = self._known

    def take_changes(self) -> list[Path]:
        """The files that were changed, made or removed since the last time, once they are at rest.

        An editor, or a checkout, writes one file after another: what has changed since the last look may
        still be changing, so it is told at the next look.
        """
        before, self._seen = self._seen, self._look()
        if self._seen != before or self._seen == self._known:
            return []
        changed = {path for path, _ in self._known.items() ^ self._seen.items()}
        self._known = self._seen
        return sorted(changed)

    def _look(self) -> Snapshot:
        found: Snapshot = {}
        for path in (path for root in self._roots for path in _list_files(root)):
            try:
                status = path.stat()
            except OSError:
                continue  # removed since it was listed
            found[path] = (status.st_mtime_ns, status.st_size)
        return found


def _list_files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        # Editors keep drafts beside the file: .name.swp, name~, 4913.
        yield from (Path(folder, name) for name in files if not name.startswith(".") and "." in name)


@dataclass(frozen=True)
class EditedFiles:
    """Where edits are looked for: the repository, the study's folder, and the control file of faults."""

    repository: Path
    study: Path
    faults: Path


class Edits:
    """Brings edits into a platform that is up; one that cannot be is told and leaves all as it was."""

    def __init__(
        self,
        files: EditedFiles,
        console: Console,
        republish: Callable[[Study], None],
        redeploy: Callable[[], None],
    ) -> None:
        """Edits from this moment on count. `republish` and `redeploy` raise LocalPlatformError."""
        self._files = files
        self._console = console
        self._republish = republish
        self._redeploy = redeploy
        self._next_look = 0.0
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
        """Looks, if it is time to, and brings in what has changed. Raises nothing that an edit can cause."""
        if time.monotonic() < self._next_look:
            return
        for watch, root, bring_in in self._watches:
            changed = watch.take_changes()
            if changed:
                self._bring_in(changed, root, bring_in)
        self._next_look = time.monotonic() + _LOOK_SECONDS

    def show_faults(self) -> None:
        """Says which faults act from the beginning, if a control file has been left or prepared."""
        if self._files.faults.exists():
            self._edit_faults([])

    def _bring_in(self, changed: list[Path], root: Path, bring_in: Callable[[list[Path]], None]) -> None:
        names = ", ".join(str(path.relative_to(root)) for path in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        self._console.report(f"edited: {names}{more}")
        try:
            bring_in(changed)
        except (LocalPlatformError, BotoCoreError, ClientError, OSError) as error:
            self._console.report(f"not brought in, all stays as it was: {error}")

    def _edit_study(self, _: list[Path]) -> None:
        self._republish(read_study(self._files.study))
        # A handler keeps the list of projects in its memory (ProjectCacheSeconds).
        self._console.report("published: who begins 10 s from now sees it, others keep their version")

    def _edit_game(self, changed: list[Path]) -> None:
        check_syntax(changed)
        self._console.report("game servers that start from now on run it")

    def _edit_code(self, changed: list[Path]) -> None:
        check_syntax(changed)
        self._redeploy()
        self._console.report("deployed: requests from now on run it")

    def _edit_page(self, _: list[Path]) -> None:
        self._console.report("reload the page to see it")

    def _edit_faults(self, _: list[Path]) -> None:
        try:
            faults = read_faults(self._files.faults)
        except FaultFileError as error:
            self._console.report(f"{self._files.faults} is refused, and no fault acts: {error}")
            return
        self._console.report(f"faults: {'; '.join(map(str, faults)) or 'none'}")


def check_syntax(paths: list[Path]) -> None:
    """Raises LocalPlatformError naming every line that is not Python; other and removed files are fine."""
    problems = []
    for path in (path for path in paths if path.suffix == ".py" and path.exists()):
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            problems.append(f"{path}, line {line}: {getattr(error, 'msg', None) or error}")
    if problems:
        raise LocalPlatformError("; ".join(problems))
