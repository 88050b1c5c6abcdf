"""Fresh interpreters with boto3 only, and the handlers as in a deployed package."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHILDREN = Path(__file__).with_name("children")
# Without publish_site, which runs when the stack is deployed: no participant waits for it.
FUNCTIONS = sorted({path.parent.name for path in ROOT.glob("functions/*/app.py")} - {"publish_site"})
# The service that each function calls first; the functions that only publish never create another client.
FIRST_SERVICE = {"send_start_server_message": "sns", "send_stop_server_message": "sns"}
_PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "ca-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def unpack_functions(tree: Path = ROOT) -> Iterator[Path]:
    """Yield a copy of the tree's layer/ and functions/, without bytecode, which is not deployed either."""
    with tempfile.TemporaryDirectory(prefix="hippo-bench-") as name:
        for folder in ("layer", "functions"):
            shutil.copytree(tree / folder, Path(name, folder), ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(name)


def find_folders(package: Path, function: str) -> list[str]:
    """Return the folders on a function's path: the layer and its own folder."""
    return [str(package / "layer"), str(package / "functions" / function)]


def run_child(
    script: str, *arguments: str, variables: Mapping[str, str] | None = None, text: str = ""
) -> str:
    """Run a script of children/ as a Lambda worker would; return the last line that it prints.

    The lines before are the handler's metrics. Raises CalledProcessError if the script fails; its error
    output goes to the terminal.
    """
    environment = {"PATH": os.environ["PATH"], **_CREDENTIALS, **(variables or {})}
    command = [str(_PYTHON), "-B", str(CHILDREN / script), *arguments]
    done = subprocess.run(command, env=environment, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]
