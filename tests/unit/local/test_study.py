"""Tests of reading a study folder, and of reporting all its problems at once."""

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from hippo_local.study import StudyError, read_study


def _write_study(folder: Path, **project_changes: Any) -> Path:
    project = {
        "id": "my_study",
        "name": "My study",
        "steps": {1: "consent.html", 2: "game", "finalStep": "thanks.html"},
        "events": {"startServerStep": 1, "stopServerStep": 3},
        "maxRuntime": 30,
        **project_changes,
    }
    project = {key: value for key, value in project.items() if value is not ...}
    (folder / "StepFiles").mkdir()
    (folder / "App").mkdir()
    (folder / "config.yml").write_text(yaml.safe_dump({"project": project, "trial": {"game": "x"}}))
    (folder / "local.yml").write_text("images:\n  my_study: [python, App/server.py]\n")
    (folder / "App" / "server.py").write_text("")
    for page in ("consent.html", "thanks.html"):
        (folder / "StepFiles" / page).write_text(f"<p>{page} ü</p>", encoding="utf-8")
    return folder


def _read_problems(folder: Path) -> str:
    with pytest.raises(StudyError) as caught:
        read_study(folder)
    return str(caught.value)


def test_a_complete_study_is_read(tmp_path: Path) -> None:
    """Given all files, the study has project, trial settings and pages, and `python` is this interpreter."""
    study = read_study(_write_study(tmp_path))

    assert study.project_id == "my_study"
    assert study.trial == {"game": "x"}
    assert list(study.folder.step_files) == ["consent.html", "thanks.html"]
    assert study.images == {"my_study": [sys.executable, "App/server.py"]}


def test_other_files_are_media_by_their_path(tmp_path: Path) -> None:
    """Given pictures and films in folders, they are found by their paths, without hidden files."""
    folder = _write_study(tmp_path)
    for name in (
        "car.png",
        "films/Drive One.MP4",
        "films/notes.html",
        "style.css",
        ".DS_Store",
        ".git/x.png",
    ):
        path = folder / "StepFiles" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    study = read_study(folder)

    assert list(study.folder.media_files) == ["car.png", "films/Drive One.MP4"]
    assert list(study.folder.step_files) == ["consent.html", "style.css", "thanks.html"]


def test_the_longest_id_of_the_platform_is_accepted(tmp_path: Path) -> None:
    """Given an id of 64 characters, which the platform allows, the study is read."""
    folder = _write_study(tmp_path, id="x" * 64)
    (folder / "local.yml").write_text(f"images:\n  {'x' * 64}: [python, App/server.py]\n")

    assert read_study(folder).project_id == "x" * 64


