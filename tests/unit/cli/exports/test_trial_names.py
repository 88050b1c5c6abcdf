"""Names of recorded files that the file system of an export cannot hold."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.exports.paths import FileSystem, TrialPaths, examine_file_system, fold_name
from hippo_cli.exports.store import ExportStore
from tests.support.study_world import BUCKET, PROJECT, StudyWorld
from tests.unit.cli.export_world import export, put_trial, read_keys

Run = Callable[..., Any]
WINDOWS = FileSystem(is_windows=True, ignores_case=True)
MAC = FileSystem(ignores_case=True)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Provide a new folder for an export."""
    return tmp_path / "out"


def list_files(out: Path) -> dict[str, str]:
    """Return the content of each trial file by its path."""
    folder = out / "trials"
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("con/x", "%63on/x"),
        ("u/NUL", "u/%4EUL"),
        ("u/aux.tar.gz", "u/%61ux.tar.gz"),
        ("u/com1", "u/%63om1"),
        ("u/LPT².log", "u/%4CPT².log"),
        ("u/console", "u/console"),
        ("u/a.", "u/a%2E"),
        ("u/a. ", "u/a.%20"),
        ("u/2026-11-25T09:30.json", "u/2026-11-25T09%3A30.json"),
        ('u/<a>"|?*', "u/%3Ca%3E%22%7C%3F%2A"),
        ("u/%3A", "u/%253A"),
    ],
)
def test_names_on_windows(tmp_path: Path, name: str, expected: str) -> None:
    """Given a name that Windows reserves or cannot hold, the file is written under another one there only."""
    path = TrialPaths(tmp_path, WINDOWS).find(name)

    assert path == tmp_path / "trials" / expected
    assert TrialPaths(tmp_path).find(name) == tmp_path / "trials" / name


@pytest.mark.parametrize("limits", [WINDOWS, MAC])
def test_names_that_differ_only_in_case(tmp_path: Path, limits: FileSystem) -> None:
    """Given names that are one file where case is ignored, each has a path of its own."""
    names = ["u/log.txt", "u/Log.txt", "u/LOG.TXT", "u/é", "u/É", "u/e\u0301", "u/%4Cog.txt", "u/Other"]
    colliding = set(names[:-2])

    paths = [TrialPaths(tmp_path, limits, colliding).find(name) for name in names]

    assert len({fold_name(str(path)) for path in paths}) == len(names)
    assert [path.name for path in paths[:3]] == ["log.txt", "%4Cog.txt", "%4C%4F%47.%54%58%54"]
    assert paths[-1].name == "Other"


