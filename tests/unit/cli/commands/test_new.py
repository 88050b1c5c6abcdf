"""Tests of `hippo new`, which creates a study that can be published and run."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hippo_cli.checks import check_study
from hippo_cli.new_study import NewStudy, quote, write_config
from hippo_cli.resources import find_example
from hippo_cli.study_folder import StudyFolder
from hippo_local.study import read_study

Run = Callable[..., Any]
EXAMPLE = (find_example() / "config.yml").read_text(encoding="utf-8")


def test_new_study_can_be_published_and_run(run: Run, tmp_path: Path) -> None:
    """Given answers as options, the folder passes the check, and the local platform accepts it."""
    target = tmp_path / "far" / "tree_study"
    result = run("new", target, "--yes", "--researcher", 'Ada: "A" <ada@example.org>')

    assert result.exit_code == 0, result.output
    assert check_study(StudyFolder(target)) == []
    study = read_study(target)
    assert study.project_id == "tree_study"
    assert study.project["researcher"] == 'Ada: "A" <ada@example.org>'
    assert study.project["name"] == "Tree study"
    assert study.project["consentStep"] == 1
    assert study.project["awsSetup"]["repository"] == "tree_study"
    assert "bucket" not in study.project
    assert not (target / "README.md").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["far"]


@pytest.mark.parametrize(
    "name",
    [
        "مطالعه\u200cی من",  # Persian, with a non-joiner
        "क्\u200dष",  # Hindi, with a joiner
        "👩\u200d🔬 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "Étude\u00a0: mémoire",
        "\u200fמחקר\u200f",
    ],
)
def test_names_of_any_language(run: Run, tmp_path: Path, name: str) -> None:
    """Given a name with joiners, no-break spaces or direction marks, the study keeps it as it is."""
    result = run("new", tmp_path / "tree", "--yes", "--researcher", name, "--name", name)

    assert result.exit_code == 0, result.output
    project = StudyFolder(tmp_path / "tree").project
    assert (project["name"], project["researcher"]) == (name, name)
    assert check_study(StudyFolder(tmp_path / "tree")) == []


@pytest.mark.parametrize("name", ["a\x07", "a\u2028b", "a\tb", "a\x85", "\ud800", "\uffff"])
def test_names_that_are_not_a_line_of_text(run: Run, tmp_path: Path, name: str) -> None:
    """Given a control character, a line end or half a character, the name is refused."""
    result = run("new", tmp_path / "tree", "--yes", "--researcher", "Ada", "--name", name)

    assert result.exit_code == 2
    assert not (tmp_path / "tree").exists()


def test_questions_are_asked(run: Run, tmp_path: Path) -> None:
    """Given an invalid answer, the question is repeated; Enter accepts the suggestion."""
    target = tmp_path / "my study"
    result = run("new", target, "--no-consent", text="_no\nmine\n\nGrace, grace@example.org\n")

    assert result.exit_code == 0, result.output
    assert "'_no' cannot be a study's id" in result.output
    project = read_study(target).project
    assert (project["id"], project["name"], project["researcher"]) == (
        "mine",
        "Mine",
        "Grace, grace@example.org",
    )
    assert "consentStep" not in project


def test_bucket_and_region_are_written(run: Run, tmp_path: Path) -> None:
    """Given a bucket and a region, they are written where existing scripts read them."""
    options = ["--yes", "--researcher", "x", "--bucket", "my-data", "--region", "eu-west-1"]
    assert run("new", tmp_path / "x", *options).exit_code == 0

    project = read_study(tmp_path / "x").project
    assert (project["bucket"], project["awsSetup"]["bucket"], project["ssl"]["sslBucket"]) == ("my-data",) * 3
    assert project["awsSetup"]["region"] == "eu-west-1"


@pytest.mark.parametrize(
    "options",
    [
        ["--yes"],
        ["--yes", "--researcher", "x", "--id", "_x"],
        ["--yes", "--researcher", "a\nb"],
        ["--yes", "--researcher", "x", "--name", " "],
    ],
)
def test_invalid_answers(run: Run, tmp_path: Path, options: list[str]) -> None:
    """Given a wrong or missing answer without a terminal, the command exits with 2 and creates nothing."""
    assert run("new", tmp_path / "x", *options).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_no_terminal(run: Run, tmp_path: Path) -> None:
    """Given no terminal and no input, the command exits with 2, names the options, and creates nothing."""
    result = run("new", tmp_path / "x", text="")

    assert result.exit_code == 2
    assert "Cannot prompt: input is not a terminal.\nPass --yes and --researcher" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", [".", "link"])
def test_the_current_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """Given the current folder, or a link to an empty one, it is filled and stays the same folder."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    monkeypatch.chdir(tmp_path / "empty" if target == "." else tmp_path)

    result = run("new", target, "--yes", "--researcher", "Ada")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "empty" / "config.yml").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "link"]


