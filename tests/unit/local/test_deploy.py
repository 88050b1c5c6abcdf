"""Tests of the build's fingerprint: a build is reused while the template and its sources are unchanged."""

from pathlib import Path

import pytest

from hippo_local.deploy import compute_fingerprint
from hippo_local.errors import LocalPlatformError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Create a repository with a template, a function, a layer and a page."""
    for name in ("template.yaml", "functions/a/app.py", "layer/hippo/b.py", "web/main.js", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["template.yaml", "functions/a/app.py", "layer/hippo/b.py", "web/main.js"])
def test_an_edit_of_a_source_causes_a_new_build(repository: Path, name: str) -> None:
    """Given an edit of the template, a function, the layer or the page, the fingerprint changes."""
    before = compute_fingerprint(repository)
    (repository / name).write_text("edited")

    assert compute_fingerprint(repository) != before


def test_a_new_source_file_causes_a_new_build(repository: Path) -> None:
    """Given a new file in a function's folder, the fingerprint changes."""
    before = compute_fingerprint(repository)
    (repository / "functions/a/more.py").write_text("")

    assert compute_fingerprint(repository) != before


@pytest.mark.parametrize("name", ["README.md", "functions/a/__pycache__/app.cpython-311.pyc"])
def test_other_files_do_not_cause_a_new_build(repository: Path, name: str) -> None:
    """Given an edit of a file that is not deployed, or a compiled file, the fingerprint stays the same."""
    before = compute_fingerprint(repository)
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("edited")

    assert compute_fingerprint(repository) == before


def test_a_repository_without_a_template_is_named(tmp_path: Path) -> None:
    """Given no template.yaml, the message names the missing file."""
    with pytest.raises(LocalPlatformError, match=r"template\.yaml is missing"):
        compute_fingerprint(tmp_path)
