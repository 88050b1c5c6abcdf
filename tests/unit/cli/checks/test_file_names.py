"""Tests of file names whose accents are encoded differently in the config and in the folder."""

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

import pytest

from hippo_cli.study_folder import StudyFolder
from hippo_local.study import read_study
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing_world import Deployment, FakeDocker


@pytest.mark.parametrize("in_folder", ["NFC", "NFD"])
@pytest.mark.parametrize("in_config", ["NFC", "NFD"])
def test_names_are_compared_in_composed_form(study: SmallStudy, in_folder: Any, in_config: Any) -> None:
    """Given an accent as one character or as two, in either place, the file is found."""
    page, style = "présentation.html", "façade.css"
    study.write(f"StepFiles/{normalize(in_folder, page)}", "<p>a</p>")
    study.write(f"StepFiles/{normalize(in_folder, style)}", "p { color: red }")
    study.edit("1: consent.html", f"1: {normalize(in_config, page)}")
    study.edit("css: style.css", f"css: {normalize(in_config, style)}")
    for name in ("consent.html", "style.css"):
        (study.directory / "StepFiles" / name).unlink()

    assert study.check() == []
    assert {page, style} <= StudyFolder(study.directory).step_files.keys()


@pytest.mark.parametrize("in_folder", ["NFC", "NFD"])
@pytest.mark.parametrize("in_config", ["NFC", "NFD"])
def test_variants_are_found_in_either_form(study: SmallStudy, in_folder: Any, in_config: Any) -> None:
    """Given variants whose names have accents, the local platform and the check find them."""
    for number in (0, 1):
        study.write(f"StepFiles/{normalize(in_folder, f'enquête-{number}.html')}", "<p>a</p>")
    study.edit("3: thanks.html", f"3: {normalize(in_config, 'enquête.html')}")
    study.write("local.yml", "images:\n  small: [python, App/server.py]\n")

    assert study.check() == []
    assert read_study(study.directory).project_id == "small"


@pytest.mark.parametrize("in_folder", ["NFC", "NFD"])
def test_pages_are_published_under_the_composed_name(
    deployment: Deployment, docker: FakeDocker, run: Callable[..., Any], study: SmallStudy, in_folder: Any
) -> None:
    """Given a decomposed name in the folder, the page has its composed name in the bucket, and is shown."""
    study.write(f"StepFiles/{normalize(in_folder, 'présentation.html')}", "<p>Hello</p>")
    study.edit("1: consent.html", "1: présentation.html")

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == 0, result.output
    assert "small/présentation.html" in deployment.keys()  # noqa: SIM118 - a method that lists keys
    assert deployment.stack_world.get(projectId="small", userId="ada").page == "<p>Hello</p>"


def test_two_files_with_one_name(study: SmallStudy) -> None:
    """Given both forms of one name, the check warns of the file that is left out."""
    for form in ("NFC", "NFD"):
        study.write(f"StepFiles/{normalize(form, 'présentation.html')}", "<p>Hello</p>")
    study.edit("1: consent.html", "1: présentation.html")
    (study.directory / "StepFiles/consent.html").unlink()

    (found,) = study.check()

    assert found.code == "not-published"
    assert "accents" in found.what


def test_files_that_systems_leave_behind(study: SmallStudy) -> None:
    """Given the files of macOS, of an archive made there and of an open document, the check ignores them."""
    for name in ("._consent.html", ".sub/a.html", "__MACOSX/._consent.html", "~$consent.html", "sub/._a.css"):
        study.write(f"StepFiles/{name}", b"\x00\x05\x16\x07")

    assert study.check() == []
