"""Where the platform finds what it deploys, and where its own files go: in a checkout, or installed."""

import os
import shutil
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent  # the checkout, or what the packages are installed in
IS_CHECKOUT = (_ROOT / "template.yaml").is_file()
EXAMPLE = _ROOT / ("examples/mountain_car" if IS_CHECKOUT else "hippo_cli/example")


def find_directory() -> Path:
    """Where outputs.json, logs and data go: in the checkout, else the user's own place for such data."""
    if IS_CHECKOUT:
        return _ROOT / ".local"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "hippo-gym"


def find_repository(directory: Path) -> Path:
    """The folder of template.yaml and its sources: the checkout, else one put together in `directory`.

    A distribution carries the layer as the package that it is, and may lie where nobody may write.
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
    """The functions' interpreter: one with boto3 only, so that a dependency more shows at once.

    Installed there is none but this one, which has all that they import.
    """
    return repository / ".venv-lambda" / "bin" / "python" if IS_CHECKOUT else Path(sys.executable)
