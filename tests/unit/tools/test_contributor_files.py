"""The files for contributors: they parse, and name what exists."""

import re

import pytest
import yaml

from tools.check_prose import ROOT

HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
FORMS = sorted(path.name for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
GUIDES = ("CONTRIBUTING.md", "RELEASING.md")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hook_runs_a_tool_of_make_check(hook):
    """Given a hook of pre-commit, make check runs the same tool."""
    tool = hook["entry"].removeprefix(".venv/bin/").split(" --")[0]

    assert f"$(BIN)/{tool}" in MAKEFILE
    assert hook["language"] == "system"


@pytest.mark.parametrize("name", FORMS)
def test_issue_form_has_what_github_requires(name):
    """Given an issue form, it has a name, a description, and fields with labels and ids of their own."""
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / name).read_text(encoding="utf-8"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]

    assert form["name"]
    assert form["description"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields) > 0


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_names_targets_that_exist(guide):
    """Given a guide, each make target that it names exists."""
    targets = set(
        re.findall(r"(?:`|^ *)make ([a-z][a-z-]*)", (ROOT / guide).read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert targets <= set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
    assert targets


def test_every_folder_of_tests_is_described():
    """Given the folders of tests, CONTRIBUTING.md has a row for each of them."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {path.name for path in (ROOT / "tests").iterdir() if list(path.rglob("test_*.py"))}

    assert set(re.findall(r"^\| `tests/(\w+)` \|", guide, re.MULTILINE)) == folders


def test_the_command_for_one_test_names_one():
    """Given the command that runs one test, that test exists."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path, name in re.findall(r"pytest (tests/\S+\.py)(?:::(\w+))?", guide):
        assert f"def {name}" in (ROOT / path).read_text(encoding="utf-8")
