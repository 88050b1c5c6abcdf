"""Names of recorded files that the file system of an export cannot hold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.exports.paths import FileSystem, TrialPaths, examine_file_system, fold_name
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
