"""The layout that the documentation promises: thin handlers, AWS calls in one package, no dependency besides
boto3."""

import ast
import sys

import pytest
from template_file import FUNCTIONS, ROOT

LAYER = ROOT / "layer" / "hippo"
MODULES = sorted(LAYER.rglob("*.py"))
# settings.py takes the environment as an argument; only the handlers read it.
AWS_LIBRARIES = {"boto3", "botocore"}


def imported_modules(path):
    """Return the dotted names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported_packages(path):
    """Return the top-level packages that a file imports."""
    return {name.split(".")[0] for name in imported_modules(path)}


def find_importers(folder, *packages):
    """Return the files below a folder that import one of these packages, with the names that they import."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(folder.rglob("*.py"))
        for name in sorted(imported_modules(path))
        if any(f"{name}.".startswith(f"{package}.") for package in packages)
    ]


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_handler_is_an_entry_point_only(folder):
    """Given a handler, it is shorter than 60 lines and defines lambda_handler."""
    text = (ROOT / "functions" / folder / "app.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "def lambda_handler(" in text


def test_code_on_lambda_needs_only_boto3():
    """Given the handlers and the layer, they import only the standard library, boto3 and each other."""
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
    """Given the layer, only layer/hippo/aws imports boto3, and no module reads the environment."""
    outside = [path for path in MODULES if path.parent != LAYER / "aws"]
    assert [p.name for p in outside if imported_packages(p) & AWS_LIBRARIES] == []
    assert [p.name for p in MODULES if "os" in imported_packages(p)] == []


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("records", ("hippo.journey", "hippo.servers")),
        ("studies", ("hippo.journey", "hippo.servers")),
        ("journey", ("hippo.servers",)),
        ("servers", ("hippo.journey",)),
        ("deployment", ("hippo.journey", "hippo.servers")),
        ("aws", ("hippo.records", "hippo.studies", "hippo.journey", "hippo.servers", "hippo.deployment")),
        ("", ("functions", "hippo_cli", "hippo_local")),
    ],
)
def test_packages_import_only_packages_below_them(package, forbidden):
    """Given a package of the layer, it imports no package above it or on its level (ARCHITECTURE.md)."""
    folder = LAYER / package
    assert list(folder.glob("*.py"))
    assert find_importers(folder, *forbidden) == []


def test_packages_of_the_layer_are_the_ones_with_rules():
    """Given the packages of the layer, the rules above cover each of them."""
    names = {path.name for path in LAYER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert names == {"records", "studies", "journey", "servers", "deployment", "aws"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(LAYER).as_posix())
def test_module_says_what_it_is_for(path):
    """Given a module, it has a docstring, and so has each of its public functions and classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [n for n in ast.walk(tree) if isinstance(n, kinds) and not n.name.startswith("_")]
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    inner = {c for n in functions for c in ast.walk(n) if c is not n}
    assert [n.name for n in public if n not in inner and not ast.get_docstring(n)] == []
