"""Paths of what the platform deploys and of its own files, in a checkout or an installed package."""

import os
import shutil
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent  # the checkout, or the directory that the packages are installed in
IS_CHECKOUT = (_ROOT / "template.yaml").is_file()
EXAMPLE = _ROOT / ("examples/mountain_car" if IS_CHECKOUT else "hippo_cli/example")


def find_directory() -> Path:
    """Return the directory for outputs.json, logs and data: in the checkout, or the user's data directory."""
    if IS_CHECKOUT:
        return _ROOT / ".local"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "hippo-gym"


def find_repository(directory: Path) -> Path:
    """Return the folder of template.yaml and its sources: the checkout, or a copy assembled in `directory`.

    An installed distribution holds the layer as an ordinary package, and its folder may be read-only.
    """
    if IS_CHECKOUT:
        return _ROOT
    target = directory / "deployment"
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(_PACKAGE / "deployment", target, ignore=ignored)
    shutil.copytree(_ROOT / "hippo", target / "layer" / "hippo", ignore=ignored)
    return target


def find_lambda_python(repository: Path) -> Path:
    """Return the functions' interpreter: one with boto3 only, so that any other dependency fails at once.

    An installed package has only this interpreter, which has everything that the functions import.
    """
    return repository / ".venv-lambda" / "bin" / "python" if IS_CHECKOUT else Path(sys.executable)
