"""Tests of the distribution, which holds the tool and its data and works outside a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hippo_cli.image.game_wheel import build_wheel
from tests.support.paths import ROOT

FOLDERS = {
    "layer/hippo": "hippo",
    "hippo_cli": "hippo_cli",
    "hippo_game": "hippo_game",
    "hippo_local": "hippo_local",
    "examples/mountain_car": "hippo_cli/example",
    "functions": "hippo_local/deployment/functions",
    "web": "hippo_local/deployment/web",
}
# As with a plain `pip install .`: boto3, typer and their dependencies, without the extras.
SCRIPT = """
import sys
sys.modules["ministack"] = None
sys.path.insert(0, sys.argv.pop(1))
from hippo_cli import app
assert app.__file__.startswith(sys.path[0]), app.__file__
app.main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and unpack the distribution as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def list_files(folder: Path) -> set[str]:
    """Return all files below a folder, without caches."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in paths}


def test_distribution_is_complete(installed: Path) -> None:
    """Given the wheel, it holds each folder completely and the template, and no tests, secrets or data."""
    for source, target in FOLDERS.items():
        assert list_files(ROOT / source) <= list_files(installed / target), source
    names = list_files(installed)
    assert "hippo_local/deployment/template.yaml" in names
    assert not [name for name in names if name.endswith((".pem", ".env", ".pyc")) or name.startswith("tests")]


def test_wheel_of_the_game_library_is_the_same_from_the_distribution(installed: Path) -> None:
    """Given only the unpacked wheel, it builds the same bytes of hippo_game as a checkout does."""
    script = (
        f"import sys; sys.path[:0] = [{str(installed)!r}]\n"
        "from hippo_cli.image import game_wheel\n"
        f"assert game_wheel.__file__.startswith({str(installed)!r})\n"
        "sys.stdout.buffer.write(game_wheel.build_wheel())"
    )
    made = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=installed)

    assert made.stdout == build_wheel()


def test_new_and_check_work_from_the_distribution(installed: Path, tmp_path: Path) -> None:
    """Given only the unpacked wheel, it creates and checks a study, and `local` names its extra."""
    command = [sys.executable, "-c", SCRIPT, str(installed)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    made = run("new", "mine", "--yes", "--researcher", "Ada")
    checked = run("check", "mine", "--strict")
    local = run("local", "mine")

    assert (made.returncode, checked.returncode, local.returncode) == (0, 0, 4), made.stderr + checked.stderr
    assert "mine can be published: 0 errors, 0 warnings" in checked.stdout
    assert "is not installed" in local.stderr
