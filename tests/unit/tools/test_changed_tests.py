"""The choice of tests for `make test-changed`: by imports, by fixtures, by folders."""

import subprocess
from pathlib import Path

import pytest

from tools import changed_tests
from tools.changed_tests import choose, list_changed, read_imports

SOURCES = {
    "layer/hippo/ids.py": "",
    "layer/hippo/studies/__init__.py": "",
    "layer/hippo/studies/links.py": "from hippo import ids\n",
    "layer/hippo/journey/visit.py": "from hippo.studies.links import sign\n",
    "functions/next_step/app.py": "from hippo.journey import visit\n",
    "hippo_cli/app.py": "def run():\n    import hippo.ids\n",
    "tests/conftest.py": "import hippo.ids\n",
    "tests/support/world.py": "import hippo.journey.visit\n",
    "tests/unit/layer/test_ids.py": "from hippo.ids import read\n",
    "tests/unit/layer/studies/test_links.py": "import hippo.studies.links\n",
    "tests/unit/layer/journey/conftest.py": "from tests.support.world import World\n",
    "tests/unit/layer/journey/test_waiting.py": "",
    "tests/unit/cli/test_app.py": "from hippo_cli import app\n",
    "tests/functional/next_step/test_links.py": "",
    "tests/e2e/test_options.py": "from hippo.studies.links import sign\n",
}


@pytest.mark.parametrize(
    ("changed", "chosen"),
    [
        ("layer/hippo/studies/links.py", ["tests/functional", "tests/unit/layer/journey"]),
        ("hippo_cli/app.py", ["tests/unit/cli/test_app.py"]),
        ("tests/support/world.py", ["tests/unit/layer/journey"]),
    ],
)
def test_importers_are_chosen(changed: str, chosen: list[str]) -> None:
    """Given a changed module, the tests that import it run, through handlers and fixtures too."""
    direct = ["tests/unit/layer/studies/test_links.py"] if "links" in changed else []

    assert choose(SOURCES, [changed]) == [*chosen, *direct]


def test_packages_above_a_module_count() -> None:
    """Given a changed __init__.py, the tests of the modules inside its package run."""
    assert "tests/unit/layer/studies/test_links.py" in choose(SOURCES, ["layer/hippo/studies/__init__.py"])


def test_imports_inside_functions_count() -> None:
    """Given an import inside a function, a change of the imported module chooses that function's tests."""
    assert "tests/unit/cli/test_app.py" in choose(SOURCES, ["layer/hippo/ids.py"])


def test_slow_tests_are_chosen_by_request() -> None:
    """Given an end-to-end test that imports a changed module, only --all chooses it."""
    slow = "tests/e2e/test_options.py"

    assert slow not in choose(SOURCES, ["layer/hippo/studies/links.py"])
    assert slow in choose(SOURCES, ["layer/hippo/studies/links.py"], everything=True)


@pytest.mark.parametrize(
    ("changed", "chosen"),
    [
        ("tests/e2e/test_options.py", ["tests/e2e/test_options.py"]),
        ("web/main.js", ["tests/browser", "tests/unit/web"]),
        ("template.yaml", ["tests/permissions", "tests/template"]),
        ("functions/next_step/requirements.txt", ["tests/functional"]),
        ("tests/conftest.py", ["tests/contract", "tests/functional", "tests/unit"]),
        (".gitignore", []),
    ],
)
def test_files_choose_their_folders(changed: str, chosen: list[str]) -> None:
    """Given a changed file that nothing imports, the tests run that read it or are in it."""
    assert choose(SOURCES, [changed]) == chosen


def test_a_deleted_test_is_not_run() -> None:
    """Given a test module that the change deletes, it is not chosen."""
    assert choose(SOURCES, ["tests/unit/test_gone.py"]) == []


def test_nothing_runs_twice() -> None:
    """Given a folder and a test inside it, the folder alone is chosen."""
    changed = ["tests/functional/next_step/test_links.py", "events/sns.json"]

    assert choose(SOURCES, changed) == ["tests/functional"]


def test_relative_imports_are_read() -> None:
    """Given relative imports, they are resolved from the package of the module."""
    text = "from . import a\nfrom ..b import c\n"

    assert set(read_imports("p/q/m.py", text)) >= {"p.q.a", "p.b", "p.b.c"}


def test_every_kind_of_change_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given commits, edits and new files on a branch, all of them are changes and main's commits are not."""
    monkeypatch.setattr(changed_tests, "ROOT", tmp_path)

    def git(*words: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name)
        git("add", name)
        git("commit", "-m", name)

    git("init", "-b", "main")
    commit("base")
    commit("edited")
    git("checkout", "-b", "branch")
    commit("committed")
    git("checkout", "main")
    commit("of-main")
    git("checkout", "branch")
    (tmp_path / "edited").write_text("other text")
    (tmp_path / "new").write_text("")

    assert list_changed("main") == {"committed", "edited", "new"}
    assert list_changed("no-such-branch") == {"edited", "new"}