def test_a_page_in_variants_only_is_complete(tmp_path: Path) -> None:
    """Given survey-0.html instead of survey.html, a step that names survey.html is fine."""
    folder = _write_study(tmp_path, steps={1: "survey.html", "finalStep": "thanks.html"})
    (folder / "StepFiles" / "survey-0.html").write_text("<p>a</p>")

    assert read_study(folder).project_id == "my_study"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Given a path that does not exist, the message names the path and the variable that holds it."""
    problems = _read_problems(tmp_path / "nowhere")

    assert str(tmp_path / "nowhere") in problems
    assert "STUDY" in problems


@pytest.mark.parametrize("name", ["config.yml", "local.yml"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """Given a study without one of its two YAML files, the message says which."""
    folder = _write_study(tmp_path)
    (folder / name).unlink()

    assert f"{name} is missing" in _read_problems(folder)


@pytest.mark.parametrize("content", [None, "", "images:\n", "images: {}\n", "other: 1\n"])
def test_missing_commands_are_explained(tmp_path: Path, content: str | None) -> None:
    """Given no local.yml, or one without commands, the message contains what to write, which then works."""
    folder = _write_study(tmp_path, id="my-study")
    (folder / "local.yml").unlink()
    if content is not None:
        (folder / "local.yml").write_text(content)

    problems = _read_problems(folder)
    example = problems[problems.index("      images:") :].partition("    Replace")[0]
    (folder / "local.yml").write_text(textwrap.dedent(example))

    assert str(folder / "local.yml") in problems
    assert read_study(folder).images == {"my-study": [sys.executable, "App/server.py"]}


def test_broken_yaml_is_reported_with_its_line(tmp_path: Path) -> None:
    """Given a syntax error, the message names file, line and column."""
    folder = _write_study(tmp_path)
    (folder / "config.yml").write_text("project:\n  id: x\n bad indent: [\n")

    problems = _read_problems(folder)
    assert "config.yml:3: not valid YAML (column 2): " in problems


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """Given a misspelt program in local.yml, it is named before anything starts."""
    folder = _write_study(tmp_path)
    (folder / "local.yml").write_text("images:\n  my_study: [pythn, App/server.py]\n")

    assert "runs pythn, which is not on this machine" in _read_problems(folder)


@pytest.mark.parametrize("content", ["", "- a list\n", "just text\n"])
def test_a_config_that_is_not_a_mapping_is_refused(tmp_path: Path, content: str) -> None:
    """Given a config.yml that holds no keys, the message says what it should hold."""
    folder = _write_study(tmp_path)
    (folder / "config.yml").write_text(content)

    assert "config.yml must hold keys and values" in _read_problems(folder)


@pytest.mark.parametrize("key", ["id", "name", "steps", "events", "maxRuntime"])
def test_a_missing_project_key_is_named(tmp_path: Path, key: str) -> None:
    """Given a project without a key that publishing needs, the message names the key with its path."""
    folder = _write_study(tmp_path, **{key: ...})

    assert f"config.yml: `project.{key}` is missing" in _read_problems(folder)


@pytest.mark.parametrize("project_id", ["_servers", "a b", "../up", 7, "é", "x" * 65])
def test_an_id_that_cannot_be_a_key_is_refused(tmp_path: Path, project_id: object) -> None:
    """Given an id that the platform does not accept, the message names project.id and the value."""
    problems = _read_problems(_write_study(tmp_path, id=project_id))

    assert "`project.id`" in problems
    assert repr(project_id) in problems


def test_a_missing_step_file_is_named_with_its_step(tmp_path: Path) -> None:
    """Given a step whose page does not exist, the message names the page and the step."""
    problems = _read_problems(_write_study(tmp_path, steps={1: "gone.html", "finalStep": "thanks.html"}))

    assert "StepFiles/gone.html is missing" in problems
    assert "`project.steps.1`" in problems


@pytest.mark.parametrize("page", ["../config.yml", "sub/page.html", 3, None])
def test_a_step_that_is_not_a_file_name_is_refused(tmp_path: Path, page: object) -> None:
    """Given a step value that is not the plain name of a page, the message names the step."""
    problems = _read_problems(_write_study(tmp_path, steps={1: page, "finalStep": "thanks.html"}))

    assert "`project.steps.1` must be the name of a file in StepFiles/ or `game`" in problems


def test_a_page_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Given a page saved as Latin-1, the message names the page and UTF-8."""
    folder = _write_study(tmp_path)
    (folder / "StepFiles" / "consent.html").write_bytes("<p>ü</p>".encode("latin-1"))

    assert "StepFiles/consent.html is not UTF-8 text" in _read_problems(folder)


def test_an_image_that_is_not_listed_is_named(tmp_path: Path) -> None:
    """Given a local.yml without the project's own image, the message names the key to add."""
    folder = _write_study(tmp_path)
    (folder / "local.yml").write_text("images:\n  other: [python, App/server.py]\n")

    assert "local.yml: `images.my_study` is missing" in _read_problems(folder)


@pytest.mark.parametrize("command", ["", "[]", "python App/server.py", "[python, 3]"])
def test_an_image_without_a_command_is_named(tmp_path: Path, command: str) -> None:
    """Given a command that is not a list of strings, the message names the image and shows an example."""
    folder = _write_study(tmp_path)
    (folder / "local.yml").write_text(f"images:\n  my_study: {command}\n")

    problems = _read_problems(folder)
    assert "`images.my_study` must be a command" in problems
    assert "[python, App/server.py]" in problems


def test_a_missing_server_script_is_named(tmp_path: Path) -> None:
    """Given a command whose script is missing, the message names the script."""
    folder = _write_study(tmp_path)
    (folder / "App" / "server.py").unlink()

    assert "`images.my_study` runs App/server.py, which is missing" in _read_problems(folder)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Given three mistakes in two files, one message names all three."""
    folder = _write_study(tmp_path, name=..., steps={1: "gone.html", "finalStep": "thanks.html"})
    (folder / "local.yml").unlink()

    problems = _read_problems(folder)
    assert "`project.name`" in problems
    assert "gone.html" in problems
    assert "local.yml is missing" in problems