def test_the_file_system_is_examined(tmp_path: Path) -> None:
    """Given a folder, its own file system decides, and nothing is left in it."""
    (tmp_path / "x").write_text("x")

    assert examine_file_system(tmp_path).ignores_case == (tmp_path / "X").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_files_that_collide(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given files that collide and later do not, each is exported once, and pruning leaves none behind."""
    monkeypatch.setattr("hippo_cli.exports.fetch.examine_file_system", lambda _: MAC)
    stack_world.get()
    put_trial(stack_world, "u/Log.txt", "upper")
    put_trial(stack_world, "u/log.txt", "lower")

    export(run, out)
    assert list_files(out) == {"u/%4Cog.txt": "upper", "u/log.txt": "lower"}
    assert export(run, out)["fetched"]["trials"] == 0
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/u/log.txt")
    export(run, out, "--prune")
    export(run, out)
    assert list_files(out) == {"u/Log.txt": "upper"}
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/u/Log.txt")
    export(run, out, "--prune")

    assert list_files(out) == {}


def test_unusable_files_are_not_fetched(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given names that no file can have, no run downloads or counts them, but each reports them."""
    stack_world.get()
    for name in ("u/a", "u/a/b", f"u/{'x' * 300}", "u/good"):
        put_trial(stack_world, name)

    first = export(run, out, code=ExitCode.PROBLEMS)
    stack_world.aws.reset()
    second = export(run, out, code=ExitCode.PROBLEMS)

    assert (first["fetched"]["trials"], second["fetched"]["trials"]) == (2, 0)
    assert len(first["problems"]) == len(second["problems"]) == 2
    assert read_keys(stack_world, "Trials") == []


def test_unusable_files_that_are_gone(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given unusable files that are no longer in the bucket, --prune forgets them and keeps the others."""
    stack_world.get()
    names = [f"u/{'x' * 300}", "u/a/b", "u/a"]
    for name in names[:2]:
        put_trial(stack_world, name)
    export(run, out, code=ExitCode.PROBLEMS)
    put_trial(stack_world, names[2])
    export(run, out, code=ExitCode.PROBLEMS)
    for name in (names[0], names[2]):
        stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{name}")

    report = export(run, out, "--prune")

    assert report["problems"] == []
    assert list_files(out) == {"u/a/b": "{}"}


@pytest.mark.parametrize("limits", [FileSystem(), MAC, WINDOWS])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("u/.git/config", "u/%2Egit/config"),
        (".GIT", "%2EGIT"),
        ("u/.envrc", "u/%2Eenvrc"),
        ("u/.\u200cgit", "u/%2E%E2%80%8Cgit"),
        ("u/\u200c.git", "u/%E2%80%8C.git"),
        ("u/\u009b31m\u202etxt.exe", "u/%C2%9B31m%E2%80%AEtxt.exe"),
        ("u/\x7f", "u/%7F"),
        ("HEAD", "%48EAD"),
        ("u/head", "u/%68ead"),
        ("u/desktop.ini", "u/%64esktop.ini"),
        ("startup.m", "%73tartup.m"),
        ("u/HEADS", "u/HEADS"),
        ("u/a.b", "u/a.b"),
        ("u/é", "u/é"),
    ],
)
def test_names_that_are_hidden_or_obeyed(
    tmp_path: Path, name: str, expected: str, limits: FileSystem
) -> None:
    """Given a name that is hidden, not seen, or obeyed by a program, the file has another on each system."""
    assert TrialPaths(tmp_path, limits).find(name) == tmp_path / "trials" / expected


def test_short_names_on_windows(tmp_path: Path) -> None:
    """Given the short name of a hidden folder, the file has another name where short names exist."""
    assert TrialPaths(tmp_path, WINDOWS).find("git~1/x") == tmp_path / "trials" / "git%7E1" / "x"
    assert TrialPaths(tmp_path).find("git~1/x") == tmp_path / "trials" / "git~1" / "x"


@pytest.mark.parametrize("limits", [FileSystem(), MAC, WINDOWS])
def test_no_two_names_are_one_file(tmp_path: Path, limits: FileSystem) -> None:
    """Given names that look like encoded names of others, each has a path of its own."""
    names = {".", "..", ".x", "HEAD", "head", "%", "\u202e", "\x85", "%E2%80%AE", "\\", "x.", "\u200c.x"}
    for _ in range(3):
        names |= {TrialPaths(tmp_path, limits).find(name).name for name in names}
        names |= {name.replace("%", "%25", 1) for name in names}

    assert len({TrialPaths(tmp_path, limits).find(name) for name in names}) == len(names)


def test_an_export_of_an_earlier_release(
    stack_world: StudyWorld, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an export with hidden files, the next run renames them without fetching them again."""
    stack_world.get()
    for name in ("u/.git/config", "u/%2Egit/config", "HEAD", "%48EAD", "u/plain", "u/.gone"):
        put_trial(stack_world, name, name)
    with monkeypatch.context() as earlier:
        earlier.setattr(TrialPaths, "_encode", TrialPaths._encode_earlier)
        earlier.setattr(ExportStore, "note_plain_names", lambda _: None)
        export(run, out)
    assert {"u/.git/config", "HEAD", "%48EAD"} <= set(list_files(out))
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/u/.gone")
    renamed = {
        "u/%2Egit/config": "u/.git/config",
        "u/%252Egit/config": "u/%2Egit/config",
        "%48EAD": "HEAD",
        "%2548EAD": "%48EAD",
        "u/plain": "u/plain",
    }

    report = export(run, out)

    assert report["fetched"]["trials"] == 0
    assert list_files(out) == renamed | {"u/%2Egone": "u/.gone"}
    assert not (out / "trials" / "u" / ".git").exists()
    export(run, out, "--prune")
    assert list_files(out) == renamed


def test_a_repository_of_the_researcher_stays(stack_world: StudyWorld, run: Run, out: Path) -> None:
    """Given a researcher's own .git in trials/, and recorded files of that name, it stays as it is."""
    stack_world.get()
    put_trial(stack_world, ".git/config", "theirs")
    export(run, out)
    own = out / "trials" / ".git" / "config"
    own.parent.mkdir()
    own.write_text("own")

    export(run, out)

    assert list_files(out) == {".git/config": "own", "%2Egit/config": "theirs"}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("folder", ["", "u/", ".git/", "u/.git/"])
def test_trials_are_no_repository(stack_world: StudyWorld, run: Run, out: Path, folder: str) -> None:
    """Given recorded files that make up a repository of git, git in the export runs no program of theirs."""
    stack_world.get()
    mark = out.with_name("ran")
    config = f'[core]\n\trepositoryformatversion = 0\n\tworktree = "."\n\tfsmonitor = "touch {mark}; false"\n'
    files = {"HEAD": "ref: refs/heads/main\n", "config": config, "objects/x": "x", "refs/x": "x"}
    for name, text in files.items():
        put_trial(stack_world, f"{folder}{name}", text)
    export(run, out)

    for place in {folder.split(".git")[0], ""}:
        subprocess.run(["git", "status"], cwd=out / "trials" / place, capture_output=True, check=False)

    assert not mark.exists()
