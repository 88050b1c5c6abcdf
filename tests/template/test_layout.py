"""The layout that the documentation promises: thin handlers, one place for AWS, nothing beyond boto3."""

import ast
import sys

import pytest
from template_file import FUNCTIONS, ROOT

LAYER = ROOT / "layer" / "hippo"
MODULES = sorted(LAYER.rglob("*.py"))
# settings.py takes the environment as an argument; only the handlers read it.
AWS_LIBRARIES = {"boto3", "botocore"}


def imported_packages(path):
    """The top-level packages that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_handler_is_an_entry_point_only(folder):
    """A handler parses, calls the layer and answers, in less than 60 lines."""
    text = (ROOT / "functions" / folder / "app.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "def lambda_handler(" in text


def test_what_runs_on_lambda_needs_nothing_but_boto3():
    """Handlers and layer import the standard library, boto3 and each other; there is nothing to install."""
    files = MODULES + sorted((ROOT / "functions").rglob("*.py"))
    foreign = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in imported_packages(path) - set(sys.stdlib_module_names) - AWS_LIBRARIES - {"hippo"}
    }
    assert foreign == set()
    assert not list((ROOT / "functions").rglob("requirements.txt"))
    assert not list((ROOT / "layer").rglob("requirements.txt"))


def test_only_adapters_know_aws():
    """boto3 is imported in layer/hippo/aws and nowhere else; no module of the layer reads the environment."""
    outside = [path for path in MODULES if path.parent.name != "aws"]
    assert [p.name for p in outside if imported_packages(p) & AWS_LIBRARIES] == []
    assert [p.name for p in MODULES if "os" in imported_packages(p)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_says_what_it_is_for(path):
    """Each module begins with a docstring, and so does each public function and class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [n for n in ast.walk(tree) if isinstance(n, kinds) and not n.name.startswith("_")]
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    inner = {c for n in functions for c in ast.walk(n) if c is not n}
    assert [n.name for n in public if n not in inner and not ast.get_docstring(n)] == []
