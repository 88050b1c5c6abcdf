"""Tests of advice about a missing file when one with a similar name exists."""

from pathlib import Path

import pytest

from hippo_cli.findings import Finding, Severity
from hippo_cli.study_folder import StudyFolder
from hippo_cli.yaml_file import read_yaml
from hippo_local.study import StudyError, read_study
from tests.unit.cli.conftest import SmallStudy


def rename(study: SmallStudy, old: str, new: str) -> None:
    """Rename a file of the study."""
    (study.directory / old).rename(study.directory / new)


def find_error(study: SmallStudy) -> Finding:
    """Return the only error."""
    (found,) = [found for found in study.check() if found.severity is Severity.ERROR]
    return found


@pytest.mark.parametrize(
    "name",
    ["consent.html.txt", "consent.htm", "Consent.htm", "consent .html", "con_sent.html", "CONSENT.HTML.TXT"],
)
def test_a_page_under_a_similar_name(study: SmallStudy, name: str) -> None:
    """Given a page whose name differs in its ending, case or spaces, the error names the file to rename."""
    rename(study, "StepFiles/consent.html", f"StepFiles/{name}")

    found = find_error(study)

    assert (found.file, found.line, found.what) == ("config.yml", 8, "StepFiles/consent.html is missing")
    assert found.fix.startswith(f"Rename {name} to consent.html")


def test_a_page_in_a_subfolder(study: SmallStudy) -> None:
    """Given a page in a subfolder, the error names it."""
    (study.directory / "StepFiles/pages").mkdir()
    rename(study, "StepFiles/consent.html", "StepFiles/pages/consent.html")

    assert find_error(study).fix == "Rename pages/consent.html to consent.html."


def test_a_page_whose_case_differs(study: SmallStudy) -> None:
    """Given a page whose name differs in case only, the advice is to write that name."""
    rename(study, "StepFiles/consent.html", "StepFiles/Consent.html")

    assert find_error(study).fix == "Write Consent.html: upper and lower case must match."


@pytest.mark.parametrize("name", ["config.yaml", "Config.yml", "config.yml.txt", "CONFIG.YAML"])
def test_a_config_under_a_similar_name(study: SmallStudy, name: str) -> None:
    """Given a config under another name, the error says to rename it."""
    rename(study, "config.yml", name)

    found = find_error(study)

    assert (found.file, found.what) == ("config.yml", "config.yml is missing")
    assert found.fix.startswith(f"Rename {name} to config.yml")


@pytest.mark.parametrize("name", ["stepfiles", "Step_Files", "Step Files"])
def test_step_files_under_a_similar_name(study: SmallStudy, name: str) -> None:
    """Given a folder whose name differs in case or spaces, the error says to rename it."""
    rename(study, "StepFiles", name)

    assert find_error(study).fix == f"Rename {name} to StepFiles."


@pytest.mark.parametrize("name", ["dockerfile", "Dockerfile.txt"])
def test_a_dockerfile_under_a_similar_name(study: SmallStudy, name: str) -> None:
    """Given a Dockerfile under another name, the error says to rename it."""
    rename(study, "Dockerfile", name)

    found = find_error(study)

    assert found.code == "dockerfile-missing"
    assert found.fix.startswith(f"Rename {name} to Dockerfile")


@pytest.mark.parametrize("name", ["car.png.txt", "Car .png"])
def test_media_under_a_similar_name(study: SmallStudy, name: str) -> None:
    """Given a picture whose name differs in its ending or spaces, the error says to rename it."""
    study.page('<img src="car.png">')
    study.write(f"StepFiles/{name}", b"\x89PNG\r\n\x1a\n")

    found = find_error(study)

    assert (found.code, found.file, found.line) == ("media-missing", "StepFiles/consent.html", 1)
    assert found.fix.startswith(f"Rename {name} to car.png")


def test_nothing_similar(study: SmallStudy) -> None:
    """Given no similar file, the advice is to put the file in place."""
    (study.directory / "StepFiles/consent.html").unlink()

    assert find_error(study).fix == "Put it into StepFiles/."


def test_the_local_platform_says_it_too(study: SmallStudy) -> None:
    """Given files under similar names, the local platform's error names them."""
    rename(study, "StepFiles/consent.html", "StepFiles/Consent.html")
    study.write("local.yaml", "images:\n  small: [python, App/server.py]\n")

    with pytest.raises(StudyError) as caught:
        read_study(study.directory)

    assert "Write Consent.html" in str(caught.value)
    assert "Rename local.yaml to local.yml" in str(caught.value)


def test_a_missing_file_in_a_missing_folder(tmp_path: Path) -> None:
    """Given a folder that does not exist, the finding is that the file is missing."""
    (found,) = read_yaml(tmp_path / "none/config.yml", "config.yml").findings

    assert found.code == "file-missing"
    assert StudyFolder(tmp_path).project == {}


def test_a_picture_with_the_folder_before_its_name(study: SmallStudy) -> None:
    """Given a picture that a page names with the folder's own name, the advice is what to write."""
    study.write("StepFiles/car.png", b"\x89PNG\r\n\x1a\n")
    study.page("<img src='StepFiles/car.png'>")

    assert find_error(study).fix == "Write car.png."


def test_a_page_that_is_a_link_out_of_the_study(study: SmallStudy, tmp_path: Path) -> None:
    """Given a page that is a link to a file elsewhere, the advice is not to rename it to its own name."""
    outside = tmp_path / "consent.html"
    outside.write_text("<p>x</p>", encoding="utf-8")
    (study.directory / "StepFiles/consent.html").unlink()
    (study.directory / "StepFiles/consent.html").symlink_to(outside)

    assert find_error(study).fix == "Put it into StepFiles/."
    assert any("a link to a file outside" in found.what for found in study.check())
