"""Tests of links in a study's folder, which someone else may have made."""

from pathlib import Path

import pytest

from hippo_cli.image.env_file import prepare_env
from hippo_cli.publishing.written_files import write_project, write_trial
from hippo_cli.study_folder import OWN_FILES, StudyFolder
from tests.unit.cli.conftest import SmallStudy

SECRET = "db.example.org:5432:study:ada:k8sR0ckz\n"


def replace_by_link(path: Path, target: str | Path) -> None:
    """Replace a file or folder by a link."""
    if path.exists():
        path.rename(path.with_name("moved"))
    path.symlink_to(target)


@pytest.mark.parametrize("name", OWN_FILES)
def test_own_files_that_lead_outside(study: SmallStudy, tmp_path: Path, name: str) -> None:
    """Given a link to a file outside the study in place of one that publishing reads, it is an error."""
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside if name == "App" else outside / "passwords"
    if name != "App":
        target.write_text(SECRET)
    replace_by_link(study.directory / name, target)

    assert study.codes() == [("link", name, 0)]
    assert prepare_env(StudyFolder(study.directory)) == {}


@pytest.mark.parametrize(("target", "codes"), [("settings.txt", []), (".env", [("link", "image.env", 0)])])
def test_links_inside_the_study(study: SmallStudy, target: str, codes: list[tuple[str, str, int]]) -> None:
    """Given a link to another file of the study, it is as good as that file, unless that is hidden."""
    study.write(target, "LEVEL=1\n")
    replace_by_link(study.directory / "image.env", target)

    assert study.codes() == codes
    assert bool(prepare_env(StudyFolder(study.directory))) is (codes == [])


def test_rules_that_are_shared(study: SmallStudy) -> None:
    """Given .dockerignore as a link to .gitignore, which is hidden too, it is read."""
    study.write(".gitignore", "data\n")
    (study.directory / ".dockerignore").symlink_to(".gitignore")

    assert study.codes() == []


@pytest.mark.parametrize("target", [".env", "image.env", "config.yml", ".git/config", "App/.env"])
def test_pages_that_lead_to_other_files(study: SmallStudy, target: str) -> None:
    """Given a page or picture that is a link to a file that is not for participants, neither is published."""
    if target != "config.yml":
        study.write(target, "LEVEL=1\n")
    for name in ("other.html", "picture.png"):
        (study.directory / "StepFiles" / name).symlink_to(f"../{target}")

    folder = StudyFolder(study.directory)

    assert "other.html" not in folder.step_files
    assert folder.media_files == {}
    assert [name for name, _ in folder.strays] == ["other.html", "picture.png"]


def test_pages_that_are_shared(study: SmallStudy) -> None:
    """Given a picture that is a link to another folder of the study, it is published."""
    study.write("shared/picture.png", "x")
    (study.directory / "StepFiles/picture.png").symlink_to("../shared/picture.png")

    assert list(StudyFolder(study.directory).media_files) == ["picture.png"]


@pytest.mark.parametrize("name", [".projectConfig.yml", "App/.trialConfig.yml"])
@pytest.mark.parametrize("suffix", ["", ".draft"])
def test_files_that_are_written(study: SmallStudy, tmp_path: Path, name: str, suffix: str) -> None:
    """Given a link in place of a file that publishing writes, or of its draft, the link is replaced."""
    outside = tmp_path / "profile"
    outside.write_text("mine")
    (study.directory / f"{name}{suffix}").symlink_to(outside)

    write_trial(StudyFolder(study.directory), {})
    write_project(StudyFolder(study.directory), {}, {})

    assert outside.read_text() == "mine"
    assert not (study.directory / name).is_symlink()
