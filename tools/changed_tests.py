"""Print the tests that a change touches, one path per line: what `make test-changed` runs.

The change is everything since the merge base with a branch (`main`), uncommitted and new files included.
A test module is chosen if it, or a `conftest.py` above it, imports a changed module. Imports through other
modules of the repository count. Files that nothing imports choose the folders that `FOLDERS` names.

Only the quick suites are chosen this way. The slow ones (a browser, a whole platform) are chosen by a change
of their own files and by `FOLDERS`. `--all` chooses them by their imports too.
"""

import argparse
import ast
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("tests/unit/", "tests/functional/", "tests/contract/", "tests/template/")
SOURCES = ("layer", "functions", "hippo_cli", "hippo_game", "hippo_local", "bench", "tools", "tests")
# The folders from which modules are imported, besides the repository itself (pyproject.toml, pythonpath).
IMPORT_ROOTS = ("layer/", "tests/template/")
# The readers of files that are not imported, by a pattern of paths. Affected handlers count as changed.
FOLDERS: dict[str, tuple[str, ...]] = {
    "functions/*": ("tests/functional",),
    "events/*": ("tests/functional",),
    "template.yaml": ("tests/template", "tests/permissions"),
    "samconfig.toml": ("tests/template",),
    "tools/accepted_findings.yaml": ("tests/template",),
    "web/*": ("tests/unit/web", "tests/browser"),
    "examples/*": ("tests/unit/example", "tests/unit/cli", "tests/unit/local"),
    "docs/*": ("tests/template", "tests/unit/cli", "tests/unit/layer/studies"),
    "*.md": ("tests/template",),
    "Makefile": ("tests/template",),
    "pyproject.toml": ("tests/unit", "tests/functional", "tests/template"),
    "requirements/*": ("tests/unit", "tests/functional", "tests/contract", "tests/template"),
    "tests/conftest.py": ("tests/unit", "tests/functional", "tests/contract"),
}


def read_imports(path: str, text: str) -> Iterator[str]:
    """Yield the dotted names that a module imports, those inside functions too."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def name_modules(paths: Iterable[str]) -> dict[str, str]:
    """Return the path of each module by every dotted name that it can be imported by."""
    names = {}
    for path in paths:
        for root in ("", *IMPORT_ROOTS):
            if path.startswith(root):
                short = path.removeprefix(root).removesuffix(".py").removesuffix("/__init__")
                names[short.replace("/", ".")] = path
    return names


def build_graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the modules that import a module, by path, from the text of every module."""
    names = name_modules(sources)
    importers: dict[str, set[str]] = {}
    for path, text in sources.items():
        for name in read_imports(path, text):
            parts = name.split(".")
            # The packages above a module run when it is imported.
            for end in range(1, len(parts) + 1):
                if found := names.get(".".join(parts[:end])):
                    importers.setdefault(found, set()).add(path)
    return importers


def find_affected(importers: Mapping[str, set[str]], changed: Iterable[str]) -> set[str]:
    """Return the changed paths and every module that imports one of them, directly or not."""
    affected, fresh = set(), set(changed)
    while fresh:
        affected |= fresh
        fresh = {path for one in fresh for path in importers.get(one, ())} - affected
    return affected


def is_test(path: str) -> bool:
    """Return whether a path is a test module."""
    return path.startswith("tests/") and fnmatchcase(PurePosixPath(path).name, "test_*.py")


def list_folders(changed: Iterable[str], affected: Iterable[str]) -> set[str]:
    """Return the folders whose tests read a changed file, or use a fixture or a handler that is affected."""
    handlers = [path for path in affected if path.startswith("functions/")]
    fixtures = [path for path in affected if path.endswith("/conftest.py") and path != "tests/conftest.py"]
    folders = {str(PurePosixPath(path).parent) for path in fixtures}
    for path in (*changed, *handlers):
        for pattern, chosen in FOLDERS.items():
            folders |= set(chosen) if fnmatchcase(path, pattern) else set()
    return folders


def choose(sources: Mapping[str, str], changed: Iterable[str], everything: bool = False) -> list[str]:
    """Return the test folders and test modules to run, none of them twice."""
    changed = set(changed)
    affected = find_affected(build_graph(sources), changed)
    tests = {path for path in affected if is_test(path) and path in sources}
    own = {path for path in tests if path in changed}
    named = list_folders(changed, ())
    folders = list_folders(changed, affected)
    if not everything:
        tests = {path for path in tests if path.startswith(QUICK)} | own
        folders = {folder for folder in folders if f"{folder}/".startswith(QUICK)} | named
    chosen = tests | folders
    return sorted(
        path for path in chosen if not any(f"{path}/".startswith(f"{one}/") for one in chosen - {path})
    )


def list_changed(branch: str) -> set[str]:
    """Return the paths that differ from the merge base with a branch, or from HEAD without such a branch."""
    base = run_git("merge-base", "HEAD", branch) or ["HEAD"]
    new = run_git("ls-files", "--others", "--exclude-standard")
    return {*run_git("diff", "--name-only", "--no-renames", base[0]), *new}


def run_git(*words: str) -> list[str]:
    """Return the lines that git prints; none if it fails."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def read_sources() -> dict[str, str]:
    """Return the text of every Python file of the repository, by its path."""
    files = (path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def main() -> None:
    """Print what to run; nothing if the change touches no test."""
    parser = argparse.ArgumentParser(description="Print the tests that a change touches.")
    parser.add_argument(
        "--against", default="main", metavar="BRANCH", help="what the change is compared with"
    )
    parser.add_argument("--all", action="store_true", help="choose slow tests by their imports too")
    arguments = parser.parse_args()
    print("\n".join(choose(read_sources(), list_changed(arguments.against), arguments.all)))  # noqa: T201


if __name__ == "__main__":
    main()
