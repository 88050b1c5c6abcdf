"""Tests of edits while the platform runs: detected once they have settled, then applied or reported."""

import os
import shutil
from pathlib import Path

import pytest

from hippo_local import edits
from hippo_local.console import Console
from hippo_local.edits import EditedFiles, Edits, FileWatch, check_syntax
from hippo_local.errors import LocalPlatformError
from hippo_local.study import Study
from tests.support.paths import EXAMPLE


class FakeConsole(Console):
    """A console that keeps the reported lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def report(self, text: str) -> None:
        self.lines.append(text)


class FakePlatform:
    """A repository and a study in their own directories, and a record of what their edits caused."""

    def __init__(self, directory: Path) -> None:
        self.repository, self.study = directory / "repository", directory / "study"
        shutil.copytree(EXAMPLE, self.study, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("functions/start", "layer/hippo", "web"):
            (self.repository / name).mkdir(parents=True)
        (self.repository / "functions/start/app.py").write_text("OLD = 1\n")
        self.faults = directory / "faults.json"
        self.published: list[Study] = []
        self.deployed = 0
        self.refusal: Exception | None = None
        self.console = FakeConsole()
        files = EditedFiles(self.repository, self.study, self.faults)
        self.edits = Edits(files, self.console, self.published.append, self._deploy)

    def poll(self) -> list[str]:
        """Return what is reported once every file has settled."""
        self.console.lines.clear()
        self.edits.apply()
        self.edits.apply()
        return self.console.lines

    def _deploy(self) -> None:
        self.deployed += 1
        if self.refusal:
            raise self.refusal


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePlatform:
    """Return a platform on which every poll is due."""
    monkeypatch.setattr(edits, "_POLL_SECONDS", 0)
    return FakePlatform(tmp_path)


def test_changes_are_returned_once_when_they_have_settled(tmp_path: Path) -> None:
    """Given files that are changed, created and removed, each is returned one poll after the last change."""
    kept, removed = tmp_path / "kept.py", tmp_path / "removed.py"
    kept.write_text("a")
    removed.write_text("b")
    watch = FileWatch(tmp_path)
    kept.write_text("changed")
    first = watch.take_changes()
    removed.unlink()
    (tmp_path / "created.py").write_text("c")
    second = watch.take_changes()

    changed = watch.take_changes()

    assert (first, second) == ([], [])
    assert [path.name for path in changed] == ["created.py", "kept.py", "removed.py"]
    assert watch.take_changes() == []


def test_drafts_and_compiled_files_are_ignored(tmp_path: Path) -> None:
    """Given files that editors and Python leave next to a source file, no change is returned."""
    (tmp_path / "__pycache__").mkdir()
    watch = FileWatch(tmp_path)
    for name in (".app.py.swp", "4913", "__pycache__/app.cpython-311.pyc"):
        (tmp_path / name).write_text("x")

    assert [watch.take_changes(), watch.take_changes()] == [[], []]


def test_a_file_with_its_old_content_is_not_an_edit(tmp_path: Path) -> None:
    """Given a change that is undone before it has settled, no change is returned."""
    path = tmp_path / "a.py"
    path.write_text("a")
    before = path.stat()
    watch = FileWatch(tmp_path)
    path.write_text("other")
    watch.take_changes()
    path.write_text("a")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert [watch.take_changes(), watch.take_changes()] == [[], []]


def test_a_page_of_the_study_is_published(platform: FakePlatform) -> None:
    """Given an edited step file, the study is published again and nothing is deployed."""
    (platform.study / "StepFiles" / "quiz.html").write_text("<h1>New</h1>")

    lines = platform.poll()

    assert [study.project_id for study in platform.published] == ["mountain_car"]
    assert platform.deployed == 0
    assert lines[0] == "edited: StepFiles/quiz.html"
    assert lines[1].startswith("published: ")


def test_a_picture_of_the_study_is_published(platform: FakePlatform) -> None:
    """Given a changed picture in a folder below StepFiles/, the study is published again."""
    folder = platform.study / "StepFiles" / "pictures"
    folder.mkdir()
    (folder / "car.png").write_bytes(b"new")

    lines = platform.poll()

    assert len(platform.published) == 1
    assert lines[0] == "edited: StepFiles/pictures/car.png"


def test_a_broken_study_is_reported_and_not_published(platform: FakePlatform) -> None:
    """Given an invalid configuration, the message says what is wrong; once fixed, it is published."""
    config = platform.study / "config.yml"
    text = config.read_text()
    config.write_text(text.replace("quiz.html", "missing.html"))
    lines = list(platform.poll())
    broken = list(platform.published)

    config.write_text(text + "\n")
    platform.poll()

    assert broken == []
    assert "not applied, the last working version keeps running: " in lines[1]
    assert "StepFiles/missing.html is missing" in lines[1]
    assert len(platform.published) == 1


def test_code_is_deployed(platform: FakePlatform) -> None:
    """Given edited handlers, everything is built and deployed once, and the study is not published."""
    (platform.repository / "functions/start/app.py").write_text("NEW = 2\n")
    (platform.repository / "layer/hippo/more.py").write_text("MORE = 3\n")

    lines = platform.poll()

    assert platform.deployed == 1
    assert platform.published == []
    assert lines == [
        "edited: functions/start/app.py, layer/hippo/more.py",
        "deployed: requests from now on use it",
    ]


def test_a_syntax_error_is_reported_and_not_deployed(platform: FakePlatform) -> None:
    """Given a syntax error, the message names the file and line."""
    (platform.repository / "functions/start/app.py").write_text("ONE = 1\ndef (:\n")

    lines = platform.poll()

    assert platform.deployed == 0
    assert "functions/start/app.py, line 2: " in lines[1]


def test_a_failed_deployment_is_reported_and_the_next_edit_deploys(platform: FakePlatform) -> None:
    """Given a deployment that SAM rejects, the platform reports it and deploys the next edit."""
    platform.refusal = LocalPlatformError("`sam deploy` failed")
    (platform.repository / "functions/start/app.py").write_text("NEW = 2\n")
    lines = list(platform.poll())
    platform.refusal = None
    (platform.repository / "functions/start/app.py").write_text("NEWER = 3\n")

    assert lines[1:] == ["not applied, the last working version keeps running: `sam deploy` failed"]
    assert platform.poll()[-1] == "deployed: requests from now on use it"
    assert platform.deployed == 2


def test_edits_of_the_page_and_the_game_are_only_reported(platform: FakePlatform) -> None:
    """Given an edit of the page or the game server, the console says when it takes effect."""
    (platform.repository / "web" / "index.html").write_text("<h1>New</h1>")
    (platform.study / "App" / "server.py").write_text("NEW = 2\n")

    lines = platform.poll()

    assert "reload the page to see it" in lines
    assert "game servers that start from now on use it" in lines
    assert (platform.deployed, platform.published) == (0, [])


def test_faults_are_reported(platform: FakePlatform) -> None:
    """Given a control file, the console says which faults are active, or why none is."""
    platform.faults.write_text('[{"kind": "slow-start", "seconds": 20}]')
    lines = list(platform.poll())
    platform.faults.write_text("[{]")
    refused = list(platform.poll())
    platform.faults.unlink()

    assert lines[-1] == "faults: slow-start seconds=20"
    assert "faults.json is not valid, so no fault is active. Fix it: it is not JSON" in refused[-1]
    assert platform.poll()[-1] == "faults: none"


def test_syntax_is_checked_in_python_files_only(tmp_path: Path) -> None:
    """Given other files and removed ones, nothing is checked."""
    page = tmp_path / "page.html"
    page.write_text("def (:")

    check_syntax([page, tmp_path / "gone.py"])
