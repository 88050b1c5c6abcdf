"""A build is used again as long as the template and everything that it deploys are the same."""

from pathlib import Path

import pytest

from hippo_local.deploy import compute_fingerprint
from hippo_local.errors import LocalPlatformError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a template, one function and a layer."""
    for name in ("template.yaml", "functions/a/app.py", "layer/hippo/b.py", "web/main.js", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["template.yaml", "functions/a/app.py", "layer/hippo/b.py", "web/main.js"])
def test_an_edit_of_what_is_deployed_makes_a_new_build(repository: Path, name: str) -> None:
    """Given an edit of the template, a function, the layer or the page, the fingerprint differs."""
    before = compute_fingerprint(repository)
    (repository / name).write_text("edited")

    assert compute_fingerprint(repository) != before


def test_a_new_source_file_makes_a_new_build(repository: Path) -> None:
    """Given one more file in a function's folder, the fingerprint differs."""
    before = compute_fingerprint(repository)
    (repository / "functions/a/more.py").write_text("")

    assert compute_fingerprint(repository) != before


@pytest.mark.parametrize("name", ["README.md", "functions/a/__pycache__/app.cpython-311.pyc"])
def test_other_files_do_not_make_a_new_build(repository: Path, name: str) -> None:
    """Given an edit of what is not deployed, or compiled files, the build is used again."""
    before = compute_fingerprint(repository)
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text("edited")

    assert compute_fingerprint(repository) == before


def test_a_repository_without_a_template_is_named(tmp_path: Path) -> None:
    """Given no template.yaml, the message names where it should be."""
    with pytest.raises(LocalPlatformError, match=r"template\.yaml is missing"):
        compute_fingerprint(tmp_path)