def test_a_folder_that_is_mounted(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an empty folder on another file system than its parent, it is filled."""
    target, plain = tmp_path / "mounted", Path.rename
    target.mkdir()

    def rename(source: Path, destination: Path) -> Path:
        if target not in source.parents:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return plain(source, destination)

    monkeypatch.setattr(Path, "rename", rename)

    assert run("new", target, "--yes", "--researcher", "Ada").exit_code == 0
    assert check_study(StudyFolder(target)) == []
    assert not list(target.glob(".hippo-new-*"))


def test_a_circular_link(run: Run, tmp_path: Path) -> None:
    """Given a circular link for a folder, the command exits with 2 and leaves it unchanged."""
    (tmp_path / "x").symlink_to("x")

    assert run("new", tmp_path / "x", "--yes", "--researcher", "Ada").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_program_of_the_known_name(run: Run, tmp_path: Path) -> None:
    """Given a new study, `python updateProject.py` publishes it, or names what is missing."""
    assert run("new", tmp_path / "x", "--yes", "--researcher", "Ada").exit_code == 0
    command, options = [sys.executable, "updateProject.py", "--help"], {"cwd": tmp_path / "x"}

    complete = subprocess.run(command, **options, capture_output=True, text=True, check=False)
    bare = subprocess.run(
        [sys.executable, "-I", "-S", *command[1:]], **options, capture_output=True, text=True
    )

    assert complete.returncode == 0, complete.stderr
    assert "Publish the study in this folder" in complete.stdout
    assert bare.returncode == 1
    assert "pip install" in bare.stderr
    assert "Traceback" not in bare.stderr


def test_a_full_disk(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a disk that fills up during the copy, the command reports that in one line."""

    def fill(source: object, target: object, **_: object) -> None:
        raise shutil.Error([(source, target, "[Errno 28] No space left on device: 'x'")])

    monkeypatch.setattr(shutil, "copytree", fill)

    result = run("new", tmp_path / "x", "--yes", "--researcher", "Ada")

    assert result.exit_code == 4
    assert result.stderr == "the disk is full; free some space and run the same command again\n"


@pytest.mark.parametrize(
    ("folder", "project_id"),
    [
        ("My Study", "my_study"),
        ("a - b", "a_b"),
        ("tree-2_b", "tree-2_b"),
        ("x", "x_study"),
        ("é", "e_study"),
        ("Étude à Montréal", "etude_a_montreal"),
        ("Straße", "strasse"),
        ("Łódź ﬁsh Ærø", "lodz_fish_aero"),
        ("e\u0301tude", "etude"),
        ("Study №2 ™", "study_no2_tm"),
        ("…", "my_study"),
        ("研究", "study_4ff0f1"),
        ("研究 maze", "maze"),
    ],
)
def test_a_suggested_id_is_one_for_images(run: Run, tmp_path: Path, folder: str, project_id: str) -> None:
    """Given any folder name, the suggested id is a valid name for images."""
    assert run("new", tmp_path / folder, "--yes", "--researcher", "Ada").exit_code == 0
    study = StudyFolder(tmp_path / folder)
    assert study.project["id"] == project_id
    assert check_study(study) == []


@pytest.mark.parametrize(
    ("folder", "name"), [("étude_2-b", "Étude 2 b"), ("研究", "研究"), ("a\u0007b", "My study")]
)
def test_a_suggested_name(run: Run, tmp_path: Path, folder: str, name: str) -> None:
    """Given a folder's name with any letters, the suggested name of the study keeps them."""
    assert run("new", tmp_path / folder, "--yes", "--researcher", "Ada").exit_code == 0
    assert StudyFolder(tmp_path / folder).project["name"] == name


@pytest.mark.parametrize("folder", ["my study", "it's $HOME `x`; #1", "-rf", "tree", "研究 (2)"])
def test_the_next_steps_work_when_pasted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Given a folder name that shells would split or expand, each next step is a command for the folder."""
    monkeypatch.chdir(tmp_path)
    result = run("new", "--yes", "--researcher", "Ada", "--", folder)
    steps = [line for line in result.stdout.splitlines() if line.startswith("  ")]
    (tmp_path / "hippo").write_text('#!/bin/sh\nprintf "%s\\n" "$#" "$1" "$2"\n')
    (tmp_path / "hippo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    shown = [subprocess.run(step, shell=True, capture_output=True, text=True).stdout for step in steps]

    path = folder if folder != "-rf" else "./-rf"
    assert shown == [f"2\ncheck\n{path}\n", f"2\nlocal\n{path}\n"]


def test_a_folder_that_is_not_empty_is_unchanged(run: Run, tmp_path: Path) -> None:
    """Given a file, or a folder that is not empty, it stays unchanged, and an empty folder is filled."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    options = ["--yes", "--researcher", "x"]

    assert run("new", tmp_path / "full", *options).exit_code == 2
    assert run("new", tmp_path / "file", *options).exit_code == 2
    assert run("new", tmp_path / "empty", *options).exit_code == 0
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]
    assert (tmp_path / "file").read_text() == "mine"


def test_disk_full_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a disk that fills up halfway, the command exits with 4 and leaves no partial study."""
    monkeypatch.setattr("hippo_cli.new_study._name_image", _fill_disk)

    assert run("new", tmp_path / "x", "--yes", "--researcher", "x").exit_code == 4
    assert list(tmp_path.iterdir()) == []


def _fill_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=40))
def test_any_line_of_text_is_read_back(text: str) -> None:
    """Given any one-line text as an answer, YAML reads the same text from the config."""
    assert yaml.safe_load(quote(text)) == text
    config = yaml.safe_load(write_config(EXAMPLE, NewStudy("s1", text, text)))
    assert (config["project"]["name"], config["project"]["researcher"]) == (text, text)
