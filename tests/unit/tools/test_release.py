"""The release command, on a git repository of its own."""

import re
import subprocess
import tomllib

import pytest
import yaml

from tools import release
from tools.check_prose import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-30

### Added

- A thing.

## [1.2.2] - 2026-11-01

- Older.

[1.2.3]: https://example.org
"""
FILES = {
    "pyproject.toml": '[project]\nversion = "1.2.3"\n',
    "CITATION.cff": "version: 1.2.3\ndate-released: 2026-11-30\n",
    "CHANGELOG.md": CHANGELOG,
}


@pytest.fixture
def repository(tmp_path):
    """Return a clean repository on main that is ready for the release of 1.2.3."""
    git(tmp_path, "init", "-q", "-b", "main")
    for name, value in {"user.name": "A", "user.email": "a@example.org", "commit.gpgsign": "false"}.items():
        git(tmp_path, "config", name, value)
    commit(tmp_path, FILES)
    return tmp_path


def git(repository, *arguments):
    """Return what a git command prints."""
    done = subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(repository, files):
    """Commit files, given as name -> text."""
    for name, text in files.items():
        (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "-q", "-m", "Change")


def run_release(repository, version="1.2.3", gate="true"):
    """Run the command on the repository and return its exit code."""
    return release.main([version, "--root", str(repository), "--gate", gate])


def test_ready_version_is_tagged(repository, capsys):
    """Given a version that is ready, it is tagged with its changes, and the push command is printed."""
    assert run_release(repository) == 0

    assert "git push origin main v1.2.3" in capsys.readouterr().out
    assert git(repository, "cat-file", "-t", "v1.2.3") == "tag"
    assert git(repository, "rev-parse", "v1.2.3^{commit}") == git(repository, "rev-parse", "main")
    message = git(repository, "tag", "--list", "--format=%(contents)", "v1.2.3")
    assert message == "Release 1.2.3\n\n### Added\n\n- A thing."


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"pyproject.toml": '[project]\nversion = "1.2.2"\n'}, "pyproject.toml has version 1.2.2"),
        ({"CITATION.cff": "version: 1.2.2\ndate-released: 2026-11-30\n"}, "CITATION.cff has another version"),
        ({"CITATION.cff": "version: 1.2.3\ndate-released: 2026-11-29\n"}, "CITATION.cff has another date"),
        ({"CHANGELOG.md": CHANGELOG.replace("1.2.3", "1.2.4")}, "has no changes for 1.2.3"),
        ({"CHANGELOG.md": CHANGELOG.replace("### Added\n\n- A thing.\n", "")}, "has no changes for 1.2.3"),
        ({"CHANGELOG.md": CHANGELOG.replace(" - 2026-11-30", "")}, "has no date for 1.2.3"),
        ({"CHANGELOG.md": CHANGELOG.replace("2026-11-30", "soon")}, "has no date for 1.2.3"),
    ],
)
def test_files_that_disagree_prevent_the_release(repository, capsys, files, problem):
    """Given a file with another version, no changes or no date, the release is refused with the reason."""
    commit(repository, files)

    assert run_release(repository) == 1
    assert problem in capsys.readouterr().err
    assert git(repository, "tag") == ""


def test_every_problem_is_reported_at_once(repository, capsys):
    """Given a changed tree on another branch with an existing tag, all three are reported."""
    git(repository, "tag", "v1.2.3")
    git(repository, "switch", "-q", "-c", "other")
    (repository / "new").write_text("", encoding="utf-8")

    assert run_release(repository) == 1
    problems = capsys.readouterr().err
    assert all(part in problems for part in ("has changes", "branch is other", "tag v1.2.3 exists"))


@pytest.mark.parametrize(("gate", "problem"), [("false", "`false` failed"), ("touch new", "changed files")])
def test_gate_must_pass_and_leave_the_tree_clean(repository, capsys, gate, problem):
    """Given a gate that fails or changes files, nothing is tagged."""
    assert run_release(repository, gate=gate) == 1
    assert problem in capsys.readouterr().err
    assert git(repository, "tag") == ""


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3rc1", "01.2.3"])
def test_version_has_three_numbers(repository, version):
    """Given anything but three numbers, the command exits with a usage error."""
    with pytest.raises(SystemExit, match="2"):
        run_release(repository, version)


def test_files_of_this_project_agree():
    """Given this project, pyproject.toml, CITATION.cff and the newest section of CHANGELOG.md agree."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert release.check_files(ROOT, version) == []
    assert re.findall(r"^## \[(\d\S*)\]", changelog, re.MULTILINE)[0] == version


def test_citation_has_the_required_fields():
    """Given CITATION.cff, it has the fields that Citation File Format 1.2.0 requires, and known ones only."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert all({"name"} == author.keys() for author in citation["authors"])
    assert citation["license"] == "MIT"
    assert citation["type"] == "software"
